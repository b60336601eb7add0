/* The process that speaks to one token: opens it, says which keys are ready, signs what it is sent. */
#pragma once

#include "signer/token_key.h"

/* Nothing that time changes is wrong: another one would fare alike. */
#define TOKEN_WORKER_FOR_GOOD 3

/* Gives its exit status. */
int token_worker_run(const struct conf_server *server, const struct token_key *keys, unsigned count,
		     int socket, int64_t patience_us);
