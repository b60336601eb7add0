/* Who an issuer is in OCSP's terms: hashes over its Name exactly as encoded and over its public
 * key's bits, one pair for each hash algorithm (P-7, P-9). */
#pragma once

#include "ocsp/request.h"

struct ocsp_issuer {
	struct {
		uint8_t name[64], key[64]; /* first ocsp_hash_size() octets */
	} hashes[OCSP_HASHES]; /* index: enum ocsp_hash − 1 */
};

/* `name`: the subject Name's DER; `key`: the subjectPublicKey BIT STRING's value without its
 * unused-bits octet. 0 or -EIO if the library refused a hash. */
must_check int ocsp_issuer_init(struct ocsp_issuer *ret, struct view name, struct view key);

/* One name for subject and key together: SHA-256 over the SHA-256 of each. 0 or -EIO. */
#define OCSP_ISSUER_IDENTITY 32
must_check int ocsp_issuer_identity(const struct ocsp_issuer *issuer,
				    uint8_t ret[static OCSP_ISSUER_IDENTITY]);

/* The same of a certificate: SHA-256 over the SHA-256 of its issuer's key and the serial, of at most LIMIT_SERIAL
 * octets. 0 or -EIO. */
must_check int ocsp_certificate_identity(const struct ocsp_issuer *issuer, struct view serial,
					 uint8_t ret[static OCSP_ISSUER_IDENTITY]);

/* SHA-256 of any octets. 0 or -EIO. */
must_check int ocsp_sha256(struct view octets, uint8_t ret[static 32]);

/* Both hashes match this issuer (P-8). */
bool ocsp_issuer_matches(const struct ocsp_issuer *issuer, const struct ocsp_certid *certid);

/* Appends a CertID of this issuer, with a hash that we compute; the serial is the content of a minimal
 * INTEGER. */
void ocsp_certid_write_of(struct buffer *out, const struct ocsp_issuer *issuer, enum ocsp_hash hash,
			  struct view serial);
