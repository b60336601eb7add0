/* What the ledger has on disk: two files, of which one is written, opened by the warden, read once at the start, and
 * then only written. The journal's survive the death of every process here, because the kernel has them; what a
 * power cut takes is the last seconds of one file, and the database has those too; before the other file is emptied,
 * this one is on disk. For the kept answers nobody waits for a disk. */
#pragma once

#include "ledger/core.h"

struct journal_store {
	const char *name; /* for people */
	bool safe; /* on disk before the other file is emptied */
	int fd[2]; /* -1: there is none */
	unsigned current; /* the one that is written */
	off_t size; /* of it */
};

/* Both take two descriptors over, tell the ledger what they hold, and write on. What cannot be read is logged, and is
 * as if it were not there. The first: 0, or -errno with a fault. */
must_check int journal_store_open(struct journal_store *store, const int descriptors[2],
				  struct ledger *ledger, struct fault *fault);
/* At most `most` octets are read of both together. */
void journal_store_open_answers(struct journal_store *store, const int descriptors[2],
				uint64_t most, struct ledger *ledger);
void journal_store_close(struct journal_store *store);
/* As ledger_ops has them. */
must_check int journal_store_append(struct journal_store *store, struct view octets);
must_check int journal_store_swap(struct journal_store *store);
