/* Lookups: everything that came in one turn goes out as one batch; one batch is in flight, the next
 * accumulates, and goes out beside it if it takes long (a database that has to read from its disk); the
 * same certificate is looked up once for all who ask. A failed batch is asked
 * again, never read as "no such row" (doc/faults.md row 4). */
#pragma once

#include "base/histogram.h"
#include "ledger/question.h"

struct lookup_counts {
	uint64_t lookups, batches, batches_failed;
	size_t waiting; /* certificates that are looked up, or will be */
	struct histogram times; /* of batches, from the query to its result */
};

must_check int lookups_init(struct ledger *l);
void lookups_deinit(struct ledger *l);

/* Makes the entry wait for its certificate's lookup. false without memory. */
must_check bool lookup_want(struct ledger *l, struct entry *entry);
/* It is more urgent now (queue.h). */
void lookups_hurry(struct ledger *l, const struct question *q);
/* Its entries wait for no lookup any more. */
void lookups_cancel(struct ledger *l, struct question *q);
/* What is known, or about to be known, of this certificate from lookups counts no more. */
void lookups_doubt(struct ledger *l, uint64_t tag);
/* Nor of any. */
void lookups_doubt_all(struct ledger *l);

/* A turn's end. `busy`: those who would use what is learned have enough to do; it may wait a moment for
 * more. */
void lookups_send(struct ledger *l, bool busy, struct moment now);
/* When lookups_send() has something to do; INT64_MAX: not before something else happens. */
int64_t lookups_next(const struct ledger *l);
/* Is this batch in flight? What follows is about one that is. */
bool lookups_awaited(const struct ledger *l, uint64_t batch);
/* Are these the rows that were asked for, and no others? */
bool lookups_match(const struct ledger *l, uint64_t batch, const struct db_found *found,
		   size_t count);
/* Those of it that this evidence is too old for (doubts.h) are asked for again, after a pause. */
void lookups_bar(struct ledger *l, uint64_t batch, const struct db_evidence *evidence,
		 struct moment now);
/* Was it to prove (proving.h)? */
bool lookups_prove(const struct ledger *l, uint64_t batch);
/* Our number of the issuer that this one of it is about; 0: it was doubted since it was
 * asked, and what was found of it counts no more. */
int32_t lookups_issuer(const struct ledger *l, uint64_t batch, size_t place);
/* What it found. Marks the questions that have learned all that they wait for. */
void lookups_learn(struct ledger *l, uint64_t batch, const struct db_evidence *evidence,
		   const struct db_found *found, struct moment now);
/* It is asked again, after a pause. */
void lookups_fail(struct ledger *l, uint64_t batch, struct moment now);
/* So are all that are in flight: nobody is left to answer them. */
void lookups_fail_all(struct ledger *l, struct moment now);
void lookups_state(struct ledger *l, bool usable, const char *reason);
/* Does the database answer, as far as is known? */
bool lookups_answer(const struct ledger *l, struct moment now);
/* Is there a connection for them? Why not, where not. */
bool lookups_usable(const struct ledger *l);
const char *lookups_reason(const struct ledger *l);
struct lookup_counts lookups_counts(const struct ledger *l);
