/* Who signed a certificate, or a CRL. */
#pragma once

#include "ocsp/certificate.h"

#include <openssl/evp.h>

/* What X.509 signs and how, as slices. */
struct signed_octets {
	struct view tbs; /* DER */
	struct view algorithm; /* AlgorithmIdentifier, DER; empty: the two of them differ */
	struct view signature; /* the BIT STRING's value with its unused-bits octet */
};

/* Whether this key verifies the signature. NULL never does. */
bool octets_are_signed_by(const struct signed_octets *octets, EVP_PKEY *key);
bool certificate_is_signed_by(const struct certificate *certificate, EVP_PKEY *key);
