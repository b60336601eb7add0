/* Is there a pooler between us and the server that gives each transaction another session? Part of the proof
 * (check_steps.h). */
#pragma once

#include "cli/connect.h"
#include "conf/conf.h"
#include "warden/preflight.h"

/* Commands and responders keep state in their sessions (db/session.h). False: it cannot be, which is a finding. */
bool check_pooler(const struct conf *conf, struct database *database, struct preflight *preflight);
