/* What is said to a token directly: finding it, logging in, making a key. Signing goes through OpenSSL
 * (pkcs11_key.h), which finds the token logged in. Blocks for as long as the token does: only in a process
 * that may. */
#pragma once

#include "signer/pkcs11_address.h"

struct pkcs11_module;

/* Why a token cannot be used; what comes of it differs. */
enum pkcs11_trouble {
	PKCS11_AWAY, /* not there, or it failed: it may come back */
	PKCS11_PIN, /* its PIN is wrong, or must not be tried: nobody tries it again */
	PKCS11_HOPELESS, /* no such module, no such key: what the configuration says is wrong */
};

/* Finds the token and logs in, with one try at most (signer/vault.h); never with a token's last one. */
must_check int pkcs11_module_open(const struct pkcs11_address *address, struct pkcs11_module **ret,
				  enum pkcs11_trouble *trouble, struct fault *fault);
/* NULL is no module. */
void pkcs11_module_free(struct pkcs11_module *module);
DEFINE_CLEANUP(struct pkcs11_module, pkcs11_module_free)

/* Is the token still there, and the session that logged in? */
bool pkcs11_module_alive(struct pkcs11_module *module);
/* The PIN that it logged in with, or "". */
const char *pkcs11_module_pin(const struct pkcs11_module *module);
/* How many private keys the address means. */
must_check int pkcs11_module_count(struct pkcs11_module *module,
				   const struct pkcs11_address *address, unsigned *ret,
				   struct fault *fault);
/* What a key is to be. */
struct pkcs11_kind {
	unsigned rsa_bits; /* 0: an EC key on … */
	struct view curve; /* … this one: an OBJECT IDENTIFIER with its header */
};
/* Makes the key that the address means: not extractable, with a label or id of its own. */
must_check int pkcs11_module_make(struct pkcs11_module *module,
				  const struct pkcs11_address *address,
				  const struct pkcs11_kind *kind, struct fault *fault);
