/* What the feed says to PostgreSQL, and where its answers have what. */
#pragma once

#include "db/evidence.h"
#include "db/examine_sql.h"
#include "db/session.h"

/* A poll gives its records in portions of this many; one with more of them is read as a stream. */
#define FEED_PORTION 1024
#define FEED_POLL_LIMIT "1025"

/* What a load and a poll begin with: the evidence; the snapshot from which the next poll goes on
 * (window.h); does the log have what this cluster cannot know; what was deleted from it.
 *
 * A standby whose heartbeat came without a snapshot, by an UPDATE of somebody's own, goes on from the
 * oldest transaction that was open. */
#define FEED_HEADER_COLUMNS                                                               \
	DB_EVIDENCE_COLUMN                                                                \
	", CASE WHEN " DB_STANDBY " THEN coalesce(b.snapshot, format('%1$s:%1$s:',"       \
	" pg_snapshot_xmin(pg_current_snapshot()))::pg_snapshot)"                         \
	" ELSE pg_current_snapshot() END AS shown, " DB_LOG_IS_FOREIGN " AS is_foreign, " \
	"coalesce(t.times, -1) AS trims, t.highest AS trimmed"
#define FEED_HEADER_FROM DB_EVIDENCE_FROM " LEFT JOIN stillgood.change_log_trim AS t ON true"
enum {
	FEED_HEADER_SHOWN = DB_EVIDENCE_FIELDS,
	FEED_HEADER_FOREIGN,
	FEED_HEADER_TRIMS,
	FEED_HEADER_TRIMMED,
	FEED_HEADER_FIELDS
};

/* Columns of a poll: the header, the transaction and is it the one that wrote the row, the row, and,
 * where that is an issuer's, the issuer as it is in the same snapshot. */
enum {
	FEED_POLL_XID = FEED_HEADER_FIELDS,
	FEED_POLL_OWN,
	FEED_POLL_ROW,
	FEED_POLL_ISSUER = FEED_POLL_ROW + DB_ROW_FIELDS,
	FEED_POLL_FIELDS = FEED_POLL_ISSUER + DB_ISSUER_FIELDS,
};

/* The log from a snapshot on: what it had not reached, and what was open. */
#define FEED_LOG_FROM(shown)                                                     \
	"(SELECT l.*, l.xmin = l.xid::xid AS own FROM stillgood.change_log AS l" \
	" WHERE l.xid >= pg_snapshot_xmax(" shown ") UNION ALL"                  \
	" SELECT l.*, l.xmin = l.xid::xid AS own FROM stillgood.change_log AS l" \
	" WHERE l.xid = ANY (ARRAY(SELECT pg_snapshot_xip(" shown "))))"

/* Why a standby's evidence stands still: enum db_stall. What has not come yet nobody here can tell from what
 * was never sent; a link that hangs is given up by wal_receiver_timeout. A little may always have come that cannot be
 * replayed yet: the beginning of a record. */
#define FEED_STANDBY_QUERY                                                             \
	"SELECT (CASE WHEN NOT pg_is_in_recovery() THEN 0"                             \
	" WHEN pg_is_wal_replay_paused() THEN 1"                                       \
	" WHEN NOT EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 2"                   \
	" WHEN pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) >" \
	" 65536 THEN 3 ELSE 4 END)::bigint AS stall"
#define FEED_STANDBY_FIELDS 1

/* These plans are made once, when the log may be empty, and must serve one of a million rows. NOT IN is
 * always a hashed subplan, where NOT EXISTS would become a join, a nested loop for lack of rows. The
 * CASE keeps rows of certificates from looking for an issuer, the switches a poll without news from
 * reading all issuers.
 * The log is read by its index, whatever statistics say of a table that grows and is trimmed. */
