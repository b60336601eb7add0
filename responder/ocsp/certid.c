/* CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } */
#include "base/check.h"
#include "base/record.h"
#include "ocsp/der.h"
#include "ocsp/issuer.h"
#include "ocsp/oid.h"
#include "ocsp/request_parts.h"

size_t ocsp_hash_size(enum ocsp_hash hash)
{
	switch (hash) {
	case OCSP_HASH_SHA1:
		return 20;
	case OCSP_HASH_SHA256:
		return 32;
	case OCSP_HASH_SHA384:
		return 48;
	case OCSP_HASH_SHA512:
		return 64;
	case OCSP_HASH_OTHER:
		break;
	}
	return 0;
}

/* The hashes that we compute, and those that we only know the size of, so that a CertID which
 * contradicts itself is refused whoever its issuer is (P-9). 0: not known. */
static size_t identify_hash(struct view oid, enum ocsp_hash *ret)
{
	const struct {
		struct view oid;
		enum ocsp_hash hash;
		size_t size;
	} known[] = {
		{OID_SHA1, OCSP_HASH_SHA1, 20},        {OID_SHA256, OCSP_HASH_SHA256, 32},
		{OID_SHA384, OCSP_HASH_SHA384, 48},    {OID_SHA512, OCSP_HASH_SHA512, 64},
		{OID_MD5, OCSP_HASH_OTHER, 16},        {OID_SHA224, OCSP_HASH_OTHER, 28},
		{OID_SHA512_224, OCSP_HASH_OTHER, 28}, {OID_SHA512_256, OCSP_HASH_OTHER, 32},
		{OID_SHA3_224, OCSP_HASH_OTHER, 28},   {OID_SHA3_256, OCSP_HASH_OTHER, 32},
		{OID_SHA3_384, OCSP_HASH_OTHER, 48},   {OID_SHA3_512, OCSP_HASH_OTHER, 64},
	};
	for (size_t i = 0; i < array_size(known); i++) {
		if (view_equal(oid, known[i].oid)) {
			*ret = known[i].hash;
			return known[i].size;
		}
	}
	*ret = OCSP_HASH_OTHER;
	return 0;
}

/* AlgorithmIdentifier whose parameters are NULL or absent (P-10); the OID. */
static struct view read_hash_algorithm(struct cursor *c)
{
	struct cursor algorithm = der_enter(c, DER_SEQUENCE);
	struct view oid = der_oid(&algorithm);
	if (algorithm.rest.size > 0 && der_take(&algorithm, DER_NULL).size > 0)
		cursor_fail(&algorithm);
	der_leave(c, &algorithm);
	return oid;
}

/* Both hashes have the algorithm's size; those of an algorithm unknown to us have one size. */
static bool hash_sizes_agree(const struct ocsp_certid *certid, size_t expected)
{
	size_t size = certid->name_hash.size;
	return size > 0 && size == certid->key_hash.size && (expected == 0 || size == expected);
}

/* A minimal INTEGER of 1 … LIMIT_SERIAL octets (P-6). */
static struct view read_serial(struct cursor *c)
{
	struct serial serial;
	struct view octets = der_take(c, DER_INTEGER);
	if (serial_set(&serial, octets) < 0)
		cursor_fail(c);
	return octets;
}

void certid_read(struct cursor *c, struct ocsp_certid *ret)
{
	ret->der = der_take_whole(c, DER_SEQUENCE);
	if (ret->der.size > LIMIT_CERTID)
		cursor_fail(c);
	struct cursor whole = cursor_of(ret->der);
	struct cursor fields = der_enter(&whole, DER_SEQUENCE);
	size_t size = identify_hash(read_hash_algorithm(&fields), &ret->hash);
	ret->name_hash = der_take(&fields, DER_OCTET_STRING);
	ret->key_hash = der_take(&fields, DER_OCTET_STRING);
	if (!hash_sizes_agree(ret, size))
		cursor_fail(&fields);
	ret->serial = read_serial(&fields);
	der_leave(c, &fields);
}

int ocsp_certid_parse(struct view der, struct ocsp_certid *ret)
{
	struct cursor c = cursor_of(der);
	struct ocsp_certid certid;
	certid_read(&c, &certid);
	if (cursor_end(&c) < 0)
		return OCSP_MALFORMED;
	*ret = certid;
	return 0;
}

/* ---- writing ---- */

static void put_octets(struct der_writer *w, uint8_t tag, struct view content)
{
	size_t since = w->size;
	der_put_view(w, content);
	der_put_header(w, tag, since);
}

/* Of those that we compute. */
static struct view hash_oid(enum ocsp_hash hash)
{
	switch (hash) {
	case OCSP_HASH_SHA256:
		return OID_SHA256;
	case OCSP_HASH_SHA384:
		return OID_SHA384;
	case OCSP_HASH_SHA512:
		return OID_SHA512;
	case OCSP_HASH_SHA1:
	case OCSP_HASH_OTHER:
		break;
	}
	return OID_SHA1;
}

static void put_certid(struct der_writer *w, const void *fields)
{
	const struct ocsp_certid *certid = fields;
	size_t whole = w->size;
	put_octets(w, DER_INTEGER, certid->serial);
	put_octets(w, DER_OCTET_STRING, certid->key_hash);
	put_octets(w, DER_OCTET_STRING, certid->name_hash);
	size_t algorithm = w->size;
	der_put_header(w, DER_NULL, w->size);
	put_octets(w, DER_OID, hash_oid(certid->hash));
	der_put_header(w, DER_SEQUENCE, algorithm);
	der_put_header(w, DER_SEQUENCE, whole);
}

void ocsp_certid_write(struct buffer *out, struct view name_hash, struct view key_hash,
		       struct view serial)
{
	const struct ocsp_certid certid = {.hash = OCSP_HASH_SHA1,
					   .name_hash = name_hash,
					   .key_hash = key_hash,
					   .serial = serial};
	der_append(out, put_certid, &certid);
}

void ocsp_certid_write_of(struct buffer *out, const struct ocsp_issuer *issuer, enum ocsp_hash hash,
			  struct view serial)
{
	size_t size = ocsp_hash_size(hash);
	check(size > 0);
	const struct ocsp_certid certid = {.hash = hash,
					   .name_hash =
						   view_of(issuer->hashes[hash - 1].name, size),
					   .key_hash = view_of(issuer->hashes[hash - 1].key, size),
					   .serial = serial};
	der_append(out, put_certid, &certid);
}

/* OCSPRequest, TBSRequest, requestList, Request: each holds just the next. */
#define REQUEST_LEVELS 4

static void put_request(struct der_writer *w, const void *fields)
{
	const struct view *certid = fields;
	size_t whole = w->size;
	der_put_view(w, *certid);
	for (unsigned i = 0; i < REQUEST_LEVELS; i++)
		der_put_header(w, DER_SEQUENCE, whole);
}

void ocsp_request_write(struct buffer *out, struct view certid)
{
	der_append(out, put_request, &certid);
}
