#include "ledger/verdicts.h"

#include "ledger/extensions.h"
#include "ledger/known.h"
#include "ledger/lookups.h"
#include "ledger/lost.h"
#include "ledger/proving.h"
#include "ledger/revoked.h"
#include "ledger/state.h"
#include "ledger/times.h"

/* P-34: of a revoked issuer every certificate is revoked, whether it has a row or not, so nothing
 * needs to be looked up (verdict.c). */
static bool issuer_decides(const struct question *q)
{
	return q->issuer->record.revoked_at != TIME_NONE;
}

/* That of the revoked set, or NULL. */
static const struct cert_record *set_row(const struct ledger *l, const struct entry *entry,
					 struct cert_record *storage)
{
	bool found = revoked_find(l->revoked, entry->question->issuer->record.id,
				  entry->certid.serial, storage);
	return found ? storage : NULL;
}

static bool row_revokes(const struct cert_record *row)
{
	return row && status_says_revoked(row->status);
}

/* While lookups prove (proving.h): one that does, and that knows what is known of its issuer. Where the feed vouches
 * for the rest of its time, only if they are known to come. */
static bool wants_proof(const struct ledger *l, const struct entry *entry, struct moment now)
{
	const struct issuer *issuer = entry->question->issuer;
	if (!proving(l, now) ||
	    (feed_fresh(l, now) && (!proving_until(l, now) || !lookups_answer(l, now))))
		return false;
	return !entry->proof ||
	       (entry->issuer_version && entry->issuer_version < issuer->record.version);
}

static bool wants_lookup(const struct ledger *l, const struct entry *entry,
			 const struct cert_record *row, struct moment now)
{
	const struct question *q = entry->question;
	if (q->unknown) /* the feed would have brought its issuer */
		return false;
	if (row_revokes(row) || issuer_decides(q))
		return extensions_lacking(entry, row) && lookups_answer(l, now);
	if (entry->knowledge == KNOWS_NOTHING || !evidence_fresh(l, &entry->evidence, now))
		return true;
	if (row && row->version > (entry->knowledge == KNOWS_ROW ? entry->record.version : 0))
		return true;
	return wants_proof(l, entry, now);
}

/* ---- one certificate ---- */

/* P-6: a number that nobody can have issued is not good for want of a revocation either (P-22). */
static struct issuer_policy policy_of(const struct entry *entry, const struct cert_record *record)
{
	struct issuer_policy policy = entry->question->section->policy;
	bool negative = entry->certid.serial.data[0] & 0x80;
	if (negative || (record && record->status == CERT_GOOD && !record_counts(record)))
		policy.complete = true;
	return policy;
}

/* The record that the verdict rests on; NULL: there is no row, or the issuer decides without. */
static const struct cert_record *basis_of(const struct entry *entry, const struct cert_record *row)
{
	if (row_revokes(row))
		return row;
	return entry->knowledge == KNOWS_ROW ? &entry->record : NULL;
}

/* A row that cannot be understood says nothing, but it says so only of its own certificate. */
static struct verdict judge(const struct entry *entry, const struct cert_record *record,
			    struct moment now)
{
	const struct question *q = entry->question;
	const struct issuer_policy policy = policy_of(entry, record);
	struct verdict verdict =
		verdict_of(&policy, &q->issuer->record, record, wall_seconds(now.wall_us));
	if (entry->knowledge == KNOWS_CORRUPTION && !record && !issuer_decides(q))
		verdict.result = OCSP_INTERNAL_ERROR;
	return verdict;
}

static bool recall(const struct ledger *l, struct entry *entry, struct moment now)
{
	int32_t issuer = entry->question->issuer->record.id;
	struct view serial = entry->certid.serial;
	if (entry->question->explanation)
		return known_peek(l->known, entry->tag, issuer, serial, now.mono_us,
				  &entry->record);
	return known_find(l->known, entry->tag, issuer, serial, now.mono_us, &entry->record);
}

/* While the feed is whole it vouches for what a lookup found before, as of its own evidence. So it does for
 * as long as that is fresh while the database is away (row 45): nobody can be asked for anything newer, and
 * the load that follows begins by forgetting. */
static bool is_vouched_for(const struct ledger *l)
{
	bool away = l->has_evidence && !l->feed_up && !l->loading && !l->distrusted &&
		    !lookups_usable(l);
	return feed_whole(l) || away;
}

