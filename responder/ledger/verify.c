/* Signed requests whose signatures count (P-15): each waits for the verifier's word. A bounded number
 * at a time, whoever sent them; above it, and without a verifier, tryLater at once. */
#include "ledger/state.h"

struct verification {
	TAILQ_ENTRY(verification) order; /* of arrival, so of deadlines too */
	uint64_t id; /* ours */
	unsigned front;
	uint64_t front_id;
	int64_t deadline_us; /* monotonic */
	size_t size;
	uint8_t query[]; /* the question, as MESSAGE_QUERY's payload */
};

static void verification_remove(struct ledger *l, struct verification *v)
{
	TAILQ_REMOVE(&l->verifications, v, order);
	l->verification_count--;
	free(v);
}

static void verification_fail(struct ledger *l, struct verification *v, enum ocsp_result result)
{
	answer_error(l, v->front, v->front_id, result);
	verification_remove(l, v);
}

static struct verification *verification_new(struct ledger *l, unsigned front, uint64_t front_id,
					     struct view query, struct moment now)
{
	if (!l->verifier_attached || l->verification_count >= LIMIT_VERIFICATIONS)
		return NULL;
	struct verification *v = malloc(sizeof(*v) + query.size);
	if (!v)
		return NULL;
	v->id = ++l->verification_id;
	v->front = front;
	v->front_id = front_id;
	v->deadline_us = now.mono_us + l->conf->server.answer_timeout_us / 2;
	v->size = query.size;
	memcpy(v->query, query.data, query.size);
	TAILQ_INSERT_TAIL(&l->verifications, v, order);
	l->verification_count++;
	return v;
}

bool verify_ask(struct ledger *l, unsigned front, uint64_t front_id, uint32_t issuer,
		const struct message_signed_query *m, struct moment now)
{
	struct verification *v = verification_new(l, front, front_id, m->query, now);
	if (!v)
		return false;
	const struct message_verify ask = {
		.id = v->id, .issuer = issuer, .signed_request = m->signed_request};
	buffer_reset(&l->frame);
	message_verify_write(&l->frame, &ask);
	if (buffer_result(&l->frame) < 0) {
		verification_remove(l, v);
		return false;
	}
	l->ops->to_verifier(l->context, MESSAGE_VERIFY, buffer_view(&l->frame));
	return true;
}

static struct verification *verification_find(const struct ledger *l, uint64_t id)
{
	struct verification *v;
	TAILQ_FOREACH(v, &l->verifications, order)
		if (v->id == id)
			return v;
	return NULL;
}

int ledger_verifier_frame(struct ledger *l, uint8_t type, struct view payload, struct moment now)
{
	struct message_verified m;
	if (type != MESSAGE_VERIFIED || message_verified_read(payload, &m) < 0)
		return -EBADMSG;
	struct verification *v = verification_find(l, m.id);
	if (!v)
		return 0; /* too late */
	if (m.result != OCSP_SUCCESSFUL) {
		verification_fail(l, v, m.result);
		return 0;
	}
	query_verified(l, v->front, view_of(v->query, v->size), now);
	verification_remove(l, v);
	return 0;
}

void ledger_verifier_attach(struct ledger *l)
{
	ledger_verifier_detach(l);
	l->verifier_attached = true;
}

void ledger_verifier_detach(struct ledger *l)
{
	struct verification *v;
	l->verifier_attached = false;
	while ((v = TAILQ_FIRST(&l->verifications)))
		verification_fail(l, v, OCSP_TRY_LATER);
}

void verify_expire(struct ledger *l, struct moment now)
{
	struct verification *v;
	while ((v = TAILQ_FIRST(&l->verifications)) && v->deadline_us <= now.mono_us) {
		l->counts.timeouts++;
		verification_fail(l, v, OCSP_TRY_LATER);
	}
}

int64_t verify_next(const struct ledger *l)
{
	const struct verification *v = TAILQ_FIRST(&l->verifications);
	return v ? v->deadline_us : INT64_MAX;
}

void verify_forget(struct ledger *l, unsigned front)
{
	struct verification *v = TAILQ_FIRST(&l->verifications), *next;
	for (; v; v = next) {
		next = TAILQ_NEXT(v, order);
		if (front == PARKED_ALL || v->front == front)
			verification_remove(l, v);
	}
}
