/* Parts of ocsp_answer_read(), in the order in which they are asked. Each is 0 or
 * OCSP_ANSWER_REFUSED with a fault. */
#pragma once

#include "client/ocsp_client.h"

/* GeneralizedTime in the one form that P-27 allows. 0 or -EINVAL; NULL is -EINVAL. */
must_check int ocsp_time_read(const ASN1_GENERALIZEDTIME *time, int64_t *ret);

/* No extension twice (P-14), no critical one that is not among `known`, a list of dotted OIDs that
 * NULL ends. */
must_check int ocsp_extensions_check(const STACK_OF(X509_EXTENSION) * extensions,
				     const char *const *known, struct fault *fault);

/* The SingleResponse of the question's certificate number `i`. A refusal is in the finding. */
void ocsp_finding_read(const struct ocsp_question *question, unsigned i, OCSP_BASICRESP *basic,
		       bool nonce_echoed, int64_t now, int64_t skew, struct ocsp_finding *ret);
