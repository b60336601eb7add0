/* Who signed an OCSP answer, and may they (RFC 6960, 4.2.2.2)? */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <openssl/ocsp.h>
#include <openssl/x509.h>

/* The certificate that the ResponderID names: the issuer's own, or a delegate's that the issuer's key
 * signed, with the OCSPSigning purpose, in date; and the signature verifies by it. 0 with a borrowed
 * certificate, or -EPERM with the reason. */
must_check int ocsp_signer_prove(OCSP_BASICRESP *basic, X509 *issuer, int64_t now, X509 **ret,
				 struct fault *fault);
