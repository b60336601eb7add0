/* The one pass that decides: it takes what was marked, and it alone moves questions from state to state,
 * asks lookups, verifier and signers for them, answers them and frees them. It runs at the end of each
 * event, and nothing that it calls runs it. */
#pragma once

#include "base/clock.h"

struct ledger;

void decide(struct ledger *l, struct moment now);
/* After an event that brings no time: it is that of the one before. */
void decide_untimed(struct ledger *l);
/* Ends all without an answer. */
void decide_drop_all(struct ledger *l);
