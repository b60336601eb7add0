/* What each case is answered with, first match wins:
 *
 *   row                 issuer    answer
 *   revoked             -         revoked, as recorded; or as the issuer, if that was earlier
 *   held                -         revoked, certificateHold
 *   held                revoked   revoked for the issuer's reason, since the earlier of the two
 *   any other, or none  revoked   revoked, as the issuer (P-34)
 *   good, expired       -         policy `expired` (P-22)
 *   good                -         good
 *   none                -         good only where the issuer is known by its CRLs, else
 *                                 policy `unassigned` (P-22, P-23)
 *
 * Of an issuer that is known by its CRLs (complete = no) nothing is good, with a row or without, but within
 * the time for which its CRLs prove it, and as of their beginning: revocations come with them.
 *
 * A row that does not count is none: withdrawn, or good under a serial that is no number (P-6).
 *
 * Revocation comes before expiry, so an expired certificate stays revoked (P-33). */
#include "ocsp/verdict.h"

const struct verdict_rule_text *verdict_rule_text(enum verdict_rule rule)
{
	static const struct verdict_rule_text texts[VERDICT_RULES] = {
		[RULE_REVOKED] = {"the certificate is recorded as revoked", "P-29"},
		[RULE_REVOKED_WITH_ISSUER] = {"the certificate is recorded as revoked, and its "
					      "issuer was revoked before that",
					      "P-34"},
		[RULE_HELD] = {"the certificate is recorded as on hold", "P-29"},
		[RULE_HELD_UNDER_REVOKED_ISSUER] = {"the certificate is on hold and its issuer is "
						    "revoked, so that the hold is final",
						    "P-34"},
		[RULE_ISSUER_REVOKED] = {"the whole issuer is revoked", "P-34"},
		[RULE_GOOD] = {"the certificate is recorded as issued, and not as revoked", "P-22"},
		[RULE_EXPIRED_REFUSED] = {"the certificate has expired, and expired = unauthorized "
					  "answers no more about it",
					  "P-22"},
		[RULE_BY_CRL] = {"the certificate has no record, and complete = no takes what the "
				 "issuer's CRL does not list for good, as of that CRL",
				 "P-22"},
		[RULE_NO_CRL] =
			{"complete = no, and there is no CRL of the issuer that proves what "
			 "is not revoked",
			 "P-22"},
		[RULE_CRL_LAPSED] =
			{"complete = no, and the issuer's CRL has lapsed: nothing proves "
			 "what is not revoked since",
			 "P-22"},
		[RULE_UNASSIGNED_UNKNOWN] = {"the serial number has no record that counts, and "
					     "unassigned = unknown",
					     "P-22"},
		[RULE_UNASSIGNED_UNAUTHORIZED] = {"the serial number has no record that counts, "
						  "and unassigned = unauthorized",
						  "P-22"},
		[RULE_UNASSIGNED_REVOKED] = {"the serial number has no record that counts, and "
					     "unassigned = revoked",
					     "P-23"},
	};
	return &texts[rule];
}

static struct verdict answered(enum ocsp_status status, enum verdict_rule rule)
{
	return (struct verdict){
		.rule = rule,
		.result = OCSP_SUCCESSFUL,
		.says.status = status,
		.says.revoked_at = TIME_NONE,
		.says.reason = REASON_NONE,
		.says.invalidity_at = TIME_NONE,
		.valid_until = INT64_MAX,
		.as_of = INT64_MAX,
		.not_after = TIME_NONE,
	};
}

static struct verdict revoked(int64_t at, enum revocation_reason reason, enum verdict_rule rule)
{
	struct verdict verdict = answered(OCSP_REVOKED, rule);
	verdict.says.revoked_at = at;
	verdict.says.reason = reason;
	return verdict;
}

static struct verdict unauthorized(enum verdict_rule rule)
{
	struct verdict verdict = answered(OCSP_UNKNOWN, rule);
	verdict.result = OCSP_UNAUTHORIZED;
	return verdict;
}

/* RFC 6960, 2.2 and 4.4.8: exactly these values and nothing else (P-23). */
static struct verdict extended_revoked(void)
{
	struct verdict verdict = revoked(0, REASON_CERTIFICATE_HOLD, RULE_UNASSIGNED_REVOKED);
	verdict.extended_revoke = true;
	return verdict;
}

static bool issuer_is_revoked(const struct issuer_record *issuer)
{
	return issuer->revoked_at != TIME_NONE;
}

/* A hold under a revoked issuer is over: nothing can release it, so the final reason replaces it
 * and the date of the hold stays where it was earlier (X.509, 8.5.2.2). */
