/* SipHash-2-4 (Aumasson, Bernstein, 2012): a keyed hash for tables whose keys clients choose, so
 * that nobody without the key can make them collide. */
#pragma once

#include "base/bytes.h"

struct siphash_key {
	uint64_t k0, k1;
};

/* A key from the kernel's random numbers. 0 or -errno. */
must_check int siphash_key_random(struct siphash_key *ret);
uint64_t siphash(const struct siphash_key *key, struct view bytes);
