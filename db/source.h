/* The database as the ledger sees it: a stream of facts with the time up to which they are proven.
 *
 *   feed connection:   issuers, load (COPY of every row that is or ever was not good), then a poll
 *                      each interval of what the change log has that the last snapshot had not
 *   lookup connection: one array query a turn for the serials that nobody knows yet; further ones, made
 *                      at the first need, while that takes long
 *
 * All reconnect by themselves with back-off and jitter; after a reconnect the feed loads anew.
 * Nothing partial is ever given: a query that failed in the middle gives lost() or
 * lookup_failed(), never "no such row" (doc/faults.md row 4). */
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "db/ops.h"
#include "db/settings.h"

#include <event2/event.h>

struct db_source;
struct db_connection;

/* Starts to connect at once. 0, -ENOMEM, or -EINVAL for a conninfo that libpq cannot parse. */
must_check int db_source_new(struct event_base *base, const struct db_settings *settings,
			     const struct db_source_ops *ops, void *context,
			     struct db_source **ret);
/* Not from within its callbacks. NULL is fine. */
void db_source_free(struct db_source *source);
DEFINE_CLEANUP(struct db_source, db_source_free)

/* Other intervals and timeouts, from the next query on; where it connects to and what lookups read stays. */
void db_source_configure(struct db_source *source, const struct db_settings *settings);

/* What the database has told counts no more, for this reason: from the event loop, all connections are
 * made anew, and the feed loads anew. */
void db_source_reload(struct db_source *source, const char *reason);
/* The same for the connection of the lookups alone. */
void db_source_look_elsewhere(struct db_source *source, const char *reason);

/* The feed's, for those who are to be where it is (leader). */
struct db_connection *db_source_connection(struct db_source *source);

/* At most LIMIT_LOOKUP_BATCH keys. `proves`: their issuers' versions, too. Several batches may be in flight, and end in
 * any order: -EBUSY while there is no connection for one more, of which one is made then; -ENOTCONN; -EINVAL for a count
 * out of range; -ENOMEM. lookup_done and lookup_failed never come from within this call. */
must_check int db_source_lookup(struct db_source *source, uint64_t batch, const struct db_key *keys,
				size_t count, bool proves);
