/* OCSP answers that come from elsewhere to be kept and given out as they are: signed beforehand, about one
 * certificate, for a time. Two steps, because one needs no key: what an answer says (strict DER, our own
 * reader), and whether the issuer says so (the signature, and who may sign, RFC 6960, 4.2.2.2). */
#pragma once

#include "base/result.h"
#include "ocsp/request.h"
#include "ocsp/response.h"

/* What one answer says. Views point into its octets; times are seconds since 1970. */
struct ocsp_said {
	struct view basic; /* the BasicOCSPResponse, DER */
	struct ocsp_certid certid;
	struct ocsp_cert_status says;
	int64_t produced_at, this_update, next_update;
};

/* A positive result: it cannot be kept; the fault says why. */
#define OCSP_ANSWER_UNFIT 1

/* 0 or OCSP_ANSWER_UNFIT: not DER, not successful, about several certificates, for one client alone (a nonce),
 * without an end, with times in no order, or with a critical extension that is not understood. */
must_check int ocsp_said_read(struct view der, struct ocsp_said *ret, struct fault *fault);

/* What a CertID is filed under: SHA-256 of its DER. 0 or -EIO. */
must_check int ocsp_certid_digest(struct view certid, uint8_t ret[static 32]);

/* Has it begun, and not ended? 0 or OCSP_ANSWER_UNFIT. Clocks may differ by `skew` seconds. */
must_check int ocsp_said_timely(const struct ocsp_said *said, int64_t now, int64_t skew,
				struct fault *fault);

/* Proves the answers of one issuer. */
struct ocsp_prover;

/* From the CA's certificate, DER. 0, -EINVAL with a fault, -ENOMEM. */
must_check int ocsp_prover_new(struct view certificate, struct ocsp_prover **ret,
			       struct fault *fault);
void ocsp_prover_free(struct ocsp_prover *prover);
DEFINE_CLEANUP(struct ocsp_prover, ocsp_prover_free)
/* Did the CA, or one whom it has entitled and whose certificate is in date, sign it? 0 or
 * OCSP_ANSWER_UNFIT. */
must_check int ocsp_prover_prove(const struct ocsp_prover *prover, const struct ocsp_said *said,
				 int64_t now, int64_t skew, struct fault *fault);
