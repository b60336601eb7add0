/* The feed: a load of everything that is not simply good, then polls of the change log.
 *
 *	AWAY ──up──▶ BEGIN ▶ HEADER ▶ ISSUERS ▶ ROWS ▶ COMMIT ──▶ WAITING ⇄ POLLING
 *	  ▲                                                 │         │         │
 *	  └──────────────────── connection lost ────────────┴─────────┴─────────┘
 *
 * A load is one REPEATABLE READ snapshot. Each poll reads, in one snapshot of its own, every visible
 * log row that the snapshot before could not see (window.h): rows that commit out of order are never
 * skipped, and a long transaction delays nobody else's. */
#pragma once

#include "db/evidence.h"
#include "db/ops.h"
#include "db/settings.h"

#include <event2/event.h>

struct db_feed;

/* `ops` are borrowed; settings are read during the call. 0, -EINVAL or -ENOMEM. */
must_check int db_feed_new(struct event_base *base, const struct db_settings *settings,
			   const struct db_source_ops *ops, void *context, struct db_feed **ret);
/* Connects and loads anew, for this reason. Not from within its ops. */
void db_feed_reset(struct db_feed *feed, const char *reason);
/* As db_source_configure(). */
void db_feed_configure(struct db_feed *feed, const struct db_settings *settings);
/* For those who are to be where it is (leader). */
struct db_connection *db_feed_connection(struct db_feed *feed);
void db_feed_free(struct db_feed *feed);
DEFINE_CLEANUP(struct db_feed, db_feed_free)
