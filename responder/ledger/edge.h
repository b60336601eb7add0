/* The edge of the ledger room: descriptors, events, libpq, the log. Decides nothing. */
#pragma once

#include "db/source.h"
#include "ipc/channel.h"
#include "ledger/core.h"

struct edge;

/* A channel to a front, a signer or the verifier. */
struct link {
	struct edge *edge;
	unsigned index;
	struct channel *channel; /* NULL: not connected */
};

struct edge {
	struct event_base *base;
	struct conf *conf;
	struct ledger *ledger;
	struct db_source *source;

	int control_fd;
	struct event *control;
	struct event *turn; /* made active by everything that happens; runs after it */
	struct event *timer;
	struct event *drain; /* pending: CONTROL_STOP came */
	bool stopping;
	int64_t drain_until_us; /* monotonic */
	int status; /* exit status */

	struct link fronts[LIMIT_FRONTS], signers[LIMIT_SIGNERS], verifier;
	int64_t alarm_second; /* alarms are logged, but not in floods */
	unsigned alarms_logged;
};

/* Something happened: ledger_turn_end() follows when all that is ready has been handled. */
void edge_turn(struct edge *edge);
/* Ends the loop with this exit status. */
void edge_end(struct edge *edge, int status);

/* links.c: take the descriptor over; an index that is connected gets the new one instead. */
void links_connect_front(struct edge *edge, unsigned index, int fd);
void links_connect_signer(struct edge *edge, unsigned index, int fd);
void links_connect_verifier(struct edge *edge, int fd);
void links_close(struct edge *edge);
/* Bytes that have not left yet. */
size_t links_queued(const struct edge *edge);

/* Both act on a struct edge. */
extern const struct ledger_ops edge_ledger_ops; /* outputs.c */
extern const struct db_source_ops edge_source_ops; /* database.c */
