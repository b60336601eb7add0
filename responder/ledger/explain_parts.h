/* Private to explain*.c: one explanation, and what is written of it. */
#pragma once

#include "ipc/messages.h"
#include "ledger/explain.h"
#include "ledger/verdicts.h"

struct explained_front {
	bool asked, answered;
	struct message_explained said;
};

struct explanation {
	bool used;
	uint32_t ticket;
	uint64_t id; /* that fronts repeat */
	int64_t until_us; /* monotonic: for the lookup, then for the fronts */
	struct question *question; /* NULL: it is decided */
	const struct issuer *issuer; /* that was meant; NULL: it is not registered */
	/* As it was said, or found: a section may be another one, or gone, before the answer is there. */
	char name[LIMIT_ISSUER_NAME + 1];
	bool by_name; /* it was found by its name alone: the key is another one than was said */
	struct serial serial;

	/* At the first look, before a lookup. */
	bool looked;
	enum basis first;
	bool asked_database, database_answered;

	unsigned awaited; /* fronts */
	struct buffer
		text; /* what was decided: members of the object, each but the first behind a comma */
	struct answer_label
		said; /* the status that was decided, for comparison with what is stored */
	bool says; /* it would be signed */
	unsigned contradictions; /* stored answers with another status that would be said */
	struct explained_front fronts[LIMIT_FRONTS];
};

/* Who is meant (explain_target.c). `words` as in ledger_explain(). Fills issuer, section and serial, and
 * appends the CertID. 0, -EINVAL or -ENOENT with a fault. */
must_check int explain_target(const struct ledger *l, bool issued, struct view words,
			      struct explanation *ex, struct buffer *certid, struct fault *fault);
/* Everything that is known in the moment of the decision. */
void explain_put_decision(const struct ledger *l, struct explanation *ex, const struct question *q,
			  enum ocsp_result result, struct moment now);
/* The whole object, with what the fronts have said. */
void explain_put_whole(struct explanation *ex, struct buffer *out);
