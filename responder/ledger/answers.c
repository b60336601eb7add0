/* What goes to the fronts: answers, purges and ticks, in one order (DESIGN.md), and the second-level
 * cache, which holds what was signed so that N fronts never cause N signatures. */
#include "ledger/state.h"

static void frame_to_front(struct ledger *l, unsigned front, uint8_t type)
{
	if (buffer_result(&l->frame) == 0)
		l->ops->to_front(l->context, front, type, buffer_view(&l->frame));
	else
		ledger_alarm(l, "a message cannot be written type=%u", type);
}

void answer_send(struct ledger *l, unsigned front, struct message_answer *m)
{
	changes_remember(l);
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

/* What only those may have who sign is stored here, where every question is judged, and by no front
 * and no HTTP cache (P-15). */
static bool is_shareable(const struct issuer *issuer)
{
	return !issuer->section || issuer->section->signed_requests != SIGNED_REQUIRE;
}

/* P-49: a row of the first version has been good since it was recorded; and what was said before that,
 * of a serial that no row had, bears no Last-Modified but by RFC 9919. */
static bool never_changed(const struct job *job)
{
	const struct entry *entry = &job->entries[0];
	return entry->verdict.status == OCSP_GOOD && entry->version == 1 &&
	       job->issuer->section->profile != PROFILE_LIGHTWEIGHT;
}

static uint32_t traits_of(const struct job *job)
{
	bool lightweight = job->issuer->section->profile == PROFILE_LIGHTWEIGHT;
	return (job->revoked_only ? ANSWER_STICKY : 0U) |
	       (job->unassigned ? 0U : (unsigned)ANSWER_SHARED) |
	       (lightweight ? ANSWER_LIGHTWEIGHT : 0U) |
	       (never_changed(job) ? ANSWER_UNCHANGED : 0U);
}

static struct message_answer answer_of(const struct ledger *l, const struct job *job,
				       const struct message_signed *signed_response)
{
	struct message_answer m = {
		.result = OCSP_SUCCESSFUL,
		.cacheable = job->cacheable && is_shareable(job->issuer),
		.label.tag = job->entries[0].tag,
		.label.issuer = job->issuer->record.id,
		.label.status = job->entries[0].verdict.status,
		.label.traits = traits_of(job),
		.label.produced_at = signed_response->produced_at,
		.label.this_update = job->this_update,
		.label.next_update = signed_response->next_update,
		.der = signed_response->der,
	};
	times_of_answer(l, job, &m.label);
	return m;
}

void answer_signed(struct ledger *l, struct job *job, const struct message_signed *m)
{
	struct message_answer answer = answer_of(l, job, m);
	/* Not stored is only slower. */
	if (job->cacheable)
		(void)!cache_put(l->cache, job->key, &answer.label, answer.der, NULL);
	job_finish(l, job, &answer);
}

/* ---- second-level cache ---- */

/* What is due to be made anew is not repeated to a front. And nothing that comes from a future which our
 * clock was set back from (P-28). */
static bool label_usable(const struct ledger *l, const struct answer_label *label,
			 struct moment now)
{
	int64_t now_s = wall_seconds(now.wall_us);
	bool fresh = l->has_evidence && evidence_fresh(l, &l->evidence, now);
	bool past = now_s >= label->refresh_at || now_s >= label->serve_until ||
		    now_s >= label->next_update;
	bool future = label->this_update > now_s || label->produced_at > now_s;
	return (fresh || (label->traits & ANSWER_STICKY)) && !past && !future;
}

bool answer_cached(struct ledger *l, unsigned front, uint64_t id, const struct issuer *issuer,
		   struct view key, struct moment now)
{
	changes_flush(l);
	struct cache_entry *entry = cache_get(l->cache, key);
	if (!entry)
		return false;
	struct message_answer m = {
		.id = id,
		.result = OCSP_SUCCESSFUL,
		.cacheable = is_shareable(issuer),
		.label = cache_entry_label(entry),
		.der = cache_entry_payload(entry),
	};
	if (!label_usable(l, &m.label, now))
		return false;
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
