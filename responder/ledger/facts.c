/* What answers say besides the status (P-30). Only lookups bring it, the revoked set has no room for
 * it; so where the configuration wants it, a revoked certificate is looked up too. But no fact is
 * worth a revoked answer: while the database does not answer, that goes out without. */
#include "ledger/state.h"

/* Lookups whose row was older than what the feed has brought meanwhile. */
#define FACTS_TRIES 2

/* P-53: of a CA revoked as a whole only the lookup tells what it has issued. */
static bool issuer_wants(const struct job *job)
{
	const struct conf_issuer *section = job->issuer->section;
	return section->cert_hash || section->crl_id ||
	       (section->final_answers && job->issuer->record.revoked_at != TIME_NONE);
}

/* As far as revoked answers go: good ones are looked up in any case. */
bool facts_wanted(const struct ledger *l, const struct entry *entry)
{
	const struct job *job = entry->job;
	struct cert_record row;
	if (!issuer_wants(job) || job->without_facts || !l->lookup_usable)
		return false;
	if (entry->knowledge == KNOWS_NOTHING)
		return true;
	return job->tries < FACTS_TRIES && entry->knowledge == KNOWS_ROW &&
	       revoked_find(l->revoked, job->issuer->record.id, serial_view(&entry->serial),
			    &row) &&
	       row.version > entry->record.version;
}

static struct view copy(uint8_t **at, struct view bytes)
{
	struct view kept = view_of(*at, bytes.size);
	if (bytes.size)
		memcpy(*at, bytes.data, bytes.size);
	*at += bytes.size;
	return kept;
}

void facts_drop(struct entry *entry)
{
	free(entry->fact_octets);
	entry->fact_octets = NULL;
	entry->facts = (struct cert_facts){0};
}

void facts_keep(struct entry *entry, const struct cert_facts *facts)
{
	const struct conf_issuer *section = entry->job->issuer->section;
	struct cert_facts wanted = {0};
	facts_drop(entry);
	if (entry->knowledge != KNOWS_ROW || !record_counts(&entry->record))
		return;
	if (section->cert_hash)
		wanted.certificate_hash = facts->certificate_hash;
	if (section->sct_list)
		wanted.sct_list = facts->sct_list;
	if (section->crl_id) {
		wanted.crl_url = facts->crl_url;
		wanted.crl_number = facts->crl_number;
		wanted.crl_time = facts->crl_time;
	}
	size_t size = wanted.certificate_hash.size + wanted.crl_url.size + wanted.crl_number.size +
		      wanted.sct_list.size;
	if (size == 0 && wanted.crl_time == 0)
		return;
	uint8_t *at = malloc(size + 1); /* an allocation also for a time alone */
	if (!at)
		return;
	entry->fact_octets = at;
	entry->facts = (struct cert_facts){
		.certificate_hash = copy(&at, wanted.certificate_hash),
		.crl_url = copy(&at, wanted.crl_url),
		.crl_number = copy(&at, wanted.crl_number),
		.crl_time = wanted.crl_time,
		.sct_list = copy(&at, wanted.sct_list),
	};
}

/* Did the CRL in the looked-up row bring the revocation that is answered? Not where the issuer's
 * own revocation decides, nor where the row is older than the verdict's. */
static bool crl_brought_it(const struct entry *entry)
{
	return entry->record.status != CERT_GOOD && entry->version == entry->record.version &&
	       entry->job->issuer->record.revoked_at == TIME_NONE;
}

struct cert_facts facts_of(const struct entry *entry)
{
	struct cert_facts facts = entry->facts;
	enum ocsp_status status = entry->verdict.status;
	if (entry->knowledge != KNOWS_ROW || status == OCSP_UNKNOWN)
		return (struct cert_facts){0};
	if (status != OCSP_GOOD)
		facts.sct_list = (struct view){0};
	if (status != OCSP_REVOKED || !crl_brought_it(entry)) {
		facts.crl_url = facts.crl_number = (struct view){0};
		facts.crl_time = 0;
	}
	return facts;
}

bool facts_missing(const struct job *job)
{
	for (unsigned i = 0; issuer_wants(job) && i < job->count; i++) {
		const struct entry *entry = &job->entries[i];
		bool revoked = entry->verdict.status == OCSP_REVOKED;
		if (revoked && entry->knowledge == KNOWS_NOTHING)
			return true;
		if (revoked && entry->knowledge == KNOWS_ROW &&
		    entry->record.version < entry->version)
			return true;
	}
	return false;
}

/* A job that would be decided if it wanted no facts. */
static bool waits_for_facts_only(struct ledger *l, struct job *job, struct moment now)
{
	bool before = job->without_facts, only = true;
	job->without_facts = true;
	for (unsigned i = 0; only && i < job->count; i++)
		only = !truth_wants_lookup(l, &job->entries[i], now);
	job->without_facts = before;
	return only;
}

void facts_give_up(struct ledger *l, struct moment now)
{
	struct job *job, *next;
	bool answers = l->lookup_usable && now.mono_us >= l->lookup_retry_us;
	if (answers)
		return;
	for (job = TAILQ_FIRST(&l->jobs_lookup); job; job = next) {
		next = TAILQ_NEXT(job, place);
		if (!waits_for_facts_only(l, job, now))
			continue;
		job->without_facts = true;
		job_advance(l, job, now);
	}
	signing_dispatch(l, now);
}
