/* Jobs whose signature a token is making: kept whole, so that another signer can do them when it does not
 * come. Few, so that a token that is slow leaves the ledger's places at this signer to others. */
#pragma once

#include "ipc/messages.h"
#include "signer/responder.h"

#define WAITING_MOST 24u

struct waiting_job {
	uint64_t id; /* ours; 0: the place is free */
	uint32_t issuer;
	struct responder *responder;
	struct message_signed answer; /* without its response */
	struct buffer job; /* MESSAGE_SIGN's payload */
	struct buffer message; /* what is being signed */
};

struct waiting {
	unsigned count;
	uint64_t last_id;
	struct waiting_job all[WAITING_MOST];
};

/* Copies job and message. NULL: there is no place, or no memory. */
struct waiting_job *waiting_put(struct waiting *waiting, const struct waiting_job *job,
				struct view payload, struct view message);
/* NULL: nobody waits for it any more. */
struct waiting_job *waiting_find(struct waiting *waiting, uint64_t id);
/* One whose token does not sign it any more, or NULL. */
struct waiting_job *waiting_lost(struct waiting *waiting);
void waiting_drop(struct waiting *waiting, struct waiting_job *job);
void waiting_clear(struct waiting *waiting);
void waiting_deinit(struct waiting *waiting);
