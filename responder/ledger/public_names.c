#include "ledger/public_names.h"

#include "ledger/issuers.h"
#include "ledger/question.h"
#include "ledger/state.h"

#include <openssl/evp.h>

static uint64_t beginning_of(const uint8_t hash[static 8])
{
	uint64_t name = 0;
	for (unsigned i = 0; i < 8; i++)
		name = name << 8 | hash[i];
	return name ? name : 1; /* 0 is no name */
}

uint64_t public_name_of_issuer(const struct issuer *issuer)
{
	return issuer->readable ? beginning_of(issuer->identity) : 0;
}

uint64_t public_name_of_certificate(const struct issuer *issuer, struct view serial)
{
	size_t size = ocsp_hash_size(OCSP_HASH_SHA256);
	uint8_t of[EVP_MAX_MD_SIZE + LIMIT_SERIAL], hash[EVP_MAX_MD_SIZE];
	if (!issuer->readable || serial.size > LIMIT_SERIAL)
		return 0;
	memcpy(of, issuer->hashes.hashes[OCSP_HASH_SHA256 - 1].key, size);
	memcpy(of + size, serial.data, serial.size);
	bool hashed = EVP_Digest(of, size + serial.size, hash, NULL, EVP_sha256(), NULL) == 1;
	return hashed ? beginning_of(hash) : 0;
}

struct public_name public_names_of(const struct ledger *l, const struct question *q)
{
	if (l->conf->server.cache_tag == CACHE_TAG_OFF || q->count != 1)
		return (struct public_name){0};
	return (struct public_name){
		.certificate = public_name_of_certificate(q->issuer, q->entries[0].certid.serial),
		.issuer = public_name_of_issuer(q->issuer),
	};
}
