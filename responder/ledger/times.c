#include "ledger/times.h"

#include "base/timetext.h"
#include "conf/profile.h"
#include "ledger/extensions.h"
#include "ledger/state.h"

/* The database was away; its facts (P-30) are asked for again. */
#define WITHOUT_FACTS_LIFE_S 60

/* ---- before signing ---- */

/* The database's clock is a claim; how old the proof is we measure ourselves. Whichever clock is ahead,
 * the other one bounds it (doc/faults.md row 42). */
static int64_t bounded_us(const struct db_evidence *evidence, struct moment now)
{
	int64_t ours = now.wall_us - (now.mono_us - evidence->mono_us);
	return evidence->time_us < ours ? evidence->time_us : ours;
}

/* Up to when is what we say proven? The feed's evidence vouches for every row, because a change
 * would have come with it; that there is no row is only as new as the lookup that said so. Of several
 * CertIDs, which share one thisUpdate, the rows decide: an earlier time could fall into a hold that
 * was released since, and good would be a lie then; an issuance a moment ago is not. What lookups prove is
 * all of one. */
static int64_t proven_us(const struct ledger *l, const struct question *q, struct moment now)
{
	if (q->by_lookup)
		return bounded_us(&q->proof, now);
	int64_t feed = bounded_us(&l->evidence, now);
	const struct entry *entry = &q->entries[0];
	bool absent = q->count == 1 && entry->version == 0 && entry->knowledge == KNOWS_ABSENCE;
	if (!absent)
		return feed;
	int64_t lookup = bounded_us(&entry->evidence, now);
	return lookup < feed ? lookup : feed;
}

/* Nothing newer proves all of its verdicts, though the data is. INT64_MAX: the data does. */
static int64_t verdicts_as_of(const struct question *q)
{
	int64_t as_of = INT64_MAX;
	for (unsigned i = 0; i < q->count; i++)
		if (q->entries[i].verdict.as_of < as_of)
			as_of = q->entries[i].verdict.as_of;
	return as_of;
}

/* P-53: of a CA that has closed, for what it is known to have issued and what can change no more; a
 * hold can still end either way, and what CRLs prove ends with them. */
static bool is_final(const struct question *q)
{
	if (!q->section->final_answers)
		return false;
	for (unsigned i = 0; i < q->count; i++) {
		const struct verdict *verdict = &q->entries[i].verdict;
		bool held = verdict->says.status == OCSP_REVOKED &&
			    verdict->says.reason == REASON_CERTIFICATE_HOLD;
		if (!verdict->recorded || held || verdict->as_of != INT64_MAX)
			return false;
	}
	return true;
}

/* P-27: staplers refuse an answer that outlives its certificate. One that has expired, or is in its
 * last second, has no end left that an answer could keep. */
static int64_t certificates_end(const struct question *q, int64_t now_s)
{
	int64_t end = INT64_MAX;
	for (unsigned i = 0; !q->section->outlive && i < q->count; i++) {
		int64_t not_after = q->entries[i].verdict.not_after;
		if (not_after != TIME_NONE && not_after > now_s && not_after < end)
			end = not_after;
	}
	return end;
}

/* `end`, or where the profile ends an answer that nobody would take any more (BR 4.9.10). */
static int64_t stretched_end(const struct question *q, int64_t end)
{
	int64_t most = profile_life_most(q->section->profile);
	if (most == INT64_MAX || end - q->this_update < most)
		return end;
	return q->this_update + most - 1;
}

/* Would it help if the evidence were of this moment? */
static bool times_can_be(const struct ledger *l, const struct question *q, struct moment now)
{
	const struct db_evidence *evidence = &l->evidence;
	int64_t theirs = evidence->time_us + (now.mono_us - evidence->mono_us);
	int64_t proven = wall_seconds(theirs < now.wall_us ? theirs : now.wall_us);
	int64_t life = (q->section->validity_us - q->section->backdate_us) / SECOND_US;
	return proven + life - 1 > wall_seconds(now.wall_us);
}

