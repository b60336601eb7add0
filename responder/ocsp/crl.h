/* Slices of a CRL (RFC 5280, 5), exactly as encoded, read by our own cursor: nothing is copied, because a CRL may
 * have millions of entries, which are read one after the other. Accepts what real CAs issue; does not judge it:
 * who signed it, whether it is of use here and how it fits what came before is for the caller. */
#pragma once

#include "base/record.h"

/* What a CRL does not cover (issuingDistributionPoint, RFC 5280, 5.2.5). */
enum crl_limit {
	CRL_USER_ONLY = 1, /* certificates of end entities */
	CRL_CA_ONLY = 2,
	CRL_ATTRIBUTE_ONLY = 4, /* attribute certificates */
	CRL_SOME_REASONS = 8,
	CRL_INDIRECT = 16, /* other CAs' certificates may be among them */
};

struct crl {
	struct view der; /* the whole CRL */
	struct view tbs; /* TBSCertList, DER: what was signed */
	struct view
		algorithm; /* AlgorithmIdentifier, DER; empty: the two of them differ (5.1.1.2) */
	struct view signature; /* the BIT STRING's value with its unused-bits octet */
	struct view issuer; /* Name, DER */
	int64_t this_update,
		next_update; /* seconds since 1970; TIME_NONE: it does not say when the next comes */
	struct view entries; /* for crl_next() */
	struct view number; /* CRLNumber, content octets; empty: none */
	struct view base_number; /* BaseCRLNumber; empty: it is no delta */
	struct view authority_key_id; /* keyIdentifier; empty: none */
	struct view distribution; /* issuingDistributionPoint, DER; empty: none */
	unsigned limits; /* enum crl_limit */
	struct view
		unknown; /* the OID of a critical extension that nobody here understands; empty: none */
};

/* A positive result. */
#define CRL_MALFORMED 1

/* 0 or CRL_MALFORMED. Bytes after the CRL are malformed too. Entries are not looked at. */
must_check int crl_read(struct view der, struct crl *ret);

/* removeFromCRL (RFC 5280, 5.3.1): no state of a certificate, but the end of a hold; in deltas only. */
#define CRL_REASON_REMOVE 8

struct crl_entry {
	struct view serial; /* content octets as encoded, perhaps not minimal */
	int64_t revoked_at;
	int reason; /* enum revocation_reason; CRL_REASON_REMOVE; or a number that is none, as it stands */
	int64_t invalidity_at; /* TIME_NONE: not said */
	struct view hold_instruction; /* OID; empty: none */
	bool other_issuer; /* certificateIssuer: from here on the entries are of another CA */
	struct view unknown; /* as of the CRL */
};

/* The next of crl.entries, by a cursor over them. False: there is none, or (the cursor has failed then) it is
 * malformed. */
must_check bool crl_next(struct cursor *entries, struct crl_entry *ret);
