/* Signers: each gets a few questions ahead, always the one with the fewest; what a signer loses goes to
 * the others. A signer that holds questions and is silent for half of the answer's time counts as hung:
 * that leaves them the other half. */
#pragma once

#include "base/histogram.h"
#include "ledger/question.h"

/* Of two configurations: core.h. */
#define SIGNING_SIGNERS (2u * LIMIT_SIGNERS)
#define SIGNING_NONE SIGNING_SIGNERS

struct signing_counts {
	unsigned attached, hung, depth;
	uint64_t signatures;
	struct histogram times; /* of signers, from the job to the result */
};

must_check int signing_init(struct ledger *l);
void signing_deinit(struct ledger *l);
/* The signer with the fewest questions that has less than `most`, or SIGNING_NONE. */
unsigned signing_choose(const struct ledger *l, unsigned most);
/* What is asked of a signer: what was decided, as it stands in the question. */
struct message_sign signing_message(const struct question *q);
/* Gives it what was decided. False: no response can be asked for with these fields. */
must_check bool signing_give(struct ledger *l, unsigned signer, struct question *q,
			     struct moment now);
/* Takes it from its signer's list. */
void signing_take_back(struct ledger *l, struct question *q);
/* What a signer made: marks the question. 0 or -EBADMSG. */
must_check int signing_take(struct ledger *l, unsigned signer, struct view payload,
			    struct moment now);
/* What we asked for, no longer and no earlier? */
bool signing_fits(const struct question *q, const struct message_signed *m);

void signing_attach(struct ledger *l, unsigned signer);
void signing_detach(struct ledger *l, unsigned signer);
/* Those of the configuration of before are given no work any more, and what they hold is lost. */
void signing_replace(struct ledger *l);
/* Looks for silent signers. */
void signing_timer(struct ledger *l, struct moment now);
int64_t signing_next(const struct ledger *l);
/* Every signer has enough to do for longer than a lookup takes. */
bool signing_saturated(const struct ledger *l);
/* How many signers are connected and not hung; is any? */
unsigned signing_working(const struct ledger *l);
bool signing_possible(const struct ledger *l);
struct signing_counts signing_counts(const struct ledger *l);
