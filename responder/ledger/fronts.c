#include "ledger/fronts.h"

#include "cache/cache.h"
#include "ledger/forgets.h"
#include "ledger/report.h"
#include "ledger/state.h"

struct fronts {
	bool attached[LIMIT_FRONTS];
	unsigned purges_in_turn;
	bool purge_all_due;
	uint64_t purges;
	int64_t tick_us; /* the latest time given to them; never goes back */
	int64_t live_us; /* message_tick */
};

int fronts_init(struct ledger *l)
{
	l->fronts = calloc(1, sizeof(*l->fronts));
	if (!l->fronts)
		return -ENOMEM;
	l->fronts->tick_us = INT64_MIN;
	return 0;
}

void fronts_deinit(struct ledger *l)
{
	free(l->fronts);
}

void fronts_frame(struct ledger *l, unsigned front, uint8_t type)
{
	if (buffer_result(&l->frame) == 0)
		l->ops->to_front(l->context, front, type, buffer_view(&l->frame));
	else
		ledger_alarm(l, "a message cannot be written type=%u", type);
}

void fronts_frame_all(struct ledger *l, uint8_t type)
{
	for (unsigned i = 0; i < LIMIT_FRONTS; i++)
		if (l->fronts->attached[i])
			fronts_frame(l, i, type);
}

void fronts_answer(struct ledger *l, unsigned front, const struct message_answer *m)
{
	fronts_flush(l);
	buffer_reset(&l->frame);
	message_answer_write(&l->frame, m);
	fronts_frame(l, front, MESSAGE_ANSWER);
}

/* ---- purges ---- */

static void cache_purge(struct cache *cache, const struct message_purge *m)
{
	switch (m->scope) {
	case PURGE_TAG:
		cache_purge_tag(cache, m->tag);
		break;
	case PURGE_ISSUER:
		cache_purge_issuer(cache, m->issuer);
		break;
	case PURGE_ALL:
		cache_purge_all(cache);
		break;
	}
}

static void purge_now(struct ledger *l, const struct message_purge *m)
{
	cache_purge(l->cache, m);
	buffer_reset(&l->frame);
	message_purge_write(&l->frame, m);
	fronts_frame_all(l, MESSAGE_PURGE);
}

void fronts_purge(struct ledger *l, const struct message_purge *m)
{
	if (!l->has_evidence)
		return; /* nothing was ever answered */
	l->fronts->purges++;
	if (l->fronts->purges_in_turn++ >= LIMIT_PURGES)
		l->fronts->purge_all_due = true;
	else
		purge_now(l, m);
}

void fronts_purge_all(struct ledger *l)
{
	l->fronts->purge_all_due = l->has_evidence;
	forgets_all(l);
}

void fronts_purge_former(struct ledger *l)
{
	l->fronts->purge_all_due = true;
	forgets_all(l);
}

void fronts_flush(struct ledger *l)
{
	if (!l->fronts->purge_all_due)
		return;
	l->fronts->purge_all_due = false;
	purge_now(l, &(struct message_purge){.scope = PURGE_ALL});
}

/* ---- ticks ---- */

static void tick_write(struct ledger *l)
{
	const struct message_tick m = {
		.evidence_us = l->fronts->tick_us,
		.serve_until_mono_us = l->evidence.mono_us + l->conf->database.freshness_us,
		.live_until_mono_us = l->fronts->live_us,
	};
	buffer_reset(&l->frame);
	message_tick_write(&l->frame, &m);
}

void fronts_tick(struct ledger *l, int64_t evidence_us)
{
	if (evidence_us > l->fronts->tick_us)
		l->fronts->tick_us = evidence_us;
	fronts_flush(l);
	tick_write(l);
	fronts_frame_all(l, MESSAGE_TICK);
}

void fronts_tick_again(struct ledger *l)
{
	if (l->has_evidence)
		fronts_tick(l, l->fronts->tick_us);
}

/* So much later that it is worth a message. */
static bool is_later(const struct ledger *l, int64_t until_us)
{
	return until_us >= l->fronts->live_us + l->conf->database.freshness_us / 16;
}

void fronts_live(struct ledger *l, int64_t until_us)
{
	int64_t told = l->fronts->live_us;
	if (until_us == told || (until_us > told && !is_later(l, until_us)))
		return;
	l->fronts->live_us = until_us;
	fronts_tick_again(l);
}

void fronts_turn(struct ledger *l)
{
	fronts_flush(l);
	l->fronts->purges_in_turn = 0;
}

/* ---- coming and going ---- */

/* What an earlier ledger told it counts no more, and this one speaks of now on. */
void fronts_attach(struct ledger *l, unsigned front)
{
	l->fronts->attached[front] = true;
	if (!l->has_evidence)
		return;
	buffer_reset(&l->frame);
	message_purge_write(&l->frame, &(struct message_purge){.scope = PURGE_ALL});
	fronts_frame(l, front, MESSAGE_PURGE);
	tick_write(l);
	fronts_frame(l, front, MESSAGE_TICK);
}

void fronts_detach(struct ledger *l, unsigned front)
{
	l->fronts->attached[front] = false;
}

bool fronts_attached(const struct ledger *l, unsigned front)
{
	return l->fronts->attached[front];
}

uint64_t fronts_purges(const struct ledger *l)
{
	return l->fronts->purges;
}
