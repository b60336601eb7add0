/* What `check` and the start find out about an issuer, and how bad that is under its profile: one
 * table says for every kind of finding which requirement it comes from and what each profile makes
 * of it. Whoever looks (at the configuration, at certificates, at rows) only names the kind. */
#pragma once

#include "conf/conf.h"

enum finding_kind {
	/* The configuration: profile.c */
	FINDING_COMPLETE_NO,
	FINDING_VALIDITY_UNDER_8H,
	FINDING_VALIDITY_OVER_7D,
	FINDING_VALIDITY_OVER_10D,
	FINDING_ANSWERS_WITHOUT_END,
	FINDING_EXPIRED_NOT_ANSWERED,
	FINDING_ARCHIVE_UNDER_10Y,
	FINDING_ARCHIVE_NOT_ISSUER,
	FINDING_NO_CERT_HASH,
	FINDING_NONCE_ECHOED,
	FINDING_NAMED_BY_NAME,
	FINDING_EXTENDED_REVOKE,
	FINDING_SIGNED_ONLY,
	FINDING_HOLD_STAYS,
	/* The credential: signer/advice.c */
	FINDING_PROOF_FAILED,
	FINDING_NOCHECK_ABSENT,
	FINDING_NOCHECK_VALUE,
	FINDING_KEY_USAGE_ABSENT,
	FINDING_OWN_KEY_USAGE,
	FINDING_SIGNER_IS_CA,
	FINDING_SIGNER_POLICIES,
	FINDING_SIGNER_CRL_POINTS,
	FINDING_SIGNER_ALTERNATIVE_NAMES,
	FINDING_SIGNER_NAME_CONSTRAINTS,
	FINDING_SIGNER_NAMES_RESPONDER,
	FINDING_WEAK_SIGNATURE,
	FINDING_CA_NOT_CA,
	FINDING_CA_SIGNS_OCSP,
	FINDING_SIGNER_ENDS_SOON, /* and none after it */
	FINDING_SIGNER_EARLY,
	FINDING_SIGNER_EXPIRED, /* one of several */
	FINDING_CA_EXPIRED,
	FINDING_MORE_CERTIFICATES,
	FINDING_LARGE_ANSWER,
	FINDING_KEY_OPEN,
	FINDING_KEY_NOT_ENCRYPTED,
	FINDING_TOKEN_AWAY,
	/* The database: cli/check_rows.c */
	FINDING_HELD,
	FINDING_CA_REASON,
	FINDING_COUNT,
};

enum severity { SEVERITY_NONE, SEVERITY_WARNING, SEVERITY_REFUSED };

struct finding {
	enum finding_kind kind;
	enum severity severity; /* never SEVERITY_NONE */
	char requirement[24]; /* "P-39", "F-webpki"; "": of no numbered requirement */
	char text[FAULT_TEXT_SIZE]; /* object: what, detail */
};

/* {.profile = …} is an empty list, to be judged by this profile. */
struct findings {
	enum profile profile;
	size_t count;
	struct finding *items;
	bool failed; /* no memory: some are missing */
};

/* Adds what was found at `object` (a file, an option, a row; may be NULL), unless the profile does not
 * mind or it is there already. `detail` (may be NULL) is a format for what stands behind the kind's
 * own words. */
void findings_add(struct findings *findings, enum finding_kind kind, const char *object,
		  const char *detail, ...) printf_like(4, 5);
void findings_deinit(struct findings *findings);
/* How many of them the profile refuses; a list that is not whole counts as one. */
unsigned findings_refused(const struct findings *findings);

/* Is it of what the configuration itself says, and not of what stands in files or rows? */
static inline bool finding_is_of_configuration(enum finding_kind kind)
{
	return kind < FINDING_PROOF_FAILED;
}

/* Of the table: */
enum severity finding_severity(enum finding_kind kind, enum profile profile);
/* What is wrong, in words that need no object; static storage. */
const char *finding_words(enum finding_kind kind);
/* Writes the requirement as in struct finding. */
void finding_requirement(enum finding_kind kind, enum profile profile, char *ret, size_t size);
