/* The OCSP response (RFC 6960, 4.2), written as DER by template. Pure: fields in, bytes out; the
 * signer signs what ocsp_response_data_write() wrote and wraps it with ocsp_response_write().
 * Requirements P-20 … P-31. */
#pragma once

#include "base/bytes.h"
#include "base/facts.h"
#include "base/label.h"
#include "base/limits.h"
#include "base/record.h"

/* OCSPResponseStatus, and who says it when (P-21, P-22); 4 is never used. tests/unit/ledger/test_errors.c
 * and the tests of front and signer go through this table.
 *
 *   malformedRequest  front   what is not a request that this responder reads (P-1 … P-18, P-42)
 *   internalError     signer  the signature failed or did not verify; the job asks for what the
 *                             signer's configuration forbids, or for fields that no response has
 *                     ledger  the row cannot be understood; the signer answered with other times
 *                             than it was asked for
 *   tryLater          front   too many questions open; the ledger is away or too slow
 *                     ledger  nothing loaded yet, the database does not answer, the evidence is too
 *                             old, no signer is connected, data that changes faster than it can be
 *                             signed; too many questions open; out of memory
 *                     signer  no certificate of the issuer is valid now, or nothing is left of its life
 *   unauthorized      ledger  an issuer that is not here or not configured, CertIDs of several
 *                             issuers (P-12), the policies `unassigned` and `expired` */
enum ocsp_result {
	OCSP_SUCCESSFUL = 0,
	OCSP_MALFORMED_REQUEST = 1,
	OCSP_INTERNAL_ERROR = 2,
	OCSP_TRY_LATER = 3,
	OCSP_SIG_REQUIRED = 5,
	OCSP_UNAUTHORIZED = 6,
};

/* The five octets of an error response (P-1, P-20); static storage. */
struct view ocsp_error_response(enum ocsp_result result);

/* "tryLater": as RFC 6960 spells it. Static storage. */
const char *ocsp_result_name(enum ocsp_result result);

/* What is said of one certificate, from the verdict to the signed answer. Times are seconds since 1970. */
struct ocsp_cert_status {
	enum ocsp_status status;
	/* Of what is revoked; else TIME_NONE and REASON_NONE. */
	int64_t revoked_at;
	enum revocation_reason reason; /* unspecified and none are omitted (P-29) */
	int64_t invalidity_at; /* TIME_NONE: no extension (P-30) */
};

/* One SingleResponse. */
struct ocsp_single {
	struct view certid; /* echoed byte for byte (P-10) */
	struct ocsp_cert_status says;
	int64_t archive_cutoff; /* seconds since 1970; 0: no extension */
	/* What is there becomes an extension; see ocsp_facts_fit() for what may be there. */
	struct cert_facts facts;
	int64_t this_update, next_update;
};

/* The facts that an answer of this status may carry (P-30): certHash and CrlID with good and
 * revoked, SCTs with good. With the extended definition's answer for a serial never issued, which a
 * hold since 1970 is, none (P-23). */
must_check bool ocsp_facts_fit(enum ocsp_status status, const struct cert_facts *facts);
/* Is this answer exactly that of the extended definition (RFC 6960, 2.2)? */
must_check bool ocsp_never_issued(const struct ocsp_cert_status *says);

enum ocsp_responder_id { OCSP_BY_KEY, OCSP_BY_NAME };

struct ocsp_response_data {
	enum ocsp_responder_id responder_id;
	struct view responder; /* 20 octets of SHA-1 of the key, or the subject Name's DER (P-25) */
	int64_t produced_at;
	unsigned count; /* 1 … LIMIT_CERTIDS */
	const struct ocsp_single *singles;
	struct view nonce; /* inner value; empty: none (P-16) */
	bool raw_nonce; /* extnValue holds it as it is, without an OCTET STRING (P-16) */
	bool extended_revoke; /* RFC 6960, 4.4.8 (P-23) */
};

/* Appends ResponseData, DER (P-24, P-27). -EINVAL for fields that no response may have (a time out
 * of range, next_update ≤ this_update, this_update > produced_at, a reason 7 or 8, an invalidity
 * date of what is not revoked, facts that do not fit the status, extended_revoke without a serial
 * never issued or with facts of one, a wrong CertID, responder or nonce), -ENOMEM, -EMSGSIZE. */
must_check int ocsp_response_data_write(struct buffer *out, const struct ocsp_response_data *data);

struct ocsp_signed {
	struct view response_data; /* what was signed */
	struct view algorithm; /* DER AlgorithmIdentifier (P-36) */
	struct view signature; /* octets, no unused bits */
	unsigned certificate_count;
	const struct view *certificates; /* DER, the delegated signer's first (P-26) */
};

/* Appends the OCSPResponse with status successful. -EINVAL for a part that is not one DER value,
 * -ENOMEM, -EMSGSIZE. */
must_check int ocsp_response_write(struct buffer *out, const struct ocsp_signed *parts);
