/* What is known of a job's certificates, and what may be said of them now.
 *
 * The revoked set comes first: what is not good there needs no lookup and loses against no lookup.
 * Everything else needs a lookup whose evidence is fresh and which is not older than the set. */
#include "ledger/state.h"

bool evidence_fresh(const struct ledger *l, const struct db_evidence *evidence, struct moment now)
{
	return now.mono_us < evidence->mono_us + l->conf->database.freshness_us;
}

static bool feed_fresh(const struct ledger *l, struct moment now)
{
	return l->has_evidence && evidence_fresh(l, &l->evidence, now);
}

/* P-34: of a revoked issuer every certificate is revoked, whether it has a row or not, so nothing
 * needs to be looked up (verdict.c). */
static bool issuer_decides(const struct job *job)
{
	return job->issuer->record.revoked_at != TIME_NONE;
}

static int64_t entry_version(const struct entry *entry)
{
	return entry->knowledge == KNOWS_ROW ? entry->record.version : 0;
}

static bool set_row(const struct ledger *l, const struct entry *entry, struct cert_record *ret)
{
	return revoked_find(l->revoked, entry->job->issuer->record.id, serial_view(&entry->serial),
			    ret);
}

bool truth_wants_lookup(const struct ledger *l, const struct entry *entry, struct moment now)
{
	struct cert_record row;
	bool in_set = set_row(l, entry, &row);
	if (entry->job->issuer == &l->stranger) /* the feed would have brought its issuer */
		return false;
	if ((in_set && status_says_revoked(row.status)) || issuer_decides(entry->job))
		return facts_wanted(l, entry);
	if (entry->knowledge == KNOWS_NOTHING || !evidence_fresh(l, &entry->evidence, now))
		return true;
	return in_set && row.version > entry_version(entry);
}

/* The record that the verdict rests on; NULL: there is no row, or the issuer decides without. */
static const struct cert_record *entry_basis(const struct ledger *l, const struct entry *entry,
					     struct cert_record *storage)
{
	if (set_row(l, entry, storage) && status_says_revoked(storage->status))
		return storage;
	return entry->knowledge == KNOWS_ROW ? &entry->record : NULL;
}

/* P-6: a number that nobody can have issued is not good for want of a revocation either (P-22). */
static struct issuer_policy policy_of(const struct entry *entry, const struct cert_record *record)
{
	struct issuer_policy policy = entry->job->issuer->section->policy;
	bool negative = entry->serial.octets[0] & 0x80;
	if (negative || (record && record->status == CERT_GOOD && !record_counts(record)))
		policy.complete = true;
	return policy;
}

static void entry_judge(const struct ledger *l, struct entry *entry, struct moment now)
{
	struct cert_record storage;
	const struct issuer *issuer = entry->job->issuer;
	const struct cert_record *record = entry_basis(l, entry, &storage);
	const struct issuer_policy policy = policy_of(entry, record);
	entry->verdict = verdict_of(&policy, &issuer->record, record, wall_seconds(now.wall_us));
	entry->version = record ? record->version : 0;
}

/* A row that cannot be understood says nothing, but it says so only of its own certificate. */
static void entry_decide(const struct ledger *l, struct entry *entry, struct moment now)
{
	entry_judge(l, entry, now);
	if (entry->knowledge == KNOWS_CORRUPTION && entry->version == 0 &&
	    !issuer_decides(entry->job))
		entry->verdict.result = OCSP_INTERNAL_ERROR;
}

/* Revoked for good: neither on a hold that can end nor a serial never issued (P-23). */
static bool verdict_final(const struct conf_issuer *section, const struct verdict *verdict)
{
	bool can_end = verdict->reason == REASON_CERTIFICATE_HOLD && section->hold_releasable;
	return verdict->status == OCSP_REVOKED && !verdict->extended_revoke && !can_end;
}

static bool verdict_revoked(const struct verdict *verdict)
{
	return verdict->status == OCSP_REVOKED && !verdict->extended_revoke;
}

enum job_state truth_decide(const struct ledger *l, struct job *job, struct moment now)
{
	bool final = true;
	job->overtaken = false;
	if (issuer_unusable(job->issuer)) {
		job->entries[0].verdict.result = OCSP_TRY_LATER;
		return JOB_NEW;
	}
	for (unsigned i = 0; i < job->count; i++)
		if (truth_wants_lookup(l, &job->entries[i], now))
			return JOB_LOOKUP;
	job->revoked_only = true;
	job->unassigned = false;
	job->valid_until = INT64_MAX;
	for (unsigned i = 0; i < job->count; i++) {
		const struct verdict *verdict = &job->entries[i].verdict;
		entry_decide(l, &job->entries[i], now);
		if (verdict->result == OCSP_SUCCESSFUL && verdict->status == OCSP_GOOD &&
		    lost_stops_good(l))
			job->entries[i].verdict.result = OCSP_TRY_LATER;
		if (verdict->result != OCSP_SUCCESSFUL)
			return JOB_NEW;
		job->revoked_only = job->revoked_only && verdict_revoked(verdict);
		job->unassigned = job->unassigned || verdict->unassigned;
		if (verdict->valid_until < job->valid_until)
			job->valid_until = verdict->valid_until;
		final = final && verdict_final(job->issuer->section, verdict);
	}
	bool fresh = feed_fresh(l, now);
	if (!l->has_evidence || (!fresh && !job->revoked_only))
		return JOB_STALE; /* I-3 */
	if (times_decide(l, job, final, now))
		return JOB_QUEUED;
	if (!fresh)
		return JOB_STALE;
	/* The best proof is too old for an answer of this validity: the database's clock is behind ours,
	 * or the issuer retired. Waiting mends neither. */
	job->entries[0].verdict.result = OCSP_TRY_LATER;
	return JOB_NEW;
}

enum ocsp_result truth_refusal(const struct job *job)
{
	unsigned i = 0;
	while (i + 1 < job->count && job->entries[i].verdict.result == OCSP_SUCCESSFUL)
		i++;
	return job->entries[i].verdict.result;
}
