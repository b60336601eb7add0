/* The name of one certificate inside this run of the ledger: a keyed hash over issuer and serial.
 * Fronts store it with each answer, so that a purge finds them; the key makes it opaque to them and
 * keeps clients from choosing serials that collide. */
#pragma once

#include "base/record.h"
#include "base/siphash.h"

/* `serial`: at most LIMIT_SERIAL octets. */
uint64_t tag_of(const struct siphash_key *key, int32_t issuer, struct view serial);
