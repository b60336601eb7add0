#include "ledger/responses.h"

#include "cache/cache.h"
#include "ledger/binding.h"
#include "ledger/fronts.h"
#include "ledger/proving.h"
#include "ledger/public_names.h"
#include "ledger/state.h"
#include "ledger/times.h"

/* P-49: a row of the first version has been good since it was recorded; and what was said before that,
 * of a serial that no row had, bears no Last-Modified but by RFC 9919. */
static bool never_changed(const struct question *q)
{
	const struct entry *entry = &q->entries[0];
	return entry->verdict.says.status == OCSP_GOOD && entry->version == 1 &&
	       q->section->source == SOURCE_SIGNER && q->section->profile != PROFILE_LIGHTWEIGHT;
}

static uint32_t traits_of(const struct question *q)
{
	bool lightweight = q->section->profile == PROFILE_LIGHTWEIGHT;
	return (q->revoked_only ? ANSWER_STICKY : 0U) |
	       (q->unassigned || q->by_lookup ? 0U : (unsigned)ANSWER_SHARED) |
	       (lightweight ? ANSWER_LIGHTWEIGHT : 0U) | (never_changed(q) ? ANSWER_UNCHANGED : 0U);
}

struct message_answer responses_of(const struct ledger *l, const struct question *q,
				   const struct message_signed *m)
{
	struct message_answer answer = {
		.result = OCSP_SUCCESSFUL,
		.cacheable = q->cacheable && !q->by_lookup && binding_is_shareable(q),
		.leave_until_mono_us =
			q->by_lookup ? q->proof.mono_us + l->conf->database.freshness_us : 0,
		.label.tag = q->entries[0].tag,
		.label.issuer = q->issuer->record.id,
		.label.status = q->section->source == SOURCE_PRESIGNED
					? q->stored_says.status
					: q->entries[0].verdict.says.status,
		.label.traits = traits_of(q),
		.label.produced_at = m->produced_at,
		.label.this_update = q->this_update,
		.label.next_update = m->next_update,
		.name = public_names_of(l, q),
		.der = m->der,
	};
	times_of_answer(l, q, &answer.label);
	return answer;
}

void responses_store(struct ledger *l, const struct question *q, const struct message_answer *m)
{
	/* Not stored is only slower. */
	(void)!cache_put(l->cache, q->key, &m->label, m->der, NULL);
}

/* What is due to be made anew is not repeated to a front. And nothing that comes from a future which our
 * clock was set back from (P-28). While lookups prove, the evidence that it rests on may end on its way. */
bool responses_usable(const struct ledger *l, const struct answer_label *label, struct moment now)
{
	int64_t now_s = wall_seconds(now.wall_us);
	bool past = now_s >= label->refresh_at || now_s >= label->serve_until ||
		    now_s >= label->next_update;
	bool future = label->this_update > now_s || label->produced_at > now_s;
	bool lasts = feed_fresh(l, now) && !proving_until(l, now);
	return (lasts || (label->traits & ANSWER_STICKY)) && !past && !future;
}

bool responses_find(struct ledger *l, const struct question *q, struct moment now,
		    struct message_answer *ret)
{
	fronts_flush(l); /* not after it was found */
	struct cache_entry *entry = cache_get(l->cache, q->key);
	if (!entry)
		return false;
	*ret = (struct message_answer){
		.result = OCSP_SUCCESSFUL,
		.cacheable = binding_is_shareable(q),
		.label = cache_entry_label(entry),
		.name = public_names_of(l, q),
		.der = cache_entry_payload(entry),
	};
	return responses_usable(l, &ret->label, now);
}
