/* A new key and the request to certify it (PKCS #10), for a delegated signer (P-35). */
#pragma once

#include "conf/conf.h"
#include "signer/passphrase.h"

#include <openssl/evp.h>

/* The words of --algorithm, NULL at the end; the first is the default. */
extern const char *const key_make_algorithms[];

struct key_wish {
	const char *key; /* a file that is not there yet, or a PKCS #11 URI of a key that is not */
	const char *algorithm; /* of the words */
	const char *
		passphrase_file; /* as an option says: locks the file, or opens the token; NULL: none */
	const char *module; /* pkcs11_module */
	const char *subject; /* "C=JP, O=…, CN=…", UTF-8, in the order of the name */
};

/* Makes the key, and appends the request as PEM. Never replaces anything: what is there is a fault. 0 or
 * -errno. */
must_check int key_make(const struct key_wish *wish, struct buffer *request, struct fault *fault);
