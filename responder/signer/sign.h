/* From a job to a signed response. The ledger is not believed more than it must be: what this
 * room's own configuration and certificates forbid is refused, whatever the job says. */
#pragma once

#include "ipc/messages.h"

struct credential;
struct responder;

/* Positive results. */
#define SIGN_REFUSED 1 /* the job asks for what may not be said; `reason` says what */
#define SIGN_LATER 2 /* nobody can sign now, or the job waited too long */
#define SIGN_ELSEWHERE 3 /* its key is in a token, which must be asked: sign_finish() */

struct sign_outcome {
	struct responder *responder; /* SIGN_ELSEWHERE: who is to be asked … */
	struct view message; /* … to sign this; the credential's, until the next job */
	int64_t produced_at, next_update; /* seconds since 1970 */
	const char *reason; /* of any failure; static storage */
};

/* Appends the OCSPResponse. `now`: seconds since 1970. 0, a positive result, or -EIO: signing
 * failed, or what was signed did not verify. `ret->reason` is set on failure too. */
must_check int sign_job(struct credential *credential, const struct message_sign *job, int64_t now,
			struct buffer *out, struct sign_outcome *ret);

/* With what the responder's token made of `message`: proven first. 0 or -EIO, with `*reason`. */
must_check int sign_finish(struct responder *responder, struct view message, struct view signature,
			   struct buffer *out, const char **reason);

/* Octets of an ordinary good answer by this responder, without signing one: the longest signature of
 * its key, its certificates, and the extensions that every good answer has. What the database adds to
 * some (CrlID, SCTs) comes on top. SIZE_MAX: it has no end. */
size_t sign_size(struct credential *credential, const struct responder *responder, int64_t now);
