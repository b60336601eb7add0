/* Reads the certificates' table and then its key, once, so that they are in the memory of the database's
 * machine when the first lookups come: a database that has just started reads each row from its disk, one
 * after the other (doc/performance.md).
 *
 *	PLAN ──▶ TABLE ──▶ KEY ──▶ ENDED
 *
 * In portions, each a query of its own within query_timeout; the key comes last, so that of what memory cannot
 * hold it is the table that is read again. By pg_prewarm where that extension is installed, in the order of the
 * file; else, or where it refuses (before 2026 it let only owners read a key), by reading: the table by ranges of
 * its pages, the key from entry to entry. PostgreSQL 13 has no ranges: without the extension only its key is
 * read. It goes into the memory of the operating system; the buffers of PostgreSQL are left as they are. */
#pragma once

#include "base/result.h"
#include "db/settings.h"

#include <event2/event.h>

struct db_prewarm;
struct db_connection;

/* Nothing is called from within what is called here. */
struct db_prewarm_ops {
	/* So much of it has been read. */
	void (*progress)(void *context, unsigned percent);
	/* Nothing follows. NULL: all was read; else why it was given up. */
	void (*ended)(void *context, const char *trouble);
};

/* Begins at once, where `feed` is. 0, -EINVAL or -ENOMEM. */
must_check int db_prewarm_new(struct event_base *base, const struct db_settings *settings,
			      struct db_connection *feed, const struct db_prewarm_ops *ops,
			      void *context, struct db_prewarm **ret);
/* May the database be read? What fails while it may not is no reason to give up. */
void db_prewarm_feed(struct db_prewarm *prewarm, bool up);
/* Not from within its ops. NULL is fine. */
void db_prewarm_free(struct db_prewarm *prewarm);
DEFINE_CLEANUP(struct db_prewarm, db_prewarm_free)
