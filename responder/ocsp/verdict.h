/* The verdict: from what the database says and what the issuer's policy is, to what the answer says.
 * One table, pure; "no row" is passed explicitly, so that an error can never be read as one.
 * Requirements P-22, P-23, P-29, P-33, P-34. */
#pragma once

#include "base/record.h"
#include "ocsp/response.h"

enum unassigned_policy { UNASSIGNED_UNKNOWN, UNASSIGNED_UNAUTHORIZED, UNASSIGNED_REVOKED };
enum expired_policy { EXPIRED_ANSWER, EXPIRED_UNAUTHORIZED };

struct issuer_policy {
	enum unassigned_policy unassigned;
	enum expired_policy expired;
	bool complete; /* no: known by its CRLs, so good is what they do not list, while they last */
};

/* Which line of the table decided; for people (verdict_rule_text()). */
enum verdict_rule {
	RULE_REVOKED,
	RULE_REVOKED_WITH_ISSUER,
	RULE_HELD,
	RULE_HELD_UNDER_REVOKED_ISSUER,
	RULE_ISSUER_REVOKED,
	RULE_GOOD,
	RULE_EXPIRED_REFUSED,
	RULE_BY_CRL,
	RULE_NO_CRL,
	RULE_CRL_LAPSED,
	RULE_UNASSIGNED_UNKNOWN,
	RULE_UNASSIGNED_UNAUTHORIZED,
	RULE_UNASSIGNED_REVOKED,
};
#define VERDICT_RULES 13

struct verdict_rule_text {
	const char *text; /* a sentence without its full stop */
	const char *requirement; /* of doc/protocol.md */
};
const struct verdict_rule_text *verdict_rule_text(enum verdict_rule rule);

struct verdict {
	enum ocsp_result
		result; /* OCSP_SUCCESSFUL, OCSP_UNAUTHORIZED; OCSP_TRY_LATER: no CRL proves it now */
	struct ocsp_cert_status says;
	bool extended_revoke; /* the answer for a serial never issued (P-23) */
	enum verdict_rule rule;

	/* How long it is true, for every cache that keeps what is made of it (P-23). */
	bool recorded; /* a row says that the certificate was issued */
	bool unassigned; /* said because there is no row: an issuance may overtake it any moment */
	int64_t valid_until; /* seconds since 1970 from which on it is another; INT64_MAX: never */
	int64_t as_of; /* nothing newer proves it; INT64_MAX: it is as new as the data */
	int64_t not_after; /* the certificate's own end; TIME_NONE: not known, or not recorded */
};

/* `record` is NULL exactly where a completed lookup found no row. `now`: seconds since 1970. */
struct verdict verdict_of(const struct issuer_policy *policy, const struct issuer_record *issuer,
			  const struct cert_record *record, int64_t now);
