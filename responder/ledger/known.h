/* Rows that a lookup found good. While the feed is whole it vouches for them: a change of one would have
 * come with it. So the next question for the same certificate needs no lookup. Whoever learns of a change
 * or a doubt makes it forget; that there is no row is never remembered, because an issuance is told by no
 * feed.
 *
 * Bounded in octets and in age: what a feed does not tell of a good row (the end of its certificate, added
 * later) counts within LIMIT_KNOWN_AGE_US. Places are given by the tag, a few for each; of them the one that
 * was not asked for the longest goes. */
#pragma once

#include "base/record.h"
#include "base/result.h"

struct known;

/* `most_octets`: all told; nothing is remembered where it is too little for anything. 0 or -ENOMEM. */
must_check int known_new(uint64_t most_octets, struct known **ret);
void known_free(struct known *known);
DEFINE_CLEANUP(struct known, known_free)

/* A row that is good and counts (record_counts()); others, and serials above 20 octets, are not kept.
 * `mono_us`: now. */
void known_put(struct known *known, uint64_t tag, const struct cert_record *record,
	       int64_t mono_us);
/* Fills `ret` and returns true if this certificate is remembered. */
must_check bool known_find(struct known *known, uint64_t tag, int32_t issuer, struct view serial,
			   int64_t mono_us, struct cert_record *ret);
/* The same, and nothing remembers that it was asked. */
must_check bool known_peek(struct known *known, uint64_t tag, int32_t issuer, struct view serial,
			   int64_t mono_us, struct cert_record *ret);
void known_forget(struct known *known, uint64_t tag);
void known_forget_all(struct known *known);
/* How often something was found. */
uint64_t known_hits(const struct known *known);
