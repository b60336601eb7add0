/* Why is answered what is answered? An operator asks about one certificate, and a question that nobody else
 * sees goes the way of all others: the same functions bind it to its issuer, look it up, decide. It ends
 * where a signature would begin. So there is no second logic that could disagree with the first.
 *
 *   words ──▶ question ──decide()──▶ a lookup, always ──decide()──▶ what was decided ──▶ fronts: what is
 *   stored ──▶ one JSON object
 *
 * It leaves nothing behind: no signature, no stored answer, no remembered row, no count. */
#pragma once

#include "ledger/question.h"

#include "base/result.h"

must_check int explain_init(struct ledger *l);
void explain_deinit(struct ledger *l);

/* As ledger_explain() has it; decide() must follow. */
must_check int explain_ask(struct ledger *l, uint32_t ticket, bool issued, struct view words,
			   struct moment now, struct fault *fault);

/* Called by decide(), for questions with an explanation only. Is there something to wait for, where
 * `next` would be the next state? Then its first entry wants a lookup. */
must_check bool explain_waits(struct ledger *l, struct question *q, enum question_state next,
			      unsigned marks, struct moment now);
/* This is how it would be answered; OCSP_SUCCESSFUL: its verdict would be signed. The question is freed. */
void explain_decided(struct ledger *l, struct question *q, enum ocsp_result result);

/* A MESSAGE_EXPLAINED. 0 or -EBADMSG. */
must_check int explain_take(struct ledger *l, unsigned front, struct view payload);
/* Its word is not waited for any more. */
void explain_front_gone(struct ledger *l, unsigned front);
/* A turn's end: what is complete is told. */
void explain_turn(struct ledger *l, struct moment now);
void explain_timer(struct ledger *l, struct moment now);
/* When explain_timer() has something to do; INT64_MAX: never. */
int64_t explain_next(const struct ledger *l);