static void entry_recall(const struct ledger *l, struct entry *entry, struct moment now)
{
	const struct question *q = entry->question;
	bool learned =
		entry->knowledge != KNOWS_NOTHING && evidence_fresh(l, &entry->evidence, now);
	if (learned || q->unknown || !is_vouched_for(l) || extensions_configured(q->section) ||
	    !recall(l, entry, now))
		return;
	entry->knowledge = KNOWS_ROW;
	entry->recalled = true;
	entry->evidence = l->evidence;
	entry->proof = 0;
}

static void entry_decide(const struct ledger *l, struct entry *entry, struct moment now)
{
	entry_recall(l, entry, now);
	struct cert_record storage;
	const struct cert_record *row = set_row(l, entry, &storage);
	const struct cert_record *record = basis_of(entry, row);
	entry->wants = wants_lookup(l, entry, row, now);
	entry->verdict = judge(entry, record, now);
	entry->version = record ? record->version : 0;
}

static bool verdict_revoked(const struct verdict *verdict)
{
	return verdict->says.status == OCSP_REVOKED && !verdict->extended_revoke;
}

/* Revoked for good: neither on a hold that can end nor a serial never issued (P-23). */
static bool verdict_final(const struct conf_issuer *section, const struct verdict *verdict)
{
	bool can_end = verdict->says.reason == REASON_CERTIFICATE_HOLD && section->hold_releasable;
	return verdict_revoked(verdict) && !can_end;
}

/* ---- proven by lookups (proving.h) ---- */

static bool entry_proven(const struct ledger *l, const struct entry *entry, struct moment now)
{
	bool read = entry->knowledge == KNOWS_ROW || entry->knowledge == KNOWS_ABSENCE;
	return entry->proof && read &&
	       issuer_is_of(entry->question->issuer, entry->issuer_version) &&
	       proving_counts(l, &entry->evidence, now);
}

/* What needs no proof is none of it. Of several all were read in one snapshot, because an earlier time could
 * fall into a hold of one that was released since. A hold itself the feed must vouch for. */
static const struct entry *unlike(const struct question *q, const struct entry *first)
{
	for (unsigned i = 0; i < q->count; i++)
		if (!verdict_final(q->section, &q->entries[i].verdict) &&
		    (!first || q->entries[i].proof != first->proof))
			return &q->entries[i];
	return NULL;
}

static bool all_proven(const struct ledger *l, const struct question *q, struct moment now)
{
	for (unsigned i = 0; i < q->count; i++) {
		const struct entry *entry = &q->entries[i];
		if (verdict_final(q->section, &entry->verdict))
			continue;
		if (verdict_revoked(&entry->verdict) || !entry_proven(l, entry, now))
			return false;
	}
	return true;
}

bool verdicts_proven(const struct ledger *l, const struct question *q, struct moment now)
{
	const struct entry *first = unlike(q, NULL);
	return first && !unlike(q, first) && all_proven(l, q, now);
}

/* Each by another one: then by one for all. */
static void prove_together(const struct ledger *l, struct question *q, struct moment now)
{
	const struct entry *first = unlike(q, NULL);
	if (feed_fresh(l, now) || !first || !unlike(q, first) || !all_proven(l, q, now))
		return;
	for (unsigned i = 0; i < q->count; i++)
		q->entries[i].wants = !verdict_final(q->section, &q->entries[i].verdict);
}

static void prove_by_lookup(const struct ledger *l, struct question *q, struct moment now)
{
	q->by_lookup = !q->revoked_only && verdicts_proven(l, q, now);
	if (q->by_lookup)
		q->proof = unlike(q, NULL)->evidence;
}

/* ---- a question ---- */

/* What the verdicts come to. True: all are final. */
static bool gather(struct question *q)
{
	bool final = true;
	q->revoked_only = true;
	q->unassigned = false;
	q->valid_until = INT64_MAX;
	for (unsigned i = 0; i < q->count; i++) {
		const struct verdict *verdict = &q->entries[i].verdict;
		q->revoked_only = q->revoked_only && verdict_revoked(verdict);
		q->unassigned = q->unassigned || verdict->unassigned;
		if (verdict->valid_until < q->valid_until)
			q->valid_until = verdict->valid_until;
		final = final && verdict_final(q->section, verdict);
	}
	return final;
}

static bool any_wants(const struct question *q)
{
	bool wants = false;
	for (unsigned i = 0; i < q->count; i++)
		wants = wants || q->entries[i].wants;
	return wants;
}

/* Of what was not issued nothing was signed beforehand, and of what was withdrawn what was counts no more (P-22). */
static bool is_unsigned(const struct question *q, const struct verdict *verdict)
{
	return q->section->source == SOURCE_PRESIGNED &&
	       (verdict->says.status == OCSP_UNKNOWN || verdict->extended_revoke);
}

