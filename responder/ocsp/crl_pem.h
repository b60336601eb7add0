/* CRLs in PEM, one after another: "-----BEGIN X509 CRL-----". Blocks of something else are passed over. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

/* What it is given lives as long as the call. */
typedef int crl_pem_visit(void *context, struct view der);

/* Until a visit gives something else than 0, which is given back. CRL_MALFORMED (crl.h) after the last one that is whole:
 * another block is damaged, or cut off. */
must_check int crl_pem_each(struct view text, crl_pem_visit *visit, void *context);
