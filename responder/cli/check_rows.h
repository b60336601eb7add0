/* What the rows of an issuer say against its profile; part of `check`. */
#pragma once

#include "cli/registry.h"
#include "conf/finding.h"

/* Certificates on hold, and CA certificates revoked without a permitted reason. Asks only what the
 * list's profile minds. 0 or a negative result with a fault. */
must_check int rows_judge(struct database *database, const struct registry *registry,
			  const struct registered *issuer, struct findings *ret,
			  struct fault *fault);
