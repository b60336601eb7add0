/* Whether a signature algorithm is worth verifying, and a key fit to verify with. */
#pragma once

#include "base/bytes.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* A digest of at least 256 bits, or an algorithm that hashes by itself. Strength of keys, and of the
 * signatures in certificates, is the security level's business (requestors.c). */
bool strength_is_enough(const X509_ALGOR *algorithm);

/* A SubjectPublicKeyInfo, DER, that anybody may have made, judged by its octets alone: before a library
 * decodes it, let alone computes with it. NULL: RSA from 2048 to 4096 bits with a small odd exponent,
 * ECDSA on a named curve of NIST's or Brainpool's, EdDSA, ML-DSA; or why not (static storage). */
const char *strength_key_fault(struct view spki);
