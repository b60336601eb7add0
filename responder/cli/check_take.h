/* From findings to what `check` and `serve` say and do about them. */
#pragma once

#include "conf/finding.h"
#include "warden/preflight.h"

/* What was found out about one issuer, judged by its profile: `refused` is what follows from what
 * the profile refuses in files and rows; what it refuses in the configuration refuses the start. */
void check_take(struct preflight *preflight, const struct conf_issuer *section,
		const struct findings *findings, enum consequence refused);
/* How many of them follow `refused`. */
unsigned check_troubles(const struct findings *findings);
