/* Who signed an OCSP answer, and may they (RFC 6960, 4.2.2.2)? */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <openssl/ocsp.h>
#include <openssl/x509.h>

/* The certificate that the ResponderID names: the issuer's own, or a delegate's that the issuer's key
 * itself signed, with the OCSPSigning purpose, in date; no digest is weak, and the signature
 * verifies. Several certificates may bear the name (delegates that share a key or a subject): each
 * is tried. 0 with a borrowed certificate, or -EPERM with the reason. */
must_check int ocsp_signer_prove(OCSP_BASICRESP *basic, X509 *issuer, int64_t now, int64_t skew,
				 X509 **ret, struct fault *fault);
