/* The issuers that the database knows, with their certificates. */
#pragma once

#include "base/record.h"
#include "cli/connect.h"
#include "ocsp/certificate.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

struct registered {
	struct issuer_record record;
	int64_t added_at;
	struct buffer der; /* what `certificate` points into */
	struct certificate certificate;
	EVP_PKEY *key; /* NULL: this OpenSSL cannot use it */
};

struct registry {
	struct registered *issuers; /* by name */
	size_t count;
};

must_check int registry_load(struct database *database, struct registry *ret, struct fault *fault);
void registry_deinit(struct registry *registry);

/* NULL if there is none. */
const struct registered *registry_by_name(const struct registry *registry, const char *name);
/* The same for an operator's word: 0, or -ENOENT with a fault that names the nearest. */
must_check int registry_find(const struct registry *registry, const char *name,
			     const struct registered **ret, struct fault *fault);
/* The same subject, byte for byte, and the same key (P-8). */
const struct registered *registry_by_identity(const struct registry *registry, struct view subject,
					      struct view key_bits);

/* A positive result of registry_issuer_of(). */
#define REGISTRY_UNKNOWN 1

/* The issuer whose key signed this certificate: its name alone proves nothing. `only` (may be NULL)
 * leaves no other. 0 or REGISTRY_UNKNOWN with a fault that says why. */
must_check int registry_issuer_of(const struct registry *registry, const struct registered *only,
				  const struct certificate *certificate,
				  const struct registered **ret, struct fault *fault);
