/* Where a key in a token is: its PKCS #11 URI (RFC 7512), and what speaks to the token. */
#pragma once

#include "conf/conf.h"

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

struct pkcs11_address {
	P11KitUri *uri; /* of the key, without how to get at it */
	char *text; /* the same as text; what libraries and people are given */
	char *token; /* what of it says which token: the same for all keys of one */
	char *module; /* a library: a path, or a name that the system's loader knows */
	char *passphrase; /* as an option says (signer/passphrase.h); NULL: none */
};

/* Of a configured key. What the URI says of a module (module-path) or a PIN (pin-source, a file) counts
 * before the options. A fault reads "URI: what; what to do". 0 or -errno. */
must_check int pkcs11_address_parse(const char *key, const char *passphrase, const char *module,
				    struct pkcs11_address *ret, struct fault *fault);
void pkcs11_address_deinit(struct pkcs11_address *address);
/* One login does for both? */
bool pkcs11_address_same_token(const struct pkcs11_address *a, const struct pkcs11_address *b);
