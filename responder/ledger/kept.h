/* Signed answers outlive the process (doc/design.md, A restart): what was signed to be cached is appended to a file,
 * and the next ledger gives it out instead of asking a signer, where it would ask for just these words.
 *
 * So no state ever comes out of a file. What is said is decided on present data each time; only where it comes to
 * the very same (kept_key.h), and the answer says so itself and is still of use, is its signature spared.
 *
 * Two files, of which one is written and emptied when it begins anew; half of the room each. Nothing is waited for:
 * what is torn or cut off is signed anew, and what cannot be written is not kept. */
#pragma once

#include "ledger/question.h"

enum kept_state { KEPT_NONE, KEPT_WRITTEN, KEPT_BROKEN };

struct kept_counts {
	enum kept_state state;
	uint64_t octets; /* of the file that is written */
	uint64_t reused; /* given out, of an earlier process's */
	uint64_t left_out; /* not kept, because so many came at once */
};

must_check int kept_init(struct ledger *l);
void kept_deinit(struct ledger *l);

/* True: what was decided has been signed before the start, and may leave. Fills the message, valid until the next
 * event, and the question's times are those of the answer. */
must_check bool kept_find(struct ledger *l, struct question *q, struct moment now,
			  struct message_signed *ret);
/* No signer has told yet what it signs with, so nobody knows whether what waits was signed before the start. */
bool kept_awaits_offers(const struct ledger *l);
/* This was signed for it just now. */
void kept_put(struct ledger *l, const struct question *q, const struct message_signed *m);
/* Writes what was put, and forgets what is of no use any more. */
void kept_turn(struct ledger *l, struct moment now);

struct kept_counts kept_counts(const struct ledger *l);