/* The first one counts. `no_good`: until an operator has accepted what the database has lost (I-10). */
static enum ocsp_result result_of(struct question *q, bool no_good)
{
	for (unsigned i = 0; i < q->count; i++) {
		const struct verdict *verdict = &q->entries[i].verdict;
		if (verdict->result == OCSP_INTERNAL_ERROR)
			q->cause = CAUSE_ROW_UNREADABLE;
		if (verdict->result == OCSP_TRY_LATER)
			q->cause = CAUSE_NO_CRL;
		if (verdict->result != OCSP_SUCCESSFUL)
			return verdict->result;
		if (is_unsigned(q, verdict)) {
			q->cause = CAUSE_NO_ANSWER;
			return OCSP_UNAUTHORIZED;
		}
		if (verdict->says.status == OCSP_GOOD && no_good) {
			q->cause = CAUSE_LOST_HISTORY;
			return OCSP_TRY_LATER;
		}
	}
	return OCSP_SUCCESSFUL;
}

static enum question_state state_of(const struct ledger *l, struct question *q, bool final,
				    struct moment now, enum ocsp_result *refusal)
{
	q->cause = CAUSE_STALE;
	prove_by_lookup(l, q, now);
	if (!l->has_evidence || (!feed_fresh(l, now) && !q->revoked_only && !q->by_lookup))
		return QUESTION_STALE; /* I-3 */
	switch (times_decide(l, q, final, now)) {
	case TIMES_RIGHT:
		q->cause = CAUSE_NONE;
		return QUESTION_QUEUED;
	case TIMES_STALE:
		return QUESTION_STALE;
	case TIMES_NEVER:
		break;
	}
	q->cause = CAUSE_CLOCK;
	*refusal = OCSP_TRY_LATER;
	return QUESTION_NEW;
}

enum question_state verdicts_decide(const struct ledger *l, struct question *q, struct moment now,
				    enum ocsp_result *refusal)
{
	*refusal = OCSP_TRY_LATER;
	q->cause = CAUSE_ISSUER_UNUSABLE;
	if (issuer_unusable(q->issuer))
		return QUESTION_NEW;
	for (unsigned i = 0; i < q->count; i++)
		entry_decide(l, &q->entries[i], now);
	prove_together(l, q, now);
	q->cause = CAUSE_NO_LOOKUP;
	if (any_wants(q))
		return QUESTION_LOOKUP;
	q->cause = CAUSE_NONE;
	*refusal = result_of(q, lost_stops_good(l));
	if (*refusal != OCSP_SUCCESSFUL)
		return QUESTION_NEW;
	/* Once given up they are not waited for again. */
	q->without_facts = q->without_facts || !lookups_answer(l, now);
	return state_of(l, q, gather(q), now, refusal);
}

enum basis verdicts_basis(const struct ledger *l, const struct entry *entry,
			  struct cert_record *ret)
{
	struct cert_record storage;
	const struct cert_record *row = set_row(l, entry, &storage);
	const struct cert_record *record = basis_of(entry, row);
	if (record)
		*ret = *record;
	if (record && record == row)
		return BASIS_SET;
	if (issuer_decides(entry->question))
		return BASIS_ISSUER;
	if (record)
		return entry->recalled ? BASIS_KNOWN : BASIS_ROW;
	if (entry->knowledge == KNOWS_ABSENCE)
		return BASIS_ABSENCE;
	return entry->knowledge == KNOWS_CORRUPTION ? BASIS_CORRUPTION : BASIS_NOTHING;
}

static bool verdict_equal(const struct verdict *a, const struct verdict *b)
{
	return a->result == b->result && a->says.status == b->says.status &&
	       a->says.reason == b->says.reason && a->says.revoked_at == b->says.revoked_at &&
	       a->says.invalidity_at == b->says.invalidity_at &&
	       a->extended_revoke == b->extended_revoke && a->unassigned == b->unassigned &&
	       a->as_of == b->as_of;
}

bool verdicts_hold(const struct ledger *l, const struct question *q, struct moment now)
{
	for (unsigned i = 0; i < q->count; i++) {
		struct cert_record storage;
		const struct entry *entry = &q->entries[i];
		const struct cert_record *row = set_row(l, entry, &storage);
		struct verdict verdict = judge(entry, basis_of(entry, row), now);
		if (!verdict_equal(&entry->verdict, &verdict))
			return false;
	}
	return true;
}
