/* Signed requests whose signatures count (P-15): each waits for the verifier's word. A bounded number
 * at a time, whoever sent them; above it, and without a verifier, tryLater at once. */
#pragma once

#include "ledger/question.h"

/* Of two configurations: core.h. */
#define VERIFYING_VERIFIERS 2u

must_check int verifying_init(struct ledger *l);
void verifying_deinit(struct ledger *l);
/* Asks the verifier about the question's signed request. False: too many, no verifier, or no memory. */
must_check bool verifying_ask(struct ledger *l, struct question *q);
/* It is there from now on, or not: nobody waits for it any more. */
void verifying_attach(struct ledger *l, unsigned verifier, bool attached);
/* Whatever the verifier says of this one, it counts no more. */
void verifying_end(struct ledger *l, struct question *q);
/* Its word: marks the question. 0 or -EBADMSG. */
must_check int verifying_take(struct ledger *l, unsigned verifier, uint8_t type,
			      struct view payload);
