/* The client's side of OCSP: write a question, and believe an answer only when everything about it
 * is proven (RFC 6960, 3.2): DER, signature, who signed, CertIDs, nonce, extensions, times. Nothing
 * here touches the network or a clock. */
#pragma once

#include "base/limits.h"
#include "base/record.h"
#include "base/result.h"
#include "ocsp/response.h"

#include <openssl/ocsp.h>
#include <openssl/x509.h>

enum ocsp_nonce {
	OCSP_NONCE_NONE,
	OCSP_NONCE_OFFERED, /* an answer without it is judged by its times (RFC 9919) */
	OCSP_NONCE_REQUIRED,
};

struct ocsp_question {
	X509 *issuer; /* borrowed, as the certificates are */
	X509 *certificates[LIMIT_CERTIDS]; /* NULL: only the serial number is known */
	ASN1_INTEGER *serials[LIMIT_CERTIDS]; /* borrowed; read where there is no certificate */
	unsigned count; /* at least one */
	const EVP_MD *hash; /* of the CertIDs */
	enum ocsp_nonce nonce;

	OCSP_CERTID *ids[LIMIT_CERTIDS]; /* set by ocsp_question_write() */
	uint8_t nonce_octets[32]; /* the same; RFC 9654, 2.1 */
};

/* Appends the OCSPRequest. 0 or -EIO / -ENOMEM with a fault. */
must_check int ocsp_question_write(struct ocsp_question *question, struct buffer *out,
				   struct fault *fault);
/* Of what is asked i-th. */
const ASN1_INTEGER *ocsp_question_serial(const struct ocsp_question *question, unsigned i);
void ocsp_question_deinit(struct ocsp_question *question);

/* A positive result: no authentic answer; the fault says why. */
#define OCSP_ANSWER_REFUSED 1

/* What is said of one certificate. */
struct ocsp_finding {
	bool proven; /* else only the fault counts */
	struct fault fault;
	enum ocsp_status status;
	int64_t revoked_at; /* TIME_NONE unless revoked */
	int64_t invalidity_at, archive_cutoff; /* TIME_NONE: not said */
	enum revocation_reason reason;
	int64_t this_update, next_update; /* next_update may be TIME_NONE */
	bool cert_hash; /* repeats this certificate's digest */
};

struct ocsp_answer {
	struct ocsp_finding findings[LIMIT_CERTIDS]; /* in the question's order */
	int64_t produced_at;
	bool nonce_echoed;
	bool delegated; /* signed by a delegate, not by the CA itself */
	bool nocheck; /* the delegate's certificate asks for no check of itself */
	bool by_name; /* the ResponderID */
	char *signer; /* its subject, for people */
	char *signer_serial; /* hexadecimal */
	int64_t signer_not_after;
	char algorithm[64]; /* of the signature */
};
void ocsp_answer_deinit(struct ocsp_answer *answer);

/* Proves the answer at the time `now`; clocks may differ by `skew` seconds. 0 (look at each
 * finding), OCSP_ANSWER_REFUSED or -ENOMEM. */
must_check int ocsp_answer_read(const struct ocsp_question *question, struct view der, int64_t now,
				int64_t skew, struct ocsp_answer *ret, struct fault *fault);
