/* How one key signs: everything that can be prepared once is prepared once, so that a signature
 * costs little more than the mathematics (doc/performance.md).
 *
 * OpenSSL is asked what the key can do; there is no list of key types here (P-35). Keys that sign a
 * digest (RSA, ECDSA …) hash into a reused context and sign with a reused EVP_PKEY_CTX: measured at
 * 23 µs for P-256, against 25 µs for a copied and 27 µs for a re-initialised EVP_MD_CTX. Keys that
 * sign whole messages (EdDSA) re-initialise: 42 µs for Ed25519 against 51 µs with a copy. */
#pragma once

#include "base/bytes.h"
#include "conf/conf.h"

#include <openssl/evp.h>

struct scheme;

/* P-38: a signature by an RSA key is always verified before it leaves: a single faulty one would
 * give away a prime, and it costs a sixteenth of the signature. The others cost two to three times
 * their signature to verify: the first one and then one in so many. What a token signed is always
 * verified, whatever the key: hardware fails, and it is not ours. */
#define SCHEME_VERIFY_ONE_IN 64u

/* The digest of a signature has at least so many octets: SHA-1, MD5 and SHA-224 are refused even
 * where a key demands them (P-36). */
#define SCHEME_DIGEST_LEAST 32

/* `key` signs; `public_key`, from the certificate, verifies: that is what clients will use. Makes a
 * trial signature and verifies it. Both keys are borrowed. 0; -ENOTSUP with a reason (static
 * storage) where the library cannot sign with this key in the chosen way; -EKEYREJECTED where the trial signature does not verify. */
must_check int scheme_new(EVP_PKEY *key, EVP_PKEY *public_key, enum signature_choice choice,
			  struct scheme **ret, const char **reason);
/* For a key that a worker has (token.h). There, in the library context that the key works in: it signs,
 * and verifies nothing. 0 or -ENOTSUP. */
must_check int scheme_new_elsewhere(OSSL_LIB_CTX *library, EVP_PKEY *key,
				    enum signature_choice choice, struct scheme **ret,
				    const char **reason);
/* What it signed first: the DER of the INTEGER 0, under scheme_algorithm(). */
struct view scheme_trial(const struct scheme *scheme);
/* Here, from both of these: it verifies, and signs nothing. As scheme_new(). */
must_check int scheme_new_verifying(EVP_PKEY *public_key, enum signature_choice choice,
				    struct view algorithm, struct view trial, struct scheme **ret,
				    const char **reason);
void scheme_free(struct scheme *scheme);
DEFINE_CLEANUP(struct scheme, scheme_free)

/* DER AlgorithmIdentifier (P-36). */
struct view scheme_algorithm(const struct scheme *scheme);
/* Its OBJECT IDENTIFIER, with its header: what a client's preference is compared with (P-17). */
struct view scheme_oid(const struct scheme *scheme);
/* The signature, valid until the next one. 0; -EIO: the library refused; -EKEYREJECTED: it does not
 * verify and must not leave. */
must_check int scheme_sign(struct scheme *scheme, struct view message, struct view *ret);
/* Is it the key's signature over this? 0 or -EKEYREJECTED. */
must_check int scheme_verify(struct scheme *scheme, struct view message, struct view signature);