enum times times_decide(const struct ledger *l, struct question *q, bool final, struct moment now)
{
	const struct conf_issuer *section = q->section;
	int64_t validity = section->validity_us / SECOND_US;
	int64_t now_s = wall_seconds(now.wall_us), end = certificates_end(q, now_s);
	int64_t proven = wall_seconds(proven_us(l, q, now)), as_of = verdicts_as_of(q);
	int64_t from = (proven < now_s ? proven : now_s) - section->backdate_us / SECOND_US;
	q->this_update = as_of < from ? as_of : from;
	/* Validity counts both ends. */
	q->next_update = from + validity - 1;
	/* Revoked is sticky: it stays true however old the proof is, so once half of the validity
	 * is gone it counts from now on. */
	if (q->next_update - now_s < validity / 2 && final)
		q->next_update = stretched_end(q, now_s + validity - 1);
	if (is_final(q))
		q->next_update = TIME_MOST;
	else if (q->next_update > end)
		q->next_update = end;
	if (as_of != INT64_MAX && q->next_update > q->valid_until) /* the next CRL says more */
		q->next_update = q->valid_until;
	if (section->retired_until != 0 && q->next_update > section->retired_until) /* P-33 */
		q->next_update = section->retired_until;
	if (q->next_update > now_s && q->next_update > q->this_update)
		return TIMES_RIGHT;
	return times_can_be(l, q, now) ? TIMES_STALE : TIMES_NEVER;
}

/* ---- after signing ---- */

static bool is_lightweight(const struct answer_label *label)
{
	return label->traits & ANSWER_LIGHTWEIGHT;
}

/* No cache says what its own lookup proved when that has grown old. */
static int64_t proven_until(const struct ledger *l, const struct question *q)
{
	int64_t left_us = q->proof.mono_us + l->conf->database.freshness_us - l->now.mono_us;
	return wall_seconds(l->now.wall_us + left_us);
}

static int64_t serve_until(const struct ledger *l, const struct question *q,
			   const struct answer_label *label)
{
	/* RFC 9919, 7.2: max-age, which ends here at the latest, ends before nextUpdate. */
	int64_t until = label->next_update - is_lightweight(label);
	if (q->valid_until < until)
		until = q->valid_until;
	if (q->by_lookup && proven_until(l, q) < until)
		until = proven_until(l, q);
	if (q->unassigned && label->produced_at + LIMIT_UNASSIGNED_AGE < until)
		until = label->produced_at + LIMIT_UNASSIGNED_AGE;
	return until;
}

/* For how long caches may hold it. RFC 9919, 7.1: HTTP caches that come back after the max-age that
 * they were told find a newer one, so none lives longer here. */
static int64_t life_here(const struct ledger *l, const struct answer_label *label)
{
	int64_t life = label->next_update - label->produced_at;
	int64_t max_age = l->conf->server.max_age_us / SECOND_US;
	return is_lightweight(label) && max_age < life ? max_age : life;
}

/* So fine that each second of a week has its share. */
#define SPREAD_MOST 1000000

/* From -SPREAD_MOST to SPREAD_MOST, the same for one answer each time. */
static int64_t spread(const struct ledger *l, const struct answer_label *label)
{
	uint64_t seed[2] = {label->tag, (uint64_t)label->produced_at};
	return (int64_t)(siphash(&l->key, view_of(seed, sizeof(seed))) % (2 * SPREAD_MOST + 1)) -
	       SPREAD_MOST;
}

/* `span`, and `share` of a tenth of it more or less. */
static int64_t stretched(int64_t span, int64_t share)
{
	const int64_t all = INT64_C(10) * SPREAD_MOST;
	return span + span / all * share + span % all * share / all;
}

/* P-28: at half of its life, ±10 % so that what was signed together is not signed anew together
 * (doc/faults.md row 13). Where the profile sets a bound it is one: of the life that relying parties see,
 * from thisUpdate on, and the spread is before it. */
static int64_t refresh_time(const struct ledger *l, enum profile profile,
			    const struct answer_label *label)
{
	int64_t most = profile_refresh_most(profile), soon = label->produced_at + 1;
	int64_t life = life_here(l, label);
	if (most == INT64_MAX)
		return label->produced_at + stretched(life / 2, spread(l, label));
	int64_t half = (label->next_update - label->this_update) / 2;
	int64_t bound = label->this_update + (half < most ? half : most);
	/* Revoked is said on old evidence, too; then again and again. */
	return bound <= soon ? soon
			     : label->produced_at + stretched(bound - label->produced_at,
							      spread(l, label) - SPREAD_MOST);
}

void times_of_answer(const struct ledger *l, const struct question *q, struct answer_label *label)
{
	label->serve_until = serve_until(l, q, label);
	label->refresh_at = refresh_time(l, q->section->profile, label);
	if (extensions_missing(q) && label->refresh_at > label->produced_at + WITHOUT_FACTS_LIFE_S)
		label->refresh_at = label->produced_at + WITHOUT_FACTS_LIFE_S;
	if (q->section->source == SOURCE_PRESIGNED) /* half of its life was over before it came */
		label->refresh_at = wall_seconds(l->now.wall_us) +
				    stretched(LIMIT_STORED_AGE, spread(l, label));
	if (label->refresh_at > label->serve_until)
		label->refresh_at = label->serve_until;
}
