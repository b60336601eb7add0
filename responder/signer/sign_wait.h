/* From a job to a signed response, for who has nothing else to do meanwhile (`presign`): waits for a token
 * where the key is in one. */
#pragma once

#include "signer/sign.h"

/* As sign_job(), without SIGN_ELSEWHERE. A token that is silent for `patience_us` is SIGN_LATER. */
must_check int sign_wait(struct credential *credential, const struct message_sign *job, int64_t now,
			 int64_t patience_us, struct buffer *out, struct sign_outcome *ret);
