#include "signer/admission.h"

/* What the ledger's clock reading and ours may differ by: it read whole seconds, and so do we. */
#define ROUNDING 1

/* Every CertID names this issuer, by both of its hashes and one that we compute (P-8, P-9, P-12). */
static const char *refuse_certids(const struct credential *c, const struct message_sign *job)
{
	struct ocsp_certid certid;
	if (job->count < 1 || job->count > LIMIT_CERTIDS)
		return "count of CertIDs out of range";
	for (unsigned i = 0; i < job->count; i++) {
		if (ocsp_certid_parse(job->entries[i].certid, &certid) != 0)
			return "malformed CertID";
		if (!ocsp_issuer_matches(&c->issuer, &certid))
			return "CertID of another issuer";
	}
	return NULL;
}

static bool only_revoked(const struct message_sign *job)
{
	for (unsigned i = 0; i < job->count; i++)
		if (job->entries[i].status != OCSP_REVOKED)
			return false;
	return true;
}

/* Revoked is served on old evidence too, with a life that starts now; good and unknown live no
 * longer than the configured validity from their evidence on (DESIGN.md, Honest freshness). */
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
	if (!only_revoked(job) && next_update - this_update > c->validity + c->backdate + ROUNDING)
		return "validity longer than configured";
	return NULL;
}

/* The extended definition is exact: a hold since 1970 (P-23). */
static const char *refuse_extended_revoke(const struct message_sign *job)
{
	if (!job->extended_revoke)
		return NULL;
	for (unsigned i = 0; i < job->count; i++)
		if (job->entries[i].status == OCSP_REVOKED && job->entries[i].revoked_at == 0 &&
		    job->entries[i].reason == REASON_CERTIFICATE_HOLD)
			return NULL;
	return "extended-revoke without a serial never issued";
}

const char *admission_refusal(const struct credential *c, const struct message_sign *job,
			      int64_t now)
{
	const char *refusal = refuse_certids(c, job);
	if (!refusal)
		refusal = refuse_times(c, job, now);
	if (!refusal)
		refusal = refuse_extended_revoke(job);
	if (!refusal && job->nonce.size > LIMIT_NONCE)
		refusal = "nonce too long";
	return refusal;
}
