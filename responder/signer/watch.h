/* Hand-over (P-37): what each issuer's signers can do changes with the time alone. Whoever watches
 * looks every second; the ledger is told what changed, the log who took over. */
#pragma once

#include "signer/keyring.h"

/* Sends one MESSAGE_OFFER. */
typedef void watch_send(void *context, struct view offer);

/* Sends what differs from what was said last and logs hand-overs. `all`: everything, to a ledger
 * that has heard nothing. `now`: seconds since 1970. */
void watch_tell(struct keyring *keyring, const struct conf *conf, int64_t now, bool all,
		watch_send *send, void *context);
