/* The journal's two files on disk: opened by the warden, read once at the start, and then only written.
 * Written is what the kernel has: that survives the death of every process here. What a power cut takes is
 * the last seconds of one file, and the database has those too; before the other file is emptied, this one
 * is on disk. */
#pragma once

#include "ledger/core.h"

struct journal_store {
	int fd[2]; /* -1: there is no journal */
	unsigned current; /* the one that is written */
	off_t size; /* of it */
};

/* Takes both descriptors over, tells the ledger what they hold, and writes on. What cannot be read is
 * logged, and is as if it were not there. 0, or -errno with a fault. */
must_check int journal_store_open(struct journal_store *store, const int descriptors[2],
				  struct ledger *ledger, struct fault *fault);
void journal_store_close(struct journal_store *store);
/* As ledger_ops has them. */
must_check int journal_store_append(struct journal_store *store, struct view octets);
must_check int journal_store_swap(struct journal_store *store);
