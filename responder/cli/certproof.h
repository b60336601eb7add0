/* Who signed a certificate. */
#pragma once

#include "ocsp/certificate.h"

#include <openssl/evp.h>

/* Whether this key verifies its signature. NULL never does. */
bool certificate_is_signed_by(const struct certificate *certificate, EVP_PKEY *key);
