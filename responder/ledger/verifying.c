#include "ledger/verifying.h"

#include "ledger/state.h"

struct verifying {
	bool attached;
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
	if (!l->verifying->attached ||
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
	l->ops->to_verifier(l->context, MESSAGE_VERIFY, buffer_view(&l->frame));
	return true;
}

static void mark(struct ledger *l, struct question *q, enum ocsp_result result)
{
	q->verified = result;
	question_mark(l, q, MARK_VERIFIED);
}

int verifying_take(struct ledger *l, uint8_t type, struct view payload)
{
	struct message_verified m;
	struct question *q;
	if (type != MESSAGE_VERIFIED || message_verified_read(payload, &m) < 0)
		return -EBADMSG;
	for (q = question_first(l, QUESTION_VERIFYING); q; q = TAILQ_NEXT(q, place))
		if (q->verify_id == m.id)
			mark(l, q, m.result);
	return 0; /* none: too late */
}

void verifying_attach(struct ledger *l, bool attached)
{
	struct question *q;
	l->verifying->attached = attached;
	for (q = question_first(l, QUESTION_VERIFYING); q; q = TAILQ_NEXT(q, place))
		mark(l, q, OCSP_TRY_LATER);
}
