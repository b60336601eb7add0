/* The OCSP request (RFC 6960, 4.1): strict, bounded, allocation-free. Everything points into the
 * bytes that were parsed. Requirements P-1 … P-18. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

/* Hashes of a CertID (P-9). The numbers go over channels. */
enum ocsp_hash {
	OCSP_HASH_OTHER = 0, /* an algorithm that we do not compute: never matches an issuer */
	OCSP_HASH_SHA1 = 1,
	OCSP_HASH_SHA256 = 2,
	OCSP_HASH_SHA384 = 3,
	OCSP_HASH_SHA512 = 4,
};
#define OCSP_HASHES 4

/* Size in octets, 0 for OTHER. */
size_t ocsp_hash_size(enum ocsp_hash hash);

struct ocsp_certid {
	struct view der; /* the whole CertID SEQUENCE as the client wrote it: echoed (P-10) */
	enum ocsp_hash hash;
	struct view name_hash, key_hash;
	struct view serial; /* content octets of a minimal INTEGER, 1 … LIMIT_SERIAL (P-6) */
};

enum ocsp_critical { OCSP_CRITICAL_REFUSE, OCSP_CRITICAL_IGNORE };

struct ocsp_request_policy {
	unsigned most_certids; /* 1 … LIMIT_CERTIDS (P-11) */
	enum ocsp_critical critical; /* unknown critical extensions (P-13) */
};

struct ocsp_request {
	struct view der; /* the whole request */
	unsigned certid_count;
	struct ocsp_certid certids[LIMIT_CERTIDS];
	bool has_nonce;
	/* 1 … LIMIT_NONCE octets (P-16): the inner value or, raw, the whole of extnValue, which holds
	 * no OCTET STRING then. */
	struct view nonce;
	bool raw_nonce;
	bool is_signed; /* optionalSignature is present; not verified here (P-15) */
	struct view requestor; /* requestorName, a GeneralName's DER; empty: none */
	/* Preferred signature algorithms (P-17): the OBJECT IDENTIFIER of each AlgorithmIdentifier
	 * with its header, in the client's order. */
	unsigned preferred_count;
	struct view preferred[LIMIT_PREFERRED_ALGORITHMS];
};

/* A positive result. */
#define OCSP_MALFORMED 1

/* 0 or OCSP_MALFORMED. */
must_check int ocsp_request_parse(struct view der, const struct ocsp_request_policy *policy,
				  struct ocsp_request *ret);

/* One CertID by itself, as it travels between rooms. 0 or OCSP_MALFORMED. */
must_check int ocsp_certid_parse(struct view der, struct ocsp_certid *ret);

/* Appends a CertID with SHA-1 hashes, as most clients write it. Both hashes have 20 octets, the serial is
 * the content of a minimal INTEGER. */
void ocsp_certid_write(struct buffer *out, struct view name_hash, struct view key_hash,
		       struct view serial);
/* Appends the request that most clients make of one CertID: nothing else in it (RFC 9919, 3.1.1). */
void ocsp_request_write(struct buffer *out, struct view certid);
