#include "signer/admission.h"

#include <openssl/err.h>

/* What the ledger's clock reading and ours may differ by: it read whole seconds, and so do we. */
#define ROUNDING 1

/* RFC 5280, 7.1, as the library compares names. */
static bool is_subject(const struct credential *c, struct view der)
{
	const unsigned char *at = der.data;
	X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)der.size);
	bool same = name && at == der.data + der.size &&
		    X509_NAME_cmp(name, X509_get_subject_name(c->ca.x509)) == 0;
	X509_NAME_free(name);
	ERR_clear_error();
	return same;
}

/* P-7: the CA's name in another encoding, which the ledger has from the database, and its key. */
static bool names_otherwise(const struct credential *c, const struct sign_entry *entry,
			    const struct ocsp_certid *certid)
{
	struct ocsp_issuer named;
	return entry->issuer_name.size > 0 &&
	       ocsp_issuer_init(&named, entry->issuer_name, c->ca.slices.key_bits) == 0 &&
	       ocsp_issuer_matches(&named, certid) && is_subject(c, entry->issuer_name);
}

/* P-8, P-9, P-12: by both hashes, and one that we compute. */
static bool is_of_issuer(const struct credential *c, const struct sign_entry *entry,
			 const struct ocsp_certid *certid)
{
	return ocsp_issuer_matches(&c->issuer, certid) || names_otherwise(c, entry, certid);
}

static const char *refuse_certids(const struct credential *c, const struct message_sign *job)
{
	struct ocsp_certid certid;
	if (job->count < 1 || job->count > LIMIT_CERTIDS)
		return "count of CertIDs out of range";
	for (unsigned i = 0; i < job->count; i++) {
		if (ocsp_certid_parse(job->entries[i].certid, &certid) != 0)
			return "malformed CertID";
		if (is_of_issuer(c, &job->entries[i], &certid) == job->unknown_issuer)
			return job->unknown_issuer ? "CertID of an issuer that is known"
						   : "CertID of another issuer";
	}
	return NULL;
}

static bool only_revoked(const struct message_sign *job)
{
	for (unsigned i = 0; i < job->count; i++)
		if (job->entries[i].says.status != OCSP_REVOKED)
			return false;
	return true;
}

/* Revoked is served on old evidence too, with a life that starts now; good and unknown live no
 * longer than the configured validity from their evidence on (doc/design.md, Honest freshness). What a CRL says
 * without the database is as old as that CRL, which the ledger knows: then the end alone is bounded here. */
static const char *refuse_times(const struct credential *c, const struct message_sign *job,
				int64_t now)
{
	int64_t this_update = job->this_update, next_update = job->next_update;
	if (this_update > now)
		return "thisUpdate in the future";
	if (next_update <= this_update)
		return "nextUpdate not after thisUpdate";
	if (next_update > now + c->validity + ROUNDING)
		return "nextUpdate beyond the validity";
	if (!c->known_by_crl && !only_revoked(job) &&
	    next_update - this_update > c->validity + c->backdate + ROUNDING)
		return "validity longer than configured";
	return NULL;
}

/* The extended definition is exact: a hold since 1970 (P-23). */
static const char *refuse_extended_revoke(const struct message_sign *job)
{
	if (!job->extended_revoke)
		return NULL;
	for (unsigned i = 0; i < job->count; i++)
		if (ocsp_never_issued(&job->entries[i].says))
			return NULL;
	return "extended-revoke without a serial never issued";
}

/* P-30: nothing that the configuration does not ask for. */
static const char *refuse_facts(const struct credential *c, const struct message_sign *job)
{
	for (unsigned i = 0; i < job->count; i++)
		if (facts_extensions(&job->entries[i].facts) & ~c->extensions)
			return "an extension that is not configured";
	return NULL;
}

/* P-22: of issuers that nobody here knows it is said that their certificates are unknown, by the
 * default issuer's signer, and nothing else. keyring.c sees to it that nobody knows them. */
static const char *refuse_unknown_issuer(const struct credential *c, const struct message_sign *job)
{
	if (!job->unknown_issuer)
		return NULL;
	if (!c->answers_unknown_issuers)
		return "an unknown issuer, which this signer does not answer for";
	for (unsigned i = 0; i < job->count; i++)
		if (job->entries[i].says.status != OCSP_UNKNOWN)
			return "a status other than unknown of an unknown issuer";
	return NULL;
}

const char *admission_refusal(const struct credential *c, const struct message_sign *job,
			      int64_t now)
{
	const char *refusal = refuse_certids(c, job);
	if (!refusal)
		refusal = refuse_unknown_issuer(c, job);
	if (!refusal)
		refusal = refuse_facts(c, job);
	if (!refusal)
		refusal = refuse_times(c, job, now);
	if (!refusal)
		refusal = refuse_extended_revoke(job);
	if (!refusal && job->nonce.size > LIMIT_NONCE)
		refusal = "nonce too long";
	return refusal;
}
