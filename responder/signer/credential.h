/* A credential: the keys and certificates that answer for one issuer, proven before use (P-35).
 *
 * Used by the signer room, and by a short-lived process of `stillgood check` and `serve` that proves
 * a configuration aside. */
#pragma once

#include "base/clock.h"
#include "conf/finding.h"
#include "ocsp/issuer.h"

struct credential;
struct tokens;

/* Seconds before the last signer of an issuer ends: time enough to have the next one issued. */
#define CREDENTIAL_NOTICE (INT64_C(30) * 86400)

/* Reads and proves each signer of the issuer: key matches certificate; issued directly by this CA key
 * (signature verified) or the CA's own; delegated: EKU OCSPSigning, KU digitalSignature; strong
 * enough; a trial signature verifies. One of them must be in date; the others may have expired or
 * wait for their time (P-37). The fault names file and reason. `findings` (may be NULL) gets
 * what can be used but is unwise (no id-pkix-ocsp-nocheck, …) or refused by the issuer's profile: the
 * caller judges that by findings_refused(). 0 or -errno. */
must_check int credential_load(const struct conf_issuer *issuer, int64_t now,
			       struct credential **ret, struct findings *findings,
			       struct fault *fault);
/* The same, with the tokens that its keys are in, which it opens and closes again: waits for them, for
 * some seconds. `any_date`: as credential_read(). */
must_check int credential_prove(const struct conf_server *server, const struct conf_issuer *issuer,
				int64_t now, bool any_date, struct credential **ret,
				struct findings *findings, struct fault *fault);
/* The same, but dates are no fault: for who goes on when the last signer of one issuer has expired,
 * because the other issuers still have theirs. `findings` may not be NULL. */
must_check int credential_read(const struct conf_issuer *issuer, const struct tokens *tokens,
			       int64_t now, struct credential **ret, struct findings *findings,
			       struct fault *fault);
void credential_free(struct credential *credential);
DEFINE_CLEANUP(struct credential, credential_free)

/* The CA's certificate file as DER, to compare with what the database has registered. */
struct view credential_ca(const struct credential *credential);
const struct ocsp_issuer *credential_issuer(const struct credential *credential);

/* For people; borrowed from the credential. */
struct credential_signer {
	const char *name; /* of its section; the issuer's for its own pair */
	bool ready; /* no: its token cannot be used now */
	const char *algorithm; /* "RSA-2048", "EC P-256" … */
	int64_t not_before, not_after; /* seconds since 1970; no response lasts longer (P-27) */
};
/* In order of preference. */
unsigned credential_signer_count(const struct credential *credential);
struct credential_signer credential_signer_at(const struct credential *credential, unsigned index);
