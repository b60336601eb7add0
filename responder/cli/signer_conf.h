/* What `signer request` and `signer check` take from a configuration, where there is one. */
#pragma once

#include "cli/command.h"
#include "conf/conf.h"

/* That of --config, else the usual one if it is there, else one that says nothing but the defaults. 0 or
 * -errno: one that was named, or is there, cannot be read. */
must_check int signer_conf_load(const struct command_line *line, struct conf **ret,
				struct fault *fault);
