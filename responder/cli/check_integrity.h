/* What the database holds and should not, whatever the profile. Part of check_rows(). */
#pragma once

#include "cli/registry.h"
#include "warden/preflight.h"

void check_integrity(struct database *database, const struct registry *registry,
		     struct preflight *preflight);
