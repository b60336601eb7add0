/* The jobs that wait: a ring of payloads in the order of their arrival. A turn of the event loop
 * reads all that is there but works on a few, so that results leave while later jobs still wait. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

/* The ledger sends LIMIT_SIGNER_DEPTH ahead; one that sends four times that breaks the rules. */
#define JOBS_MOST (4u * LIMIT_SIGNER_DEPTH)

struct jobs {
	struct buffer payloads[JOBS_MOST]; /* reused */
	unsigned first, count;
};

/* Copies. 0, -ENOBUFS when full, -ENOMEM. */
must_check int jobs_put(struct jobs *jobs, struct view payload);
/* The oldest, valid until the next jobs_put(); false: none. */
bool jobs_take(struct jobs *jobs, struct view *ret);
void jobs_clear(struct jobs *jobs);
void jobs_deinit(struct jobs *jobs);
