/* Which transactions a poll has brought already. Polls overlap: each reads from the xmin of the
 * snapshot before, and while some transaction stays open that bound stands still. What was read once
 * need not be read again; reading it again does no harm, so the list may be bounded. */
#pragma once

#include "base/bytes.h"

#define DB_SEEN_MOST 16384

struct db_seen {
	uint64_t xids[DB_SEEN_MOST];
	size_t count;
	size_t settled; /* those of polls that ended: what the next one leaves out */
};

/* A poll begins: forgets what one that failed in the middle has brought, for it may have had more
 * rows of the same transaction. */
void db_seen_begin(struct db_seen *seen);

/* Rows of one transaction become visible together: one of them stands for all. */
void db_seen_add(struct db_seen *seen, uint64_t xid);
/* The poll has ended: all of it counts. Sorts, drops duplicates and what is below the next poll's bound. */
void db_seen_prune(struct db_seen *seen, uint64_t bound);
/* Appends the array as a query parameter. */
void db_seen_write(const struct db_seen *seen, struct buffer *out);
