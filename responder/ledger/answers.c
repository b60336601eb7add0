/* What goes to the fronts: answers, purges and ticks, in one order (DESIGN.md), and the second-level
 * cache, which holds what was signed so that N fronts never cause N signatures. */
#include "conf/profile.h"
#include "ledger/state.h"

/* The database was away; its facts (P-30) are asked for again. */
#define WITHOUT_FACTS_LIFE_S 60
/* An unknown serial may be issued in the next moment (P-50). */
#define UNKNOWN_LIFE_S 1

static void frame_to_front(struct ledger *l, unsigned front, uint8_t type)
{
	if (buffer_result(&l->frame) == 0)
		l->ops->to_front(l->context, front, type, buffer_view(&l->frame));
	else
		ledger_alarm(l, "a message cannot be written type=%u", type);
}

void answer_send(struct ledger *l, unsigned front, struct message_answer *m)
{
	if (l->purge_all_due)
		changes_flush(l);
	buffer_reset(&l->frame);
	message_answer_write(&l->frame, m);
	frame_to_front(l, front, MESSAGE_ANSWER);
}

void answer_error(struct ledger *l, unsigned front, uint64_t id, enum ocsp_result result)
{
	answer_send(l, front, &(struct message_answer){.id = id, .result = result});
}

/* ---- signed ---- */

/* From -1000 to 1000, the same for one answer each time. */
static int64_t spread(const struct ledger *l, const struct message_answer *m)
{
	uint64_t seed[2] = {m->tag, (uint64_t)m->produced_at};
	return (int64_t)(siphash(&l->key, view_of(seed, sizeof(seed))) % 2001) - 1000;
}

/* `span` more or less `share` ten-thousandths of it. */
static int64_t stretched(int64_t span, int64_t share)
{
	return span + span / 10000 * share + span % 10000 * share / 10000;
}

/* P-28: at half of its life, ±10 % so that what was signed together is not signed anew together
 * (FAULTS.md row 13). Where the profile sets a bound it is one: of the life that relying parties see,
 * from thisUpdate on, and the spread is before it. */
static int64_t refresh_time(const struct ledger *l, enum profile profile,
			    const struct message_answer *m)
{
	int64_t most = profile_refresh_most(profile), soon = m->produced_at + UNKNOWN_LIFE_S;
	if (m->status == OCSP_UNKNOWN)
		return soon;
	if (most == INT64_MAX)
		return m->produced_at +
		       stretched((m->next_update - m->produced_at) / 2, spread(l, m));
	int64_t half = (m->next_update - m->this_update) / 2;
	int64_t bound = m->this_update + (half < most ? half : most);
	/* Revoked is said on old evidence, too; then again and again. */
	return bound <= soon
		       ? soon
		       : m->produced_at + stretched(bound - m->produced_at, spread(l, m) - 1000);
}

/* What only those may have who sign is stored here, where every question is judged, and by no front
 * and no HTTP cache (P-15). */
static bool is_shareable(const struct issuer *issuer)
{
	return !issuer->section || issuer->section->signed_requests != SIGNED_REQUIRE;
}

static struct message_answer answer_of(const struct ledger *l, const struct job *job,
				       const struct message_signed *signed_response)
{
	struct message_answer m = {
		.result = OCSP_SUCCESSFUL,
		.cacheable = job->cacheable && is_shareable(job->issuer),
		.status = job->entries[0].verdict.status,
		.tag = job->entries[0].tag,
		.issuer = job->issuer->record.id,
		.produced_at = signed_response->produced_at,
		.this_update = job->this_update,
		.next_update = signed_response->next_update,
		.der = signed_response->der,
	};
	m.refresh_at = refresh_time(l, job->issuer->section->profile, &m);
	if (facts_missing(job) && m.refresh_at > m.produced_at + WITHOUT_FACTS_LIFE_S)
		m.refresh_at = m.produced_at + WITHOUT_FACTS_LIFE_S;
	return m;
}

static void answer_store(struct ledger *l, struct view key, const struct message_answer *m)
{
	struct cache_facts facts = {
		.tag = m->tag,
		.issuer = m->issuer,
		.status = (uint8_t)m->status,
		.produced_at = m->produced_at,
		.this_update = m->this_update,
		.next_update = m->next_update,
		.refresh_at = m->refresh_at,
	};
	/* Not stored is only slower. */
	int result = cache_put(l->cache, key, &facts, m->der, NULL);
	(void)result;
}

void answer_signed(struct ledger *l, struct job *job, const struct message_signed *m)
{
	struct message_answer answer = answer_of(l, job, m);
	if (job->cacheable)
		answer_store(l, job->key, &answer);
	job_finish(l, job, &answer);
}

/* ---- second-level cache ---- */

static bool facts_usable(const struct ledger *l, const struct cache_facts *facts, struct moment now)
{
	int64_t now_s = wall_seconds(now.wall_us);
	bool fresh = l->has_evidence && evidence_fresh(l, &l->evidence, now);
	return (fresh || facts->status == OCSP_REVOKED) && now_s < facts->refresh_at &&
	       now_s < facts->next_update && facts->this_update <= now_s;
}

bool answer_cached(struct ledger *l, unsigned front, uint64_t id, const struct issuer *issuer,
		   struct view key, struct moment now)
{
	changes_flush(l);
	struct cache_entry *entry = cache_get(l->cache, key);
	if (!entry)
		return false;
	struct cache_facts facts = cache_entry_facts(entry);
	if (!facts_usable(l, &facts, now))
		return false;
	struct message_answer m = {
		.id = id,
		.result = OCSP_SUCCESSFUL,
		.cacheable = is_shareable(issuer),
		.status = (enum ocsp_status)facts.status,
		.tag = facts.tag,
		.issuer = facts.issuer,
		.produced_at = facts.produced_at,
		.this_update = facts.this_update,
		.next_update = facts.next_update,
		.refresh_at = facts.refresh_at,
		.der = cache_entry_payload(entry),
	};
	answer_send(l, front, &m);
	return true;
}

/* ---- purges and ticks ---- */

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

void answer_purge(struct ledger *l, const struct message_purge *m)
{
	cache_purge(l->cache, m);
	buffer_reset(&l->frame);
	message_purge_write(&l->frame, m);
	for (unsigned i = 0; i < LIMIT_FRONTS; i++)
		if (l->fronts[i].attached)
			frame_to_front(l, i, MESSAGE_PURGE);
}

void answer_tick(struct ledger *l, unsigned front)
{
	struct message_tick m = {
		.evidence_us = l->tick_us,
		.serve_until_mono_us = l->evidence.mono_us + l->conf->database.freshness_us,
	};
	buffer_reset(&l->frame);
	message_tick_write(&l->frame, &m);
	frame_to_front(l, front, MESSAGE_TICK);
}
