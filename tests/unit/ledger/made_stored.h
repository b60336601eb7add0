/* Answers that were signed beforehand, made by code: of CAs whose private key is a hash of their name. */
#pragma once

#include "made.h"
#include "ocsp/response.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define MADE_KEY_SIZE 32u /* Ed25519 */

static inline EVP_PKEY *made_key(const char *name)
{
	uint8_t secret[MADE_KEY_SIZE];
	if (EVP_Q_digest(NULL, "SHA256", NULL, name, strlen(name), secret, NULL) != 1)
		abort();
	EVP_PKEY *key =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof(secret));
	if (!key)
		abort();
	return key;
}

static inline void made_public_key(const char *name, uint8_t ret[static MADE_KEY_SIZE])
{
	EVP_PKEY *key = made_key(name);
	size_t size = MADE_KEY_SIZE;
	if (EVP_PKEY_get_raw_public_key(key, ret, &size) != 1)
		abort();
	EVP_PKEY_free(key);
}

/* A certificate of the CA `name` that can sign. */
static inline void made_signing_certificate(struct buffer *out, const char *name)
{
	uint8_t key[MADE_KEY_SIZE];
	made_public_key(name, key);
	made_certificate_of(out, name, view_of(key, sizeof(key)));
}

static inline size_t made_signature(const char *name, struct view octets, uint8_t ret[static 64])
{
	EVP_PKEY *key = made_key(name);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = 64;
	if (!context || EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestSign(context, ret, &size, octets.data, octets.size) != 1)
		abort();
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return size;
}

/* The OCSPResponse of the CA `name`, signed by the key of the CA `signer`. */
static inline void made_stored(struct buffer *out, const char *name, const char *signer,
			       const struct ocsp_single *single, int64_t produced_at)
{
	struct buffer data = {0}, algorithm = {0};
	uint8_t key[MADE_KEY_SIZE], hash[20], signature[64];
	made_public_key(name, key);
	if (EVP_Q_digest(NULL, "SHA1", NULL, key, sizeof(key), hash, NULL) != 1)
		abort();
	const struct ocsp_response_data fields = {
		.responder_id = OCSP_BY_KEY,
		.responder = view_of(hash, sizeof(hash)),
		.produced_at = produced_at,
		.count = 1,
		.singles = single,
	};
	made_algorithm(&algorithm);
	if (ocsp_response_data_write(&data, &fields) < 0)
		abort();
	size_t size = made_signature(signer, buffer_view(&data), signature);
	const struct ocsp_signed parts = {
		.response_data = buffer_view(&data),
		.algorithm = buffer_view(&algorithm),
		.signature = view_of(signature, size),
	};
	if (ocsp_response_write(out, &parts) < 0)
		abort();
	buffer_deinit(&data);
	buffer_deinit(&algorithm);
}
