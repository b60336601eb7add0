/* A signer's certificate that is not in use yet, without its private key. */
#pragma once

#include "conf/finding.h"

/* As credential_read() proves it, but for the key: `request`, a file (PKCS #10), or NULL, holds the public one
 * that it must be for. 0 or -errno, with a fault that names the file. */
must_check int examine(const struct conf_issuer *issuer, const char *request,
		       struct findings *findings, struct fault *fault);
