/* Answers kept ready: from a request key (bytes) to one stored answer, bounded in bytes.
 *
 *   by key ──▶ bucket ──▶ entry ──▶ entry         one allocation an entry:
 *   by tag ──▶ bucket ──▶ entry                   header (64 B) · payload · key
 *
 * A key that also stands inside the payload (an OCSP response repeats the CertID that it answers) is
 * not stored a second time. Eviction is second chance (CLOCK), the hand walking over the buckets, so
 * a hit only sets a flag. The number of buckets follows from the cap and changes only with it: no other
 * rehash stops the event loop.
 *
 * The cap counts everything: buckets, headers, what malloc() adds. An answer costs its payload and
 * less than 96 B (doc/performance.md). The cache has no clock: whether an entry may still be served is
 * its user's judgement. */
#pragma once

#include "base/bytes.h"
#include "base/label.h"
#include "base/result.h"

struct cache;
struct cache_entry;

/* Of a label (base/label.h) the times but produced_at are kept as 32-bit distances from it: this_update
 * from 136 years before it to itself, the others from itself to 136 years after; anything beyond is
 * moved to these ends, but TIME_MOST itself (an answer for ever) stays. Of the traits seven bits are
 * kept: the ledger's, and what is left to the cache's user. */

/* `most_bytes`: the cap. 0, -ENOMEM, or -EIO without random numbers. */
must_check int cache_new(uint64_t most_bytes, struct cache **ret);
void cache_free(struct cache *cache);
DEFINE_CLEANUP(struct cache, cache_free)

/* Another cap: what it has no room for is evicted. Takes a moment that grows with the entries. */
void cache_resize(struct cache *cache, uint64_t most_bytes);

/* The entry or NULL. It stays valid until the next cache_put(), cache_remove() or purge. Counts as a
 * use (second chance). */
struct cache_entry *cache_get(struct cache *cache, struct view key);

/* Stores an answer, instead of the key's former one; evicts what the cap asks for. `ret` (may be
 * NULL) gets the entry; it is never evicted by its own put. -EMSGSIZE when it alone is over the cap
 * or the key over 64 KiB, -ENOMEM; the former answer is gone in either case. */
must_check int cache_put(struct cache *cache, struct view key, const struct answer_label *label,
			 struct view payload, struct cache_entry **ret);
void cache_remove(struct cache *cache, struct cache_entry *entry);

/* The entries of a certificate, one after the other: NULL begins, NULL ends. Counts as no use. Valid as
 * long as cache_get()'s. */
const struct cache_entry *cache_next_of(const struct cache *cache, uint64_t tag,
					const struct cache_entry *before);

/* Each returns the number of entries removed. */
size_t cache_purge_tag(struct cache *cache, uint64_t tag);
size_t cache_purge_issuer(struct cache *cache, int32_t issuer);
size_t cache_purge_all(struct cache *cache);

struct answer_label cache_entry_label(const struct cache_entry *entry);
void cache_entry_set_refresh_at(struct cache_entry *entry, int64_t refresh_at);
struct view cache_entry_key(const struct cache_entry *entry);
/* Aligned to 8 octets. */
struct view cache_entry_payload(const struct cache_entry *entry);
/* The payload to be changed in place, but not where the key stands in it. */
uint8_t *cache_entry_payload_mutable(struct cache_entry *entry);

struct cache_counts {
	uint64_t entries, bytes; /* bytes: as the cap counts */
	uint64_t evictions; /* since the start */
};
struct cache_counts cache_counts(const struct cache *cache);
