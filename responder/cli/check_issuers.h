/* Is each section's issuer registered, and as what? Part of the proof (check_steps.h). */
#pragma once

#include "cli/registry.h"
#include "warden/preflight.h"

void check_issuers(const struct conf *conf, struct database *database, struct preflight *preflight);
