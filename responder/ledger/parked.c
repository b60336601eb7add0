/* Questions that come before the first load: which issuers there are is not known yet, so nothing
 * can be said of them, not even `unauthorized`. They wait and are then asked as if they came now. */
#include "ledger/state.h"

struct parked {
	TAILQ_ENTRY(parked) order; /* of arrival, so of deadlines too */
	unsigned front;
	uint64_t id;
	int64_t deadline_us; /* monotonic */
	size_t size;
	uint8_t payload[]; /* the message */
};

bool parked_add(struct ledger *l, unsigned front, uint64_t id, struct view payload,
		struct moment now)
{
	struct parked *parked = l->parked_count < LIMIT_JOBS
					? (struct parked *)malloc(sizeof(*parked) + payload.size)
					: NULL;
	if (!parked)
		return false;
	parked->front = front;
	parked->id = id;
	parked->deadline_us = now.mono_us + l->conf->server.answer_timeout_us;
	parked->size = payload.size;
	memcpy(parked->payload, payload.data, payload.size);
	TAILQ_INSERT_TAIL(&l->parked, parked, order);
	l->parked_count++;
	return true;
}

static void parked_remove(struct ledger *l, struct parked *parked)
{
	TAILQ_REMOVE(&l->parked, parked, order);
	l->parked_count--;
	free(parked);
}

void parked_ask(struct ledger *l, struct moment now)
{
	struct parked *parked;
	while ((parked = TAILQ_FIRST(&l->parked))) {
		struct view payload = view_of(parked->payload, parked->size);
		/* It was read once: it cannot be refused now. */
		int result = ledger_front_frame(l, parked->front, MESSAGE_QUERY, payload, now);
		(void)result;
		parked_remove(l, parked);
	}
}

void parked_expire(struct ledger *l, struct moment now)
{
	struct parked *parked;
	while ((parked = TAILQ_FIRST(&l->parked)) && parked->deadline_us <= now.mono_us) {
		l->counts.timeouts++;
		answer_error(l, parked->front, parked->id, OCSP_TRY_LATER);
		parked_remove(l, parked);
	}
}

int64_t parked_next(const struct ledger *l)
{
	const struct parked *parked = TAILQ_FIRST(&l->parked);
	return parked ? parked->deadline_us : INT64_MAX;
}

void parked_forget(struct ledger *l, unsigned front)
{
	struct parked *parked = TAILQ_FIRST(&l->parked), *next;
	for (; parked; parked = next) {
		next = TAILQ_NEXT(parked, order);
		if (front == PARKED_ALL || parked->front == front)
			parked_remove(l, parked);
	}
}
