/* Whether a signature algorithm is worth verifying. */
#pragma once

#include <openssl/x509.h>
#include <stdbool.h>

/* A digest of at least 256 bits, or an algorithm that hashes by itself. Strength of keys, and of the
 * signatures in certificates, is the security level's business (requestors.c). */
bool strength_is_enough(const X509_ALGOR *algorithm);
