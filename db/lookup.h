/* Lookups of single certificates: one array query a batch, all in one snapshot. */
#pragma once

#include "db/connection.h"
#include "db/evidence.h"
#include "db/ops.h"
#include "db/settings.h"

#include <event2/event.h>

struct db_lookup;

/* As db_feed_new(). It is where `feed` is. `asleep`: it does not connect before
 * db_lookup_wake(). */
must_check int db_lookup_new(struct event_base *base, const struct db_settings *settings,
			     const struct db_source_ops *ops, void *context,
			     struct db_connection *feed, bool asleep, struct db_lookup **ret);
void db_lookup_wake(struct db_lookup *lookup);
/* Connects anew, for this reason. Not from within its ops. */
void db_lookup_reset(struct db_lookup *lookup, const char *reason);
/* As db_source_configure(). */
void db_lookup_configure(struct db_lookup *lookup, const struct db_settings *settings);
void db_lookup_free(struct db_lookup *lookup);
DEFINE_CLEANUP(struct db_lookup, db_lookup_free)

/* As db_source_lookup(), one batch at a time: -EBUSY until lookup_done or lookup_failed. */
must_check int db_lookup_send(struct db_lookup *lookup, uint64_t batch, const struct db_key *keys,
			      size_t count, bool proves);
