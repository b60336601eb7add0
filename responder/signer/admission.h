/* What a job may ask for. */
#pragma once

#include "ipc/messages.h"
#include "signer/credential_parts.h"

/* NULL, or why the job is refused (static storage). */
const char *admission_refusal(const struct credential *credential, const struct message_sign *job,
			      int64_t now);
