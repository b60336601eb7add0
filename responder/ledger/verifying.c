#include "ledger/verifying.h"

#include "ledger/state.h"

struct verifying {
	bool attached[VERIFYING_VERIFIERS]; /* the one of the ledger's half is asked */
	uint64_t id; /* of the latest */
};

int verifying_init(struct ledger *l)
{
	l->verifying = calloc(1, sizeof(*l->verifying));
	return l->verifying ? 0 : -ENOMEM;
}

void verifying_deinit(struct ledger *l)
{
	free(l->verifying);
}

bool verifying_ask(struct ledger *l, struct question *q)
{
	if (!l->verifying->attached[l->half] ||
	    questions_count(l, QUESTION_VERIFYING) >= LIMIT_VERIFICATIONS)
		return false;
	const struct message_verify ask = {
		.id = ++l->verifying->id,
		.request = q->request,
		.issuer = q->issuer->section_index,
		.signed_request = q->signed_request,
	};
	buffer_reset(&l->frame);
	message_verify_write(&l->frame, &ask);
	if (buffer_result(&l->frame) < 0)
		return false;
	q->verify_id = ask.id;
	q->verifier = l->half;
	l->ops->to_verifier(l->context, l->half, MESSAGE_VERIFY, buffer_view(&l->frame));
	return true;
}

static void mark(struct ledger *l, struct question *q, enum ocsp_result result)
{
	q->verified = result;
	question_mark(l, q, MARK_VERIFIED);
}

int verifying_take(struct ledger *l, unsigned verifier, uint8_t type, struct view payload)
{
	struct message_verified m;
	struct question *q;
	if (type != MESSAGE_VERIFIED || message_verified_read(payload, &m) < 0)
		return -EBADMSG;
	for (q = question_first(l, QUESTION_VERIFYING); q; q = TAILQ_NEXT(q, place))
		if (q->verify_id == m.id && q->verifier == verifier)
			mark(l, q, m.result);
	return 0; /* none: too late */
}

void verifying_attach(struct ledger *l, unsigned verifier, bool attached)
{
	struct question *q;
	l->verifying->attached[verifier] = attached;
	for (q = question_first(l, QUESTION_VERIFYING); q; q = TAILQ_NEXT(q, place))
		if (q->verifier == verifier)
			mark(l, q, OCSP_TRY_LATER);
}

void verifying_end(struct ledger *l, struct question *q)
{
	mark(l, q, OCSP_TRY_LATER);
}
