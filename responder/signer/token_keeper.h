/* The process that starts a token's worker, again and again. */
#pragma once

#include "signer/token_key.h"

#include <sys/types.h>

/* Back-off between one worker and the next. */
#define KEEPER_FIRST_MS 200
#define KEEPER_LAST_MS 5000

/* Forks it, for the keys of one token; `ret_fd` is our end of its socket, non-blocking. A worker that takes
 * three times as long as a signature may last is ended. 0 or -errno. */
must_check int token_keeper_start(const struct conf_server *server, const struct token_key *keys,
				  unsigned count, int64_t patience_us, int *ret_fd, pid_t *ret_pid);
