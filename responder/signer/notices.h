/* What lasts and a person must end: tokens that cannot be used, certificates that end soon. */
#pragma once

#include "signer/keyring.h"

struct notices {
	int64_t tell_at_us; /* monotonic: endings, again */
};

/* How often the warden is told of an issuer whose last signer ends soon. */
#define NOTICES_TELL_US (60 * SECOND_US)

/* "NOT_AFTER ISSUER", and which of its signers. */
typedef void notices_tell(void *context, unsigned signer, struct view text);

/* Every second, say. What all signers see alike the first (`index` 0) tells. */
void notices_look(struct keyring *keyring, const struct conf *conf, unsigned index,
		  struct moment now);
/* Now and then: each issuer that ends soon, or has ended. */
void notices_endings(struct notices *notices, const struct keyring *keyring,
		     const struct conf *conf, struct moment now, notices_tell *tell, void *context);
