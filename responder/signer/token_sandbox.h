/* What a worker may do, whose module nobody here knows: speak to its token, not to this machine. */
#pragma once

#include "signer/token_key.h"

/* Before anything of the module is loaded. 0 or -errno. */
must_check int token_sandbox_enter(const struct conf_server *server, const struct token_key *keys,
				   unsigned count, struct fault *fault);
