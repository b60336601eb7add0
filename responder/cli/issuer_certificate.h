/* Which certificates may stand for an issuer, and which of two stays. */
#pragma once

#include "base/result.h"
#include "ocsp/certificate.h"

/* 0, or -EINVAL (-EBADMSG) with a fault that begins with `where`: a certificate of version 3 says that
 * it is a CA's, and its key usage, if any, says that it signs certificates (RFC 5280, 4.2.1.3 and
 * 4.2.1.9). Older versions cannot say it and are taken. */
must_check int issuer_certificate_check(struct view der, const char *where, struct fault *fault);

/* Valid for longer; of two that end alike, the one that began later. So a renewal replaces what it
 * renews, whatever the order of the calls, and no cross-certificate a root that outlives it. */
bool issuer_certificate_outlives(const struct certificate *a, const struct certificate *b);
