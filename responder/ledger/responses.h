/* What was signed, as it goes to the fronts, and the second-level cache, which holds it so that N fronts
 * never cause N signatures. */
#pragma once

#include "ledger/question.h"

struct message_answer responses_of(const struct ledger *l, const struct question *q,
				   const struct message_signed *m);
void responses_store(struct ledger *l, const struct question *q, const struct message_answer *m);
/* False if there is nothing that may leave now; `ret` is valid until something is stored or purged. */
must_check bool responses_find(struct ledger *l, const struct question *q, struct moment now,
			       struct message_answer *ret);
/* May it be said now? */
bool responses_usable(const struct ledger *l, const struct answer_label *label, struct moment now);
