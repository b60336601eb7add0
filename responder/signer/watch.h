/* Hand-over (P-37): what each issuer's signers can do changes with the time alone. Whoever watches
 * looks every second; the ledger is told what changed, the log who took over. */
#pragma once

#include "base/clock.h"
#include "signer/keyring.h"

/* Sends one MESSAGE_OFFER. */
typedef void watch_send(void *context, struct view offer);

/* What lasts is told in this process's log: one of the signers speaks for all, which hold the same. */
void watch_aloud(struct keyring *keyring);
/* Sends what differs from what was said last, logs hand-overs, and raises what lasts. `all`: everything, to a
 * ledger that has heard nothing. */
void watch_tell(struct keyring *keyring, const struct conf *conf, struct moment now, bool all,
		watch_send *send, void *context);
