/* Has anything changed since, of a configuration and of the files that it names? */
#pragma once

#include "base/siphash.h"
#include "conf/conf.h"

struct fingerprint {
	bool sure; /* every file could be looked at, and none was so fresh that it may change unseen */
	struct siphash_key key;
	uint64_t hash;
};

/* `key`: of the one that it will be compared with. */
struct fingerprint fingerprint_take(const struct conf *conf, const struct siphash_key *key);
/* False also where that cannot be told. */
bool fingerprint_same(const struct fingerprint *a, const struct fingerprint *b);
