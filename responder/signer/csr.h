/* A request to certify a delegated signer's key (PKCS #10; RFC 6960, 4.2.2.2). */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <openssl/evp.h>

/* Appends PEM. `library` is the key's library context, or NULL; `subject` is UTF-8, such as
 * "C=JP, O=Example, CN=OCSP 2027", a comma in a value behind a backslash. 0 or -errno. */
must_check int csr_put(EVP_PKEY *key, OSSL_LIB_CTX *library, const char *subject,
		       struct buffer *out, struct fault *fault);
/* Would csr_put() take this subject? 0 or -errno. */
must_check int csr_check_subject(const char *subject, struct fault *fault);
/* The public key of one, whose signature it proves. 0 or -errno. */
must_check int csr_read_key(const char *path, EVP_PKEY **ret, struct fault *fault);
