/* What the feed says to PostgreSQL, and where its answers have what. */
#pragma once

#include "db/evidence.h"
#include "db/session.h"

#define FEED_HEADER_COLUMNS DB_EVIDENCE_COLUMNS ", pg_snapshot_xmin(pg_current_snapshot()) AS bound"
enum { FEED_HEADER_BOUND = DB_EVIDENCE_FIELDS, FEED_HEADER_FIELDS };

/* Columns of a poll: the header, the transaction, the row, and, where that is an issuer's, the
 * issuer as it is in the same snapshot. */
enum {
	FEED_POLL_XID = FEED_HEADER_FIELDS,
	FEED_POLL_ROW,
	FEED_POLL_ISSUER = FEED_POLL_ROW + DB_ROW_FIELDS,
	FEED_POLL_FIELDS = FEED_POLL_ISSUER + DB_ISSUER_FIELDS,
};

/* This plan is made once, when the log may be empty, and must serve a poll of a million rows. NOT IN is
 * always a hashed subplan, where NOT EXISTS would become a join, a nested loop for lack of rows. The
 * CASE keeps rows of certificates from looking for an issuer, the switches a poll without news from
 * reading all issuers.
 * The log is read by its index, whatever statistics say of a table that grows and is trimmed.
 * A log row with an xid that this cluster has not reached came with a dump of another one: the
 * transaction that will get this number would be taken for one already seen. */
#define FEED_SETUP                                                                                \
	DB_SESSION_SETUP                                                                          \
	"SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off;"       \
	"SET enable_mergejoin = off; SET enable_material = off;"                                  \
	"PREPARE stillgood_header AS SELECT " FEED_HEADER_COLUMNS                                 \
	", EXISTS (SELECT FROM stillgood.change_log AS l"                                         \
	" WHERE l.xid >= pg_snapshot_xmax(pg_current_snapshot())) AS is_foreign;"                 \
	"PREPARE stillgood_issuers AS SELECT " DB_ISSUER_COLUMNS " FROM stillgood.issuer AS i;"   \
	"PREPARE stillgood_poll (xid8, xid8[]) AS"                                                \
	" WITH h AS MATERIALIZED (SELECT " FEED_HEADER_COLUMNS ")"                                \
	" SELECT h.at, h.standby, h.beat, h.bound, c.xid, " DB_ROW_COLUMNS ", " DB_ISSUER_COLUMNS \
	" FROM h LEFT JOIN (SELECT l.* FROM stillgood.change_log AS l WHERE l.xid >= $1"          \
	" AND l.xid NOT IN (SELECT seen.xid FROM unnest($2) AS seen (xid))) AS c ON true"         \
	" LEFT JOIN stillgood.issuer AS i"                                                        \
	" ON i.id = CASE WHEN c.serial IS NULL THEN c.issuer END"

/* A load may take longer than a query: its deadline counts from the last bytes (connection.h). It
 * goes by the partial index certificate_notable, in the order of the table: right for a few rows out
 * of 100 million and hardly slower than a whole scan where most are revoked, and not left to
 * statistics that may not be there yet. */
#define FEED_BEGIN                                                                \
	"BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL statement_timeout = 0;" \
	"SET LOCAL enable_bitmapscan = on; SET LOCAL enable_indexscan = off"

/* Rows that once were not good are among them: a hold may have been released while we were away. */
#define FEED_ROWS_QUERY                                             \
	"SELECT " DB_ROW_COLUMNS " FROM stillgood.certificate AS c" \
	" WHERE c.status <> 0 OR c.version > 1"
#define FEED_ROWS "COPY (" FEED_ROWS_QUERY ") TO STDOUT (FORMAT binary)"

#define FEED_NO_EVIDENCE                                                                \
	"database: no evidence how current it is: on a standby, stillgood.heartbeat() " \
	"must be called on the primary"
#define FEED_FOREIGN_LOG                                                       \
	"database: its change log comes from another server (restored from a " \
	"dump): run `stillgood db upgrade` to clear it"
