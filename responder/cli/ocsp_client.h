/* The client's side of OCSP: write a question, and believe an answer only when everything about it
 * is proven (RFC 6960, 3.2): signature, who signed, CertID, nonce, times. */
#pragma once

#include "base/record.h"
#include "base/result.h"
#include "ocsp/response.h"

#include <openssl/ocsp.h>
#include <openssl/x509.h>

struct ocsp_question {
	X509 *certificate, *issuer; /* borrowed */
	const EVP_MD *hash; /* of the CertID */
	bool nonce;

	OCSP_CERTID *id; /* set by ocsp_question_write() */
	uint8_t nonce_octets[32]; /* RFC 9654, 2.1 */
};

/* Appends the OCSPRequest. 0 or -EIO / -ENOMEM with a fault. */
must_check int ocsp_question_write(struct ocsp_question *question, struct buffer *out,
				   struct fault *fault);
void ocsp_question_deinit(struct ocsp_question *question);

struct ocsp_answer {
	enum ocsp_status status;
	int64_t revoked_at; /* TIME_NONE unless revoked */
	int64_t invalidity_at; /* TIME_NONE: not said */
	enum revocation_reason reason;
	int64_t this_update, next_update, produced_at; /* next_update may be TIME_NONE */
	bool nonce_echoed;
	bool delegated; /* signed by a delegate, not by the CA itself */
	char *signer; /* its subject, for people */
	char algorithm[64]; /* of the signature */
};
void ocsp_answer_deinit(struct ocsp_answer *answer);

/* A positive result: no authentic answer; the fault says why. */
#define OCSP_ANSWER_REFUSED 1

/* Proves the answer at the time `now`; clocks may differ by `skew` seconds. 0,
 * OCSP_ANSWER_REFUSED or -ENOMEM. */
must_check int ocsp_answer_read(const struct ocsp_question *question, struct view der, int64_t now,
				int64_t skew, struct ocsp_answer *ret, struct fault *fault);
