/* The issuers that the database knows, with their certificates. */
#pragma once

#include "base/record.h"
#include "cli/connect.h"
#include "ocsp/certificate.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

/* The issuer's name as other certificates of it encode it (P-7). */
struct registered_name {
	struct buffer der;
	int64_t added_at;
};

struct registered {
	struct issuer_record record;
	int64_t added_at;
	struct buffer der; /* what `certificate` points into */
	bool malformed; /* its certificate: it has a name and an id, and nothing is recognised as its */
	struct certificate certificate;
	EVP_PKEY *key; /* NULL: this OpenSSL cannot use it */
	X509_NAME *subject; /* NULL: the same */
	struct registered_name *names;
	size_t name_count;
};

struct registry {
	struct registered *issuers; /* by name */
	size_t count;
};

/* One whose certificate cannot be read is among them: it is no reason to do nothing for the others, and by its name
 * its certificates can still be revoked. */
must_check int registry_load(struct database *database, struct registry *ret, struct fault *fault);
/* The database that a command records in, its issuers, and the one that --issuer names, if it does. */
must_check int registry_open(const struct command_line *line, struct database *database,
			     struct registry *registry, const struct registered **ret_only,
			     struct fault *fault);
void registry_deinit(struct registry *registry);

/* NULL if there is none. */
const struct registered *registry_by_name(const struct registry *registry, const char *name);
/* The same for an operator's word: 0, or -ENOENT with a fault that names the nearest. */
must_check int registry_find(const struct registry *registry, const char *name,
			     const struct registered **ret, struct fault *fault);
/* What is said of one that is malformed, with its name. */
#define REGISTRY_MALFORMED "issuer \"%s\": the certificate in the database is malformed"
/* The same where its certificate is needed: -EBADMSG if it is malformed. */
must_check int registry_find_whole(const struct registry *registry, const char *name,
				   const struct registered **ret, struct fault *fault);
/* The same subject, byte for byte, and the same key (P-8). */
const struct registered *registry_by_identity(const struct registry *registry, struct view subject,
					      struct view key_bits);

/* The subject or one of the further encodings, byte for byte: CertIDs with this name are answered. */
bool registered_knows_name(const struct registered *issuer, struct view name);
/* The same name to people, whatever string types, case and blanks encode it (RFC 5280, 7.1). */
bool registered_has_name(const struct registered *issuer, const X509_NAME *name);

/* A positive result of registry_issuer_of(). */
#define REGISTRY_UNKNOWN 1

/* The issuer whose key signed this certificate: its name alone proves nothing. The name may be
 * encoded in a way that is not known yet: then registered_knows_name() is false, and a caller that
 * records certificates learns it (registry_learn()). `only` (may be NULL) leaves no other. 0 or
 * REGISTRY_UNKNOWN with a fault that says why. */
must_check int registry_issuer_of(const struct registry *registry, const struct registered *only,
				  const struct certificate *certificate,
				  const struct registered **ret, struct fault *fault);

/* By the signature alone, whatever the name; NULL: no registered key verifies it. */
const struct registered *registry_signer_of(const struct registry *registry,
					    const struct certificate *certificate);

/* Records the certificate's issuer field as a further encoding of this issuer's name. The caller has
 * proven that the issuer's key signed it. *ret_new: false where it was known. Kept by the database
 * alone, this registry is as it was. */
must_check int registry_learn(struct database *database, const struct registered *issuer,
			      const struct certificate *certificate, bool *ret_new,
			      struct fault *fault);
