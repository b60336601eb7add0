/* Up to which moment is the data of one snapshot proven complete? (DESIGN.md, Time and truth)
 *
 * On a primary: the start of the transaction, which PostgreSQL takes before the snapshot.
 *   transaction_timestamp() and not statement_timestamp(): a prepared statement takes its snapshot
 *   at Bind, and Execute, a message later, moves statement_timestamp() on. A commit between the two
 *   would be older than the evidence and yet not in the data. (Seen on PostgreSQL 15.) And never
 *   clock_timestamp(). For this, queries run in their own transaction or at the start of one.
 * On a standby: the heartbeat in the same snapshot. Every commit that is not there yet follows the
 *   heartbeat's own in the WAL, so it is later than the time in it.
 *
 * Which of the two it is, the same snapshot's transaction must say: transaction_read_only is set at
 * its start and stays, whereas pg_is_in_recovery() may turn false between snapshot and evaluation
 * when a standby is promoted. For this our sessions set default_transaction_read_only = off. */
#pragma once

#include "base/clock.h"
#include "db/row.h"

#define DB_EVIDENCE_COLUMNS                                              \
	"transaction_timestamp() AS at, "                                \
	"current_setting('transaction_read_only')::boolean AS standby, " \
	"(SELECT b.beat_at FROM stillgood.heartbeat AS b) AS beat"
#define DB_EVIDENCE_FIELDS 3

/* The last heartbeat and when it was new to us. */
struct db_beat {
	int64_t beat_us, seen_mono_us;
	bool known;
};

/* `sent`: both clocks just before the query was sent. A heartbeat's age is the larger of what the
 * wall clocks say and of the time since it last changed: a clock that is wrong, or a standby that
 * stopped, cannot make it look younger. 0, or DB_ROW_BAD. */
must_check int db_evidence_read(const struct db_field fields[DB_EVIDENCE_FIELDS],
				struct moment sent, struct db_beat *beat, struct db_evidence *ret);
