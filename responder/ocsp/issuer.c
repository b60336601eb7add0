#include "ocsp/issuer.h"

#include <errno.h>
#include <openssl/evp.h>

/* OpenSSL's names, in the order of enum ocsp_hash. */
static const char *const hash_names[OCSP_HASHES] = {"SHA1", "SHA256", "SHA384", "SHA512"};

static int digest(const char *name, struct view bytes, uint8_t out[static EVP_MAX_MD_SIZE])
{
	return EVP_Q_digest(NULL, name, NULL, bytes.data, bytes.size, out, NULL) == 1 ? 0 : -EIO;
}

int ocsp_sha256(struct view octets, uint8_t ret[static 32])
{
	uint8_t out[EVP_MAX_MD_SIZE];
	int result = digest("SHA256", octets, out);
	if (result == 0)
		memcpy(ret, out, 32);
	return result;
}

int ocsp_issuer_init(struct ocsp_issuer *ret, struct view name, struct view key)
{
	struct ocsp_issuer issuer = {0};
	for (size_t i = 0; i < OCSP_HASHES; i++) {
		int result = digest(hash_names[i], name, issuer.hashes[i].name);
		if (result == 0)
			result = digest(hash_names[i], key, issuer.hashes[i].key);
		if (result < 0)
			return result;
	}
	*ret = issuer;
	return 0;
}

int ocsp_issuer_identity(const struct ocsp_issuer *issuer, uint8_t ret[static OCSP_ISSUER_IDENTITY])
{
	size_t size = ocsp_hash_size(OCSP_HASH_SHA256);
	uint8_t both[2 * 32], out[EVP_MAX_MD_SIZE];
	memcpy(both, issuer->hashes[OCSP_HASH_SHA256 - 1].name, size);
	memcpy(both + size, issuer->hashes[OCSP_HASH_SHA256 - 1].key, size);
	int result = digest("SHA256", view_of(both, sizeof(both)), out);
	if (result == 0)
		memcpy(ret, out, OCSP_ISSUER_IDENTITY);
	return result;
}

int ocsp_certificate_identity(const struct ocsp_issuer *issuer, struct view serial,
			      uint8_t ret[static OCSP_ISSUER_IDENTITY])
{
	size_t size = ocsp_hash_size(OCSP_HASH_SHA256);
	uint8_t both[32 + LIMIT_SERIAL], out[EVP_MAX_MD_SIZE];
	if (serial.size > LIMIT_SERIAL)
		return -EIO;
	memcpy(both, issuer->hashes[OCSP_HASH_SHA256 - 1].key, size);
	memcpy(both + size, serial.data, serial.size);
	int result = digest("SHA256", view_of(both, size + serial.size), out);
	if (result == 0)
		memcpy(ret, out, OCSP_ISSUER_IDENTITY);
	return result;
}

bool ocsp_issuer_matches(const struct ocsp_issuer *issuer, const struct ocsp_certid *certid)
{
	size_t size = ocsp_hash_size(certid->hash);
	if (size == 0) /* a hash that we do not compute */
		return false;
	const uint8_t *name = issuer->hashes[certid->hash - 1].name;
	const uint8_t *key = issuer->hashes[certid->hash - 1].key;
	return view_equal(certid->name_hash, view_of(name, size)) &&
	       view_equal(certid->key_hash, view_of(key, size));
}
