/* A token's private key as OpenSSL knows keys: through pkcs11-provider where OpenSSL can be told of it here
 * (3.2 and later), else through libp11's engine. The token is logged in (pkcs11_module.h). */
#pragma once

#include "signer/pkcs11_address.h"

#include <openssl/evp.h>

struct pkcs11_key {
	EVP_PKEY *pkey;
	OSSL_LIB_CTX *library; /* that it works in; NULL: the default one */
};

/* 0 or -errno. The process ends soon or keeps it: what was loaded for it stays. */
must_check int pkcs11_key_open(const struct pkcs11_address *address, const char *pin,
			       struct pkcs11_key *ret, struct fault *fault);

/* ---- the two ways; -ENOTSUP: it is not there ---- */
must_check int pkcs11_provider_open(const struct pkcs11_address *address, const char *pin,
				    struct pkcs11_key *ret, struct fault *fault);
must_check int pkcs11_engine_open(const struct pkcs11_address *address, const char *pin,
				  struct pkcs11_key *ret, struct fault *fault);
