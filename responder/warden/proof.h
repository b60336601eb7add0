/* Proves every issuer's credential before anything is started (P-35), in a process of its own that
 * ends at once: the warden never has a key in its memory. */
#pragma once

#include "base/result.h"
#include "conf/conf.h"

/* Warnings are logged. The fault is that of the first credential that fails. 0 or -EINVAL; another
 * -errno if the process could not be run. */
must_check int proof_run(const struct conf *conf, struct fault *fault);
