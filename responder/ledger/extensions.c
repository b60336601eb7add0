#include "ledger/extensions.h"

#include "conf/conf.h"

#include <stdlib.h>

/* Lookups whose row was older than what the feed has brought meanwhile. */
#define FACTS_TRIES 2

/* P-53: of a CA revoked as a whole only the lookup tells what it has issued. */
bool extensions_wanted(const struct question *q)
{
	const struct conf_issuer *section = q->section;
	return (conf_extensions(section) & extensions_with(OCSP_REVOKED)) ||
	       (section->final_answers && q->issuer->record.revoked_at != TIME_NONE);
}

bool extensions_configured(const struct conf_issuer *section)
{
	return conf_extensions(section) != 0;
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

void extensions_keep(struct entry *entry, const struct cert_facts *facts)
{
	const struct cert_facts wanted =
		facts_only(facts, conf_extensions(entry->question->section));
	free(entry->fact_octets);
	entry->fact_octets = NULL;
	entry->facts = (struct cert_facts){0};
	if (entry->knowledge != KNOWS_ROW || !record_counts(&entry->record) ||
	    facts_extensions(&wanted) == 0)
		return;
	entry->fact_octets = malloc(facts_size(&wanted) + 1); /* also for a time alone */
	if (entry->fact_octets)
		entry->facts = facts_copy(&wanted, entry->fact_octets);
}

/* Did the CRL in the looked-up row bring the revocation that is answered? Not where the issuer's
 * own revocation decides, nor where the row is older than the verdict's. */
static bool crl_brought_it(const struct entry *entry)
{
	return entry->record.status != CERT_GOOD && entry->version == entry->record.version &&
	       entry->question->issuer->record.revoked_at == TIME_NONE;
}

/* Those of the looked-up row. */
static struct cert_facts row_facts(const struct entry *entry)
{
	unsigned fit = extensions_with(entry->verdict.says.status);
	if (entry->knowledge != KNOWS_ROW)
		return (struct cert_facts){0};
	if (!crl_brought_it(entry))
		fit &= ~EXTENSION_BIT(EXTENSION_CRL_ID);
	return facts_only(&entry->facts, fit);
}

/* Is the certificate good because the issuer's CRL does not list it (P-22)? Not by the CRL that came after the
 * one whose time is answered: what that lists may not be here yet. */
static bool proven_by_crl(const struct entry *entry)
{
	const struct verdict *verdict = &entry->verdict;
	return verdict->says.status == OCSP_GOOD && verdict->as_of != INT64_MAX &&
	       verdict->as_of == entry->question->issuer->crl.crl_time;
}

struct cert_facts extensions_of(const struct entry *entry)
{
	const struct question *q = entry->question;
	struct cert_facts facts = row_facts(entry);
	if (!proven_by_crl(entry) ||
	    !(conf_extensions(q->section) & EXTENSION_BIT(EXTENSION_CRL_ID)))
		return facts;
	facts.crl_url = q->issuer->crl.crl_url;
	facts.crl_number = q->issuer->crl.crl_number;
	facts.crl_time = q->issuer->crl.crl_time;
	return facts;
}

bool extensions_missing(const struct question *q)
{
	for (unsigned i = 0; extensions_wanted(q) && i < q->count; i++) {
		const struct entry *entry = &q->entries[i];
		bool revoked = entry->verdict.says.status == OCSP_REVOKED;
		if (revoked && entry->knowledge == KNOWS_NOTHING)
			return true;
		if (revoked && entry->knowledge == KNOWS_ROW &&
		    entry->record.version < entry->version)
			return true;
	}
	return false;
}
