/* Is a CRL one to believe: by itself, by its signature, and now. */
#pragma once

#include "cli/crl_input.h"

/* Positive results, each with a fault that says why. */
#define CRL_REFUSED 1

/* Whether every entry can be read and understood (RFC 5280, 5.3), then whose it is: the registered issuer of its
 * issuer's name (P-7) whose key signed it; `only` (may be NULL) leaves no other. Sets input->issuer and
 * input->entries. */
must_check int crl_judge(struct crl_input *input, const struct registry *registry,
			 const struct registered *only, int64_t now, struct fault *fault);
