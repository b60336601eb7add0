/* Processes that sign for a command, beside each other: each proves the issuer's keys for itself, as a signer
 * does, and is given fields only. They end with their command.
 *
 *   presign ──MESSAGE_SIGN──▶ crew ×N (sign_wait.h)
 *           ◀──MESSAGE_SIGNED, or why not── */
#pragma once

#include "conf/conf.h"
#include "ipc/messages.h"

struct crew;

/* Jobs that each has at most: the one that it does, and those that it needs not wait for. */
#define CREW_DEPTH 4u
#define CREW_MOST 256u

struct crew_result {
	struct message_signed answer; /* its view is valid until the next call */
	const char *reason; /* NULL: it is signed; else why not, as long */
};

/* Waits until each has proven the keys. Passphrases were collected before. 0, or -errno with what a proof
 * says. */
must_check int crew_start(const struct conf_server *server, const struct conf_issuer *section,
			  unsigned count, struct crew **ret, struct fault *fault);
/* Is there somebody to give a job to? */
bool crew_has_room(const struct crew *crew);
/* 0; -EINVAL: fields that no answer has; -errno: a process has ended. */
must_check int crew_give(struct crew *crew, const struct message_sign *job, struct fault *fault);

/* A positive result: nothing is awaited. */
#define CREW_IDLE 1
/* Waits for one. 0, CREW_IDLE or -errno. */
must_check int crew_take(struct crew *crew, struct crew_result *ret, struct fault *fault);
/* Ends them all. */
void crew_free(struct crew *crew);
DEFINE_CLEANUP(struct crew, crew_free)
