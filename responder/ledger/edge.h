/* The edge of the ledger room: peers, libpq, the log. Decides nothing. */
#pragma once

#include "db/source.h"
#include "db/stored.h"
#include "ledger/core.h"
#include "ledger/journal_store.h"
#include "net/resolver.h"
#include "room/room.h"

struct edge {
	struct shell *shell;
	struct ledger *ledger;
	struct journal_store journal, answers;
	/* NULL until the warden has given the journal: what was known before comes first. */
	struct db_source *source;
	struct resolver *resolver; /* NULL: the database's host has no name */
	uint64_t hosts_order; /* of the database, where that is random */
	struct db_stored
		*stored; /* NULL until the first answer that was signed beforehand is asked for */
	uint64_t stored_batch;
	bool preparing; /* another configuration, and shell_prepared() is due */
	int64_t alarm_second; /* alarms are logged, but not in floods */
	unsigned alarms_logged;
	struct fault lookup_reason; /* told last, since when no lookup was answered */
	int64_t look_for_files_us; /* monotonic: not before */
	bool moved; /* the connection string is another one: it may name other files */
	struct db_prewarm *prewarm; /* NULL: not begun, or over */
	bool prewarmed; /* it is over, or not wanted */
	bool lookup_quiet; /* it lasts, connection after connection */
};

/* Something happened: ledger_turn_end() follows when all that is ready has been handled. */
static inline void edge_turn(struct edge *edge)
{
	shell_turn(edge->shell);
}

/* All act on a struct edge. */
extern const struct ledger_ops edge_ledger_ops; /* outputs.c */
extern const struct db_source_ops edge_source_ops; /* database.c */
extern const struct db_stored_ops edge_stored_ops;
/* prewarm.c. The database was read, or cannot be read any more; a turn's end; the source goes. */
void edge_prewarm(struct edge *edge);
void edge_prewarm_lost(struct edge *edge);
void edge_prewarm_turn(struct edge *edge);
void edge_prewarm_close(struct edge *edge);
/* How the database is reached now. */
struct db_settings edge_settings(const struct edge *edge);
