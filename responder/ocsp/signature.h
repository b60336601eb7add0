/* The parts of a signed request (RFC 6960, 4.1.2): what was signed, by whom it says, and with what.
 * Nothing is verified here (P-15). */
#pragma once

#include "ocsp/request.h"

struct ocsp_request_signature {
	struct view tbs; /* tbsRequest, DER: what was signed */
	struct view requestor; /* the Name inside requestorName's directoryName, DER */
	struct view algorithm; /* AlgorithmIdentifier, DER */
	struct view bits; /* the signature */
	unsigned count; /* 0 … LIMIT_REQUEST_CHAIN */
	struct view certificates[LIMIT_REQUEST_CHAIN]; /* DER, as they came */
};

/* For a request that ocsp_request_parse() took. 0; OCSP_MALFORMED: not signed, or without a
 * directoryName as requestorName. */
must_check int ocsp_request_signature(struct view der, struct ocsp_request_signature *ret);
