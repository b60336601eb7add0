/* Slices of an X.509 certificate, exactly as encoded: what hashing and loading need, read by our own
 * cursor so that no re-encoding can change a Name (P-7). Accepts every v1 … v3 certificate that real
 * CAs have issued; does not judge it. */
#pragma once

#include "base/bytes.h"

struct certificate {
	struct view der; /* the whole certificate, without what follows it */
	struct view tbs; /* TBSCertificate, DER: what was signed */
	struct view algorithm; /* AlgorithmIdentifier, DER: signed with; the same within tbs */
	struct view signature; /* the BIT STRING's value with its unused-bits octet */
	struct view serial; /* content octets as encoded, perhaps not minimal */
	struct view issuer; /* Name, DER */
	struct view subject; /* Name, DER */
	struct view spki; /* SubjectPublicKeyInfo, DER */
	struct view key_bits; /* the BIT STRING's value without the unused-bits octet */
	int64_t not_before, not_after; /* seconds since 1970 */
	struct view authority_key_id; /* keyIdentifier of the extension; empty: none */
	struct view subject_key_id; /* empty: none */
	bool is_precertificate; /* it has the poison extension of RFC 6962 (P-52) */
};

/* A positive result. */
#define CERTIFICATE_MALFORMED 1

/* 0 or CERTIFICATE_MALFORMED. Bytes after the certificate are malformed too. */
must_check int certificate_read(struct view der, struct certificate *ret);
