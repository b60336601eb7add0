/* What the next poll must read: the log rows of every transaction that may not have been shown by the
 * snapshot of the poll before, which are those that it had not reached and those that it saw open.
 * However long one of these stays open, it is one number; what else has ended meanwhile is not read
 * again.
 *
 * A primary tells its own snapshot, and the window is exact. A standby cannot say what was open; the
 * heartbeat in its snapshot says what was on the primary, a little earlier. So some of the window may
 * have been shown already: which transactions those are is noted here and they are left out. The list
 * holds what ran within about one interval of heartbeats, and it is bounded: reading a row twice does
 * no harm. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#define DB_SEEN_MOST 16384

struct db_window {
	struct buffer snapshot; /* pg_snapshot in binary format */
	uint64_t xmin, xmax; /* of it */
	uint64_t seen[DB_SEEN_MOST];
	size_t count;
	size_t settled; /* those of polls that ended: what the next one leaves out */
};

/* A poll begins: forgets what one that failed in the middle has brought, for it may have had more
 * rows of the same transaction. */
void db_window_begin(struct db_window *window);
/* Rows of one transaction become visible together: one of them stands for all. */
void db_window_see(struct db_window *window, uint64_t xid);
/* The poll or load has ended, and this is its snapshot: the window moves up to it, and what cannot come
 * again is forgotten. 0, -EBADMSG for what is no snapshot, or -ENOMEM. */
must_check int db_window_move(struct db_window *window, struct view snapshot);
/* Forgets all. */
void db_window_reset(struct db_window *window);
/* Appends the transactions to leave out as a query parameter. */
void db_window_write_seen(const struct db_window *window, struct buffer *out);