#define FEED_SETUP                                                                              \
	DB_SESSION_SETUP DB_HISTORY_SETUP                                                       \
		"SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = " \
		"off;"                                                                          \
		"SET enable_mergejoin = off; SET enable_material = off;"                        \
		"PREPARE stillgood_examine AS " DB_EXAMINE_QUERY ";"                            \
		"PREPARE stillgood_standby AS " FEED_STANDBY_QUERY ";"                          \
		"PREPARE stillgood_header AS SELECT " FEED_HEADER_COLUMNS FEED_HEADER_FROM ";"  \
		"PREPARE stillgood_stream (pg_snapshot) AS SELECT " FEED_HEADER_COLUMNS         \
		", set_config('stillgood.shown', $1::text, true)" FEED_HEADER_FROM ";"          \
		"PREPARE stillgood_issuers AS SELECT " DB_ISSUER_COLUMNS                        \
		" FROM stillgood.issuer AS i;"                                                  \
		"PREPARE stillgood_poll (pg_snapshot, xid8[]) AS"                               \
		" WITH h AS MATERIALIZED (SELECT " FEED_HEADER_COLUMNS FEED_HEADER_FROM ")"     \
		" SELECT h.*, c.xid, c.own, " DB_ROW_COLUMNS ", " DB_ISSUER_COLUMNS             \
		" FROM h LEFT JOIN (SELECT l.* FROM " FEED_LOG_FROM(                            \
			"$1") " AS l"                                                           \
			      " WHERE l.xid NOT IN (SELECT seen.xid FROM unnest($2) AS seen "   \
			      "(xid))"                                                          \
			      " LIMIT " FEED_POLL_LIMIT ") AS c ON true"                        \
			      " LEFT JOIN stillgood.issuer AS i"                                \
			      " ON i.id = CASE WHEN c.serial IS NULL THEN c.issuer END"

/* A stream may take longer than a query: its deadline counts from the last bytes (connection.h).
 *
 * Locks before the snapshot: a table that is made anew between the two would look empty.
 * A load goes by the partial index certificate_notable, in the order of the table: right for a few
 * rows out of 100 million and hardly slower than a whole scan where most are revoked, and not left to
 * statistics that may not be there yet. */
#define FEED_BEGIN                                                                             \
	"BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE stillgood.certificate,"             \
	" stillgood.issuer, stillgood.issuer_name, stillgood.change_log,"                      \
	" stillgood.change_log_trim, stillgood.heartbeat, stillgood.followed IN ACCESS SHARE " \
	"MODE;"                                                                                \
	"SET LOCAL statement_timeout = 0;"
#define FEED_BEGIN_LOAD \
	FEED_BEGIN "SET LOCAL enable_bitmapscan = on; SET LOCAL enable_indexscan = off"
#define FEED_BEGIN_STREAM FEED_BEGIN

/* A row is of FEED_COPY_FIELDS: the row, and as in a poll its transaction. */
enum {
	FEED_COPY_XID = DB_ROW_FIELDS,
	FEED_COPY_OWN,
	FEED_COPY_FIELDS,
};

/* Rows that once were not good are among them: a hold may have been released while we were away. In another history,
 * where versions do not tell, the hold that was ended last does. (id + 0: by the certificate's index, never by that of
 * all events.) */
#define FEED_ROWS_QUERY                                                             \
	"SELECT " DB_ROW_COLUMNS ", h.version, h.revoked_at, h.invalidity_at"       \
	" FROM stillgood.certificate AS c LEFT JOIN LATERAL ("                      \
	"SELECT e.version, e.revoked_at, e.invalidity_at"                           \
	" FROM stillgood.revocation_event AS e"                                     \
	" WHERE c.status IN (0, 3) AND e.issuer = c.issuer AND e.serial = c.serial" \
	" AND e.new_status = 2 AND e.id <"                                          \
	" (SELECT max(r.id + 0) FROM stillgood.revocation_event AS r"               \
	" WHERE r.issuer = c.issuer AND r.serial = c.serial"                        \
	" AND r.old_status = 2 AND r.new_status IN (0, 3))"                         \
	" ORDER BY e.id + 0 DESC LIMIT 1) AS h ON true"                             \
	" WHERE c.status <> 0 OR c.version > 1"
#define FEED_ROWS_FIELDS (DB_ROW_FIELDS + DB_HOLD_FIELDS)
#define FEED_ROWS "COPY (" FEED_ROWS_QUERY ") TO STDOUT (FORMAT binary)"

#define FEED_STREAM_QUERY                                                  \
	"SELECT " DB_ROW_COLUMNS ", c.xid, c.own FROM " FEED_LOG_FROM(     \
		"current_setting('stillgood.shown')::pg_snapshot") " AS c" \
								   " WHERE c.serial IS NOT NULL"
#define FEED_STREAM "COPY (" FEED_STREAM_QUERY ") TO STDOUT (FORMAT binary)"

#define FEED_TRIMMED \
	"database: rows of its change log were deleted before they were read, loading anew"
