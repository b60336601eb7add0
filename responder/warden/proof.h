/* What `serve` refuses before anything is started, found out by short-lived processes: the warden
 * itself never has a key in its memory and never talks to the database. Warnings are logged. */
#pragma once

#include "base/result.h"
#include "conf/conf.h"

/* Every issuer's options against its profile (PROTOCOL.md, F). Warnings and violations are logged, each
 * with its requirement. 0, or -EINVAL. */
must_check int proof_profiles(const struct conf *conf, struct fault *fault);
/* Proves every issuer's credential (P-35). The fault is that of the first one that fails. 0, or
 * -EINVAL; another -errno if the process could not be run. */
must_check int proof_credentials(const struct conf *conf, struct fault *fault);
/* A database that answers must have the schema that this program knows. One that does not answer is
 * no reason to refuse: the ledger waits for it. As above. */
must_check int proof_database(const struct conf *conf, struct fault *fault);
