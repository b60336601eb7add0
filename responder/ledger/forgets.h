/* What HTTP caches shall forget: told to the fetcher, which tells them. Whatever fronts are told to purge is in it,
 * under the names that caches know (public_names.h). */
#pragma once

#include "base/bytes.h"

struct ledger;

must_check int forgets_init(struct ledger *l);
void forgets_deinit(struct ledger *l);
/* What it missed nobody knows: it begins with everything. */
void forgets_attach(struct ledger *l, bool attached);
/* In a flood of them certificates become their issuers. */
void forgets_certificate(struct ledger *l, int32_t issuer, struct view serial);
void forgets_issuer(struct ledger *l, int32_t issuer);
void forgets_all(struct ledger *l);
void forgets_turn(struct ledger *l); /* a turn's end */
uint64_t forgets_sent(const struct ledger *l);
