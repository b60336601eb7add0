/* A credential: the key and certificates that answer for one issuer, proven before use (P-35).
 *
 * Used by the signer room, and by a short-lived process of `stillgood check` and `serve` that proves
 * a configuration aside. */
#pragma once

#include "base/clock.h"
#include "conf/conf.h"
#include "ocsp/issuer.h"

struct credential;

/* Reads and proves: key matches certificate; issued directly by this CA key (signature verified) or
 * the CA's own; delegated: EKU OCSPSigning, KU digitalSignature; in date; strong enough; a trial
 * signature verifies. The fault names file and reason. `warnings` (may be NULL) gets one line for
 * each thing that is allowed but unwise (no id-pkix-ocsp-nocheck, …). 0 or -errno. */
must_check int credential_load(const struct conf_issuer *issuer, int64_t now,
			       struct credential **ret, struct buffer *warnings,
			       struct fault *fault);
void credential_free(struct credential *credential);
DEFINE_CLEANUP(struct credential, credential_free)

/* The CA's certificate file as DER, to compare with what the database has registered. */
struct view credential_ca(const struct credential *credential);
const struct ocsp_issuer *credential_issuer(const struct credential *credential);
/* Seconds since 1970: the last moment a response may be valid (P-27). */
int64_t credential_not_after(const struct credential *credential);
/* "RSA-2048", "EC P-256" …, for people. */
const char *credential_algorithm(const struct credential *credential);
