/* The inside of a credential, for this room. */
#pragma once

#include "signer/certfile.h"
#include "signer/credential.h"
#include "signer/scheme.h"

#define KEY_HASH_SIZE 20u

struct credential {
	struct certfile ca, signer;
	EVP_PKEY *key;
	struct scheme *scheme;
	bool own; /* the CA signs itself: no certificate in the response (P-26) */
	struct ocsp_issuer issuer;
	uint8_t key_hash[KEY_HASH_SIZE]; /* P-25 */
	char algorithm[48];

	/* What the configuration allows, in seconds. */
	int64_t validity, backdate;
	enum ocsp_responder_id responder_id;

	struct buffer data; /* reused for each ResponseData */
};
