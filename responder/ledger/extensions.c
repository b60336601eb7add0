#include "ledger/extensions.h"

#include "conf/conf.h"

#include <stdlib.h>

/* Lookups whose row was older than what the feed has brought meanwhile. */
#define FACTS_TRIES 2

/* P-53: of a CA revoked as a whole only the lookup tells what it has issued. */
bool extensions_wanted(const struct question *q)
{
	const struct conf_issuer *section = q->section;
	return section->cert_hash || section->crl_id ||
	       (section->final_answers && q->issuer->record.revoked_at != TIME_NONE);
}

bool extensions_configured(const struct conf_issuer *section)
{
	return section->cert_hash || section->crl_id || section->sct_list || section->final_answers;
}

bool extensions_lacking(const struct entry *entry, const struct cert_record *row)
{
	const struct question *q = entry->question;
	if (!extensions_wanted(q) || q->without_facts)
		return false;
	if (entry->knowledge == KNOWS_NOTHING)
		return true;
	return q->tries < FACTS_TRIES && entry->knowledge == KNOWS_ROW && row &&
	       row->version > entry->record.version;
}

static struct view copy(uint8_t **at, struct view bytes)
{
	struct view kept = view_of(*at, bytes.size);
	if (bytes.size)
		memcpy(*at, bytes.data, bytes.size);
	*at += bytes.size;
	return kept;
}

static struct cert_facts wanted_of(const struct conf_issuer *section,
				   const struct cert_facts *facts)
{
	struct cert_facts wanted = {0};
	if (section->cert_hash)
		wanted.certificate_hash = facts->certificate_hash;
	if (section->sct_list)
		wanted.sct_list = facts->sct_list;
	if (section->crl_id) {
		wanted.crl_url = facts->crl_url;
		wanted.crl_number = facts->crl_number;
		wanted.crl_time = facts->crl_time;
	}
	return wanted;
}

void extensions_keep(struct entry *entry, const struct cert_facts *facts)
{
	const struct cert_facts wanted = wanted_of(entry->question->section, facts);
	size_t size = wanted.certificate_hash.size + wanted.crl_url.size + wanted.crl_number.size +
		      wanted.sct_list.size;
	free(entry->fact_octets);
	entry->fact_octets = NULL;
	entry->facts = (struct cert_facts){0};
	if (entry->knowledge != KNOWS_ROW || !record_counts(&entry->record) ||
	    (size == 0 && wanted.crl_time == 0))
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
	       entry->question->issuer->record.revoked_at == TIME_NONE;
}

struct cert_facts extensions_of(const struct entry *entry)
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

bool extensions_missing(const struct question *q)
{
	for (unsigned i = 0; extensions_wanted(q) && i < q->count; i++) {
		const struct entry *entry = &q->entries[i];
		bool revoked = entry->verdict.status == OCSP_REVOKED;
		if (revoked && entry->knowledge == KNOWS_NOTHING)
			return true;
		if (revoked && entry->knowledge == KNOWS_ROW &&
		    entry->record.version < entry->version)
			return true;
	}
	return false;
}
