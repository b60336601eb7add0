/* Which history of the database is read, and how far it was seen (doc/design.md, One history). */
#pragma once

#include "db/types.h"

struct history {
	bool known;
	struct db_history current;
	uint64_t position; /* of the newest snapshot; never goes back in one history */
	uint64_t looked_up; /* of the newest lookup whose rows are known */
};

/* Is this snapshot of the same history, and not older than what was seen of it? False: `why` says what
 * differs. Nothing differs from a history that is not known. */
must_check bool history_continues(const struct history *history, const struct db_evidence *evidence,
				  char why[static 160]);
/* Is it of a server that was replaced? The same cluster, but in an older timeline than the one that is known: after a
 * promotion the old primary goes on by itself, where nobody revokes any more. */
bool history_replaced(const struct history *history, const struct db_evidence *evidence);
/* This is the history from now on. */
void history_take(struct history *history, const struct db_evidence *evidence);
