/* Up to which moment is the data of one snapshot proven complete? (doc/design.md, Time and truth)
 *
 * On a primary: the start of the transaction, which PostgreSQL takes before the snapshot.
 *   transaction_timestamp() and not statement_timestamp(): a prepared statement takes its snapshot
 *   at Bind, and Execute, a message later, moves statement_timestamp() on. A commit between the two
 *   would be older than the evidence and yet not in the data. (Seen on PostgreSQL 15.) And never
 *   clock_timestamp(). For this, queries run in their own transaction or at the start of one.
 * On a standby: the heartbeat in the same snapshot. Every commit that is not there yet follows the
 *   heartbeat's own in the WAL, so it is later than the time in it.
 * Where another program's tables are followed at times, on both: no later than the last time began.
 *
 * Which of the two it is, the same snapshot's transaction must say: transaction_read_only is set at
 * its start and stays, whereas pg_is_in_recovery() may turn false between snapshot and evaluation
 * when a standby is promoted. For this our sessions set default_transaction_read_only = off. */
#pragma once

#include "base/clock.h"
#include "db/row.h"

#define DB_STANDBY "current_setting('transaction_read_only')::boolean"

/* Which history it is (doc/design.md, One history).
 *
 * Server and database are those of the connection, for as long as it lasts: read once.
 * The timeline is the primary's own; on a standby it is that of the heartbeat in the same snapshot,
 *   because the standby's control file lags behind what it shows.
 * Tables are told by oid and file: DROP and CREATE, TRUNCATE, and whatever rewrites a table give
 *   others. Both come from the catalogs' caches, at no cost. A statement holds locks on what it reads
 *   since before its snapshot, so for these tables they cannot differ from what is read; for the
 *   others they may be newer, which makes the difference known the sooner. */
#define DB_HISTORY_SETUP                                                            \
	"SELECT set_config('stillgood.system', (SELECT c.system_identifier::text"   \
	" FROM pg_control_system() AS c), false), set_config('stillgood.database'," \
	" (SELECT d.oid::text FROM pg_database AS d WHERE d.datname ="              \
	" current_database()), false);"

#define DB_TABLES                                         \
	"pg_relation_filenode('stillgood.certificate'), " \
	"pg_relation_filenode('stillgood.issuer'), "      \
	"pg_relation_filenode('stillgood.issuer_name'), " \
	"pg_relation_filenode('stillgood.change_log')"

/* All in one value, which costs less than columns where each row of an answer repeats it: times and numbers
 * of 8 octets, then booleans. */
#define DB_EVIDENCE_COLUMN                                                                       \
	"timestamptz_send(transaction_timestamp()) || "                                          \
	"timestamptz_send(coalesce(least(CASE WHEN " DB_STANDBY " THEN coalesce(b.beat_at, "     \
	"'-infinity') END, f.complete_at), '-infinity')) || "                                    \
	"int8send(current_setting('stillgood.system')::bigint) || "                              \
	"int8send(current_setting('stillgood.database')::bigint) || "                            \
	"int8send(CASE WHEN " DB_STANDBY " THEN coalesce(b.timeline, 0) ELSE "                   \
	"('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END) || " \
	"int8send(hashtextextended(concat_ws(' ', " DB_TABLES "), 0)) || "                       \
	"xid8send(pg_snapshot_xmax(pg_current_snapshot())) || boolsend(" DB_STANDBY              \
	") || boolsend(f.complete_at IS NOT NULL) AS evidence"
#define DB_EVIDENCE_FROM                                                   \
	" FROM (SELECT) AS one LEFT JOIN stillgood.heartbeat AS b ON true" \
	" CROSS JOIN (SELECT min(w.complete_at) AS complete_at"            \
	" FROM stillgood.followed AS w WHERE NOT w.live) AS f"
#define DB_EVIDENCE_FIELDS 1

#define DB_NO_EVIDENCE                                                                  \
	"database: no evidence how current it is: on a standby, stillgood.heartbeat() " \
	"must be called on the primary"

/* The last heartbeat and when it was new to us. */
struct db_beat {
	int64_t beat_us, seen_mono_us;
	bool known;
};

/* `sent`: both clocks just before the query was sent. A heartbeat's age is the larger of what the
 * wall clocks say and of the time since it last changed: a clock that is wrong, or a standby that
 * stopped, cannot make it look younger. 0, or DB_ROW_BAD. */
must_check int db_evidence_read(const struct db_field *field, struct moment sent,
				struct db_beat *beat, struct db_evidence *ret);

/* What makes `b` another history than `a`, or a step back in it, for people; NULL: it goes on. */
const char *db_history_break(const struct db_evidence *a, const struct db_evidence *b);