static struct verdict held_verdict(const struct issuer_record *issuer,
				   const struct cert_record *record)
{
	struct verdict verdict = revoked(record->revoked_at, REASON_CERTIFICATE_HOLD, RULE_HELD);
	verdict.says.invalidity_at = record->invalidity_at;
	if (!issuer_is_revoked(issuer))
		return verdict;
	verdict.rule = RULE_HELD_UNDER_REVOKED_ISSUER;
	verdict.says.reason = issuer->reason;
	if (issuer->revoked_at < verdict.says.revoked_at)
		verdict.says.revoked_at = issuer->revoked_at;
	return verdict;
}

/* The certificate's own revocation, unless that of the whole issuer was there before (P-34). */
static struct verdict revoked_verdict(const struct issuer_record *issuer,
				      const struct cert_record *record)
{
	if (issuer_is_revoked(issuer) && issuer->revoked_at < record->revoked_at)
		return revoked(issuer->revoked_at, issuer->reason, RULE_REVOKED_WITH_ISSUER);
	struct verdict verdict = revoked(record->revoked_at, record->reason, RULE_REVOKED);
	verdict.says.invalidity_at = record->invalidity_at;
	return verdict;
}

static struct verdict good_verdict(const struct issuer_policy *policy,
				   const struct cert_record *record, int64_t now)
{
	struct verdict verdict = answered(OCSP_GOOD, RULE_GOOD);
	if (record->not_after == TIME_NONE || policy->expired != EXPIRED_UNAUTHORIZED)
		return verdict;
	if (record->not_after < now)
		return unauthorized(RULE_EXPIRED_REFUSED);
	verdict.valid_until = record->not_after + 1; /* it is valid at its last second (P-23) */
	return verdict;
}

static struct verdict policy_verdict(const struct issuer_policy *policy)
{
	if (!policy->complete) /* known by its CRLs: what they do not list is good (P-22) */
		return answered(OCSP_GOOD, RULE_BY_CRL);
	switch (policy->unassigned) {
	case UNASSIGNED_UNAUTHORIZED:
		return unauthorized(RULE_UNASSIGNED_UNAUTHORIZED);
	case UNASSIGNED_REVOKED:
		return extended_revoked();
	case UNASSIGNED_UNKNOWN:
		break;
	}
	return answered(OCSP_UNKNOWN, RULE_UNASSIGNED_UNKNOWN);
}

/* What CRLs prove no issuance overtakes: what a row says otherwise is told of, but that its certificate has
 * expired. */
static struct verdict unassigned_verdict(const struct issuer_policy *policy)
{
	struct verdict verdict = policy_verdict(policy);
	verdict.unassigned = policy->complete || policy->expired == EXPIRED_UNAUTHORIZED;
	return verdict;
}

/* A good of an issuer whose revocations come by CRL: no newer than its CRLs, and no longer. */
static struct verdict bounded_by_crl(struct verdict verdict, const struct issuer_record *issuer,
				     int64_t now)
{
	bool none = issuer->crl_from == TIME_NONE;
	if (none || issuer->crl_until <= now) {
		verdict.result = OCSP_TRY_LATER;
		verdict.rule = none ? RULE_NO_CRL : RULE_CRL_LAPSED;
		return verdict;
	}
	verdict.as_of = issuer->crl_from;
	if (issuer->crl_until < verdict.valid_until)
		verdict.valid_until = issuer->crl_until;
	return verdict;
}

static struct verdict decide(const struct issuer_policy *policy, const struct issuer_record *issuer,
			     const struct cert_record *record, int64_t now)
{
	if (record && record->status == CERT_HELD)
		return held_verdict(issuer, record);
	if (record && record->status != CERT_GOOD) /* a state not known here is never good */
		return revoked_verdict(issuer, record);
	/* Also without a row: whoever holds a compromised CA key can issue any serial, so every
	 * certificate that this key ever signed or will sign counts as covered by the issuer's
	 * revocation. It is no "non-issued" one in the sense of the extended definition. */
	if (issuer_is_revoked(issuer))
		return revoked(issuer->revoked_at, issuer->reason, RULE_ISSUER_REVOKED);
	if (record)
		return good_verdict(policy, record, now);
	return unassigned_verdict(policy);
}

struct verdict verdict_of(const struct issuer_policy *policy, const struct issuer_record *issuer,
			  const struct cert_record *record, int64_t now)
{
	if (record && !record_counts(record))
		record = NULL;
	struct verdict verdict = decide(policy, issuer, record, now);
	if (!policy->complete && verdict.result == OCSP_SUCCESSFUL &&
	    verdict.says.status == OCSP_GOOD)
		verdict = bounded_by_crl(verdict, issuer, now);
	verdict.recorded = record;
	verdict.not_after = record ? record->not_after : TIME_NONE;
	return verdict;
}
