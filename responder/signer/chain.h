/* The certificates that every answer carries after the signer's, if any are configured (P-26). */
#pragma once

#include "signer/certfile.h"

struct chain {
	unsigned count; /* up to LIMIT_CHAIN */
	struct certfile certificates[LIMIT_CHAIN];
};

/* Reads and proves: `ca`, which issued `signer`, first; then for each the one that issued it. Of a CA that signs itself its own certificate is left out. `path` NULL: an empty chain. 0 or
 * -errno with a fault that names the file. */
must_check int chain_load(struct chain *ret, const char *path, const struct certfile *signer,
			  const struct certfile *ca, struct fault *fault);
/* Are all in date? 0 or -EKEYREJECTED with a fault that names `path`. */
must_check int chain_check_dates(const struct chain *chain, const char *path, int64_t now,
				 struct fault *fault);
void chain_deinit(struct chain *chain);
/* The beginning of the one that begins last, the end of the one that ends first; INT64_MIN and
 * INT64_MAX for an empty chain. */
int64_t chain_not_before(const struct chain *chain);
int64_t chain_not_after(const struct chain *chain);
