/* What was ever revoked survives the process (I-10): a journal in two files of which one is written.
 * Everything that becomes revoked is appended before an answer that rests on it leaves; when the file has
 * grown to a multiple of what it says, everything is told anew in the other one, in bounded steps, and what
 * changes meanwhile is appended there as well, so that the two together have lost nothing at any moment.
 *
 * A write that fails changes no answer: it is said once, and later everything is told anew. */
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "ledger/history.h"
#include "ledger/issuers.h"
#include "ledger/journal_record.h"
#include "ledger/revoked.h"

struct journal;

struct journal_ops {
	/* Appends to the file that is written. 0 or -errno: then nothing of it counts. */
	int (*append)(void *context, struct view octets);
	/* From here on the other file is written, and it is empty; what the first one has is safe. 0 or
	 * -errno. */
	int (*swap)(void *context);
};

/* Whose rows and issuers it tells; all borrowed. NULL `ops->append`: nothing is kept. -ENOMEM. */
must_check int journal_new(const struct journal_ops *ops, void *context, struct revoked *revoked,
			   struct issuers *issuers, struct journal **ret);
void journal_free(struct journal *journal);
DEFINE_CLEANUP(struct journal, journal_free)

struct journal_recalled {
	unsigned current; /* the file that is to be written on */
	size_t rows; /* certificates that are revoked or held */
	bool empty; /* there is nothing in either of them */
	size_t damaged; /* octets that were not readable */
	bool other_format;
};

/* Puts what both files say into the set and the issuers, as rows that a load must confirm, and sets the
 * history; from here on it is written. 0 or -ENOMEM. */
must_check int journal_recall(struct journal *journal, const struct view files[2],
			      struct history *history, struct journal_recalled *ret);

/* To be written with the next journal_flush(). */
void journal_row(struct journal *journal, const struct cert_record *record);
void journal_issuer(struct journal *journal, const struct issuer *issuer);
void journal_history(struct journal *journal, const struct history *history);
/* Everything is to be told anew: versions mean something else from now on. */
void journal_renew(struct journal *journal);

/* A positive result: it cannot be written, which was not so before. */
#define JOURNAL_FAILED 1
/* Writes what waits. 0 or JOURNAL_FAILED. */
int journal_flush(struct journal *journal);
/* So much waits that it should be written before there is more. */
bool journal_full(const struct journal *journal);
/* And goes on telling everything anew where that is due. */
int journal_turn(struct journal *journal, struct moment now);
/* When journal_turn() has something to do, monotonic; INT64_MAX: nothing. */
int64_t journal_next(const struct journal *journal);

enum journal_state { JOURNAL_NONE, JOURNAL_WRITTEN, JOURNAL_BROKEN };
enum journal_state journal_state(const struct journal *journal);
/* Octets of the file that is written. */
uint64_t journal_size(const struct journal *journal);
