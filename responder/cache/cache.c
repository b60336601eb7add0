#include "cache/cache.h"

#include "base/siphash.h"
#include "base/timetext.h"

#include <malloc.h>

/* Bytes of the cap for each bucket. Signed answers are 0.7 to 3 kB with their heads, so a chain by
 * key holds a few entries at most; tags are looked up for purges and new answers only. Together the
 * tables cost a quarter of a per cent of the cap. */
#define BYTES_A_KEY_BUCKET 4096u
#define BYTES_A_TAG_BUCKET 16384u
#define LEAST_BUCKETS 16u
/* What glibc's malloc() adds in front of each block. */
#define ALLOCATION_OVERHEAD sizeof(size_t)

struct cache_entry {
	struct cache_entry *next_by_key, *next_by_tag;
	uint64_t tag;
	int64_t produced_at;
	/* Distances from it. */
	uint32_t this_update_before, next_update_after, serve_until_after, refresh_after;
	int32_t issuer;
	uint32_t payload_size;
	uint32_t key_offset; /* in `bytes`, usually within the payload */
	uint16_t key_size;
	uint8_t status;
	uint8_t traits : 7;
	uint8_t used : 1; /* since the hand last passed */
	_Alignas(8) uint8_t bytes[];
};
_Static_assert(sizeof(struct cache_entry) == 64, "what cache.h promises");

struct cache {
	struct siphash_key hash_key;
	uint64_t most_bytes, bytes, entries, evictions;
	uint64_t fixed_bytes; /* of `bytes`: what is there without any entry */
	size_t key_mask, tag_mask; /* buckets − 1 */
	size_t hand;
	struct cache_entry **by_key, **by_tag;
};

/* The largest power of two that the cap pays for. */
static size_t bucket_count(uint64_t most_bytes, uint64_t bytes_a_bucket)
{
	size_t count = LEAST_BUCKETS;
	while (count * 2 <= most_bytes / bytes_a_bucket)
		count *= 2;
	return count;
}

/* Empty ones, as many as the cap pays for, instead of those that there are. 0 or -ENOMEM. */
static int make_buckets(struct cache *cache, uint64_t most_bytes)
{
	size_t key_buckets = bucket_count(most_bytes, BYTES_A_KEY_BUCKET);
	size_t tag_buckets = bucket_count(most_bytes, BYTES_A_TAG_BUCKET);
	struct cache_entry **by_key = calloc(key_buckets, sizeof(struct cache_entry *));
	struct cache_entry **by_tag = calloc(tag_buckets, sizeof(struct cache_entry *));
	if (!by_key || !by_tag) {
		free(by_key);
		free(by_tag);
		return -ENOMEM;
	}
	free(cache->by_key);
	free(cache->by_tag);
	cache->by_key = by_key;
	cache->by_tag = by_tag;
	cache->key_mask = key_buckets - 1;
	cache->tag_mask = tag_buckets - 1;
	cache->hand = 0;
	cache->bytes -= cache->fixed_bytes;
	cache->fixed_bytes =
		sizeof(*cache) + (key_buckets + tag_buckets) * sizeof(struct cache_entry *);
	cache->bytes += cache->fixed_bytes;
	return 0;
}

int cache_new(uint64_t most_bytes, struct cache **ret)
{
	cleanup(cache_freep) struct cache *cache = calloc(1, sizeof(*cache));
	if (!cache)
		return -ENOMEM;
	int result = make_buckets(cache, most_bytes);
	if (result < 0)
		return result;
	cache->most_bytes = most_bytes;
	result = siphash_key_random(&cache->hash_key);
	if (result < 0)
		return result;
	*ret = cache;
	cache = NULL;
	return 0;
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	if (cache->by_key && cache->by_tag)
		(void)cache_purge_all(cache);
	free(cache->by_key);
	free(cache->by_tag);
	free(cache);
}

static struct cache_entry **key_bucket(struct cache *cache, struct view key)
{
	return &cache->by_key[siphash(&cache->hash_key, key) & cache->key_mask];
}

/* Tags come from the ledger, not from clients; a multiplicative hash spreads them well enough. */
static struct cache_entry **tag_bucket(const struct cache *cache, uint64_t tag)
{
	return &cache->by_tag[(tag * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & cache->tag_mask];
}

struct view cache_entry_key(const struct cache_entry *entry)
{
	return view_of(entry->bytes + entry->key_offset, entry->key_size);
}

/* The link that points at the key's entry, or at NULL where there is none. */
static struct cache_entry **find_link(struct cache *cache, struct view key)
{
	struct cache_entry **link = key_bucket(cache, key);
	while (*link && !view_equal(cache_entry_key(*link), key))
		link = &(*link)->next_by_key;
	return link;
}

struct cache_entry *cache_get(struct cache *cache, struct view key)
{
	struct cache_entry *entry = *find_link(cache, key);
	if (entry)
		entry->used = true;
	return entry;
}

static uint64_t entry_cost(struct cache_entry *entry)
{
	return malloc_usable_size(entry) + ALLOCATION_OVERHEAD;
}

static void unlink_tag(struct cache *cache, struct cache_entry *entry)
{
	struct cache_entry **link = tag_bucket(cache, entry->tag);
	while (*link != entry)
		link = &(*link)->next_by_tag;
	*link = entry->next_by_tag;
}

/* Removes the entry that a link of the key table points at. */
static void remove_at(struct cache *cache, struct cache_entry **link)
{
	struct cache_entry *entry = *link;
	*link = entry->next_by_key;
	unlink_tag(cache, entry);
	cache->bytes -= entry_cost(entry);
	cache->entries--;
	free(entry);
}

void cache_remove(struct cache *cache, struct cache_entry *entry)
{
	struct cache_entry **link = key_bucket(cache, cache_entry_key(entry));
	while (*link != entry)
		link = &(*link)->next_by_key;
	remove_at(cache, link);
}

/* The hand's next bucket: entries used since it last passed get a second chance. */
static void sweep_bucket(struct cache *cache, const struct cache_entry *keep)
{
	struct cache_entry **link = &cache->by_key[cache->hand];
	cache->hand = (cache->hand + 1) & cache->key_mask;
	while (*link && cache->bytes > cache->most_bytes) {
		if (*link == keep || (*link)->used) {
			(*link)->used = false;
			link = &(*link)->next_by_key;
		} else {
			remove_at(cache, link);
			cache->evictions++;
		}
	}
}

static void evict(struct cache *cache, const struct cache_entry *keep)
{
	while (cache->bytes > cache->most_bytes)
		sweep_bucket(cache, keep);
}

#define FOR_EVER UINT32_MAX
#define FARTHEST (UINT32_MAX - 1)

static uint32_t distance(int64_t from, int64_t to)
{
	if (to <= from)
		return 0;
	if (to == TIME_MOST)
		return FOR_EVER;
	uint64_t seconds = (uint64_t)to - (uint64_t)from;
	return seconds > FARTHEST ? FARTHEST : (uint32_t)seconds;
}

static int64_t moment_after(int64_t from, uint32_t seconds)
{
	return seconds == FOR_EVER ? TIME_MOST : from + seconds;
}

static void set_label(struct cache_entry *entry, const struct answer_label *label)
{
	entry->tag = label->tag;
	entry->issuer = label->issuer;
	entry->status = (uint8_t)label->status;
	entry->traits = label->traits & 0x7fU;
	entry->produced_at = label->produced_at;
	entry->next_update_after = distance(label->produced_at, label->next_update);
	entry->serve_until_after = distance(label->produced_at, label->serve_until);
	entry->this_update_before = distance(label->this_update, label->produced_at);
	entry->refresh_after = distance(label->produced_at, label->refresh_at);
}

void cache_entry_set_refresh_at(struct cache_entry *entry, int64_t refresh_at)
{
	entry->refresh_after = distance(entry->produced_at, refresh_at);
}

struct answer_label cache_entry_label(const struct cache_entry *entry)
{
	return (struct answer_label){
		.tag = entry->tag,
		.issuer = entry->issuer,
		.status = (enum ocsp_status)entry->status,
		.traits = entry->traits,
		.produced_at = entry->produced_at,
		.this_update = entry->produced_at - entry->this_update_before,
		.next_update = moment_after(entry->produced_at, entry->next_update_after),
		.serve_until = moment_after(entry->produced_at, entry->serve_until_after),
		.refresh_at = moment_after(entry->produced_at, entry->refresh_after),
	};
}

/* The bytes of a new entry: the payload, and the key where the payload does not hold it. */
static struct cache_entry *entry_new(struct view key, struct view payload)
{
	const uint8_t *inside = memmem(payload.data, payload.size, key.data, key.size);
	size_t extra = inside ? 0 : key.size;
	struct cache_entry *entry = malloc(sizeof(*entry) + payload.size + extra);
	if (!entry)
		return NULL;
	*entry = (struct cache_entry){
		.payload_size = (uint32_t)payload.size,
		.key_offset = (uint32_t)(inside ? (size_t)(inside - payload.data) : payload.size),
		.key_size = (uint16_t)key.size,
	};
	if (payload.size)
		memcpy(entry->bytes, payload.data, payload.size);
	if (extra)
		memcpy(entry->bytes + payload.size, key.data, extra);
	return entry;
}

static void link_entry(struct cache *cache, struct cache_entry **by_key, struct cache_entry *entry)
{
	entry->next_by_key = *by_key;
	*by_key = entry;
	struct cache_entry **by_tag = tag_bucket(cache, entry->tag);
	entry->next_by_tag = *by_tag;
	*by_tag = entry;
}

static void insert(struct cache *cache, struct cache_entry **by_key, struct cache_entry *entry)
{
	link_entry(cache, by_key, entry);
	cache->bytes += entry_cost(entry);
	cache->entries++;
}

int cache_put(struct cache *cache, struct view key, const struct answer_label *label,
	      struct view payload, struct cache_entry **ret)
{
	struct cache_entry **former = find_link(cache, key);
	if (*former)
		remove_at(cache, former);
	if (key.size > UINT16_MAX || payload.size > UINT32_MAX / 2)
		return -EMSGSIZE;
	struct cache_entry *entry = entry_new(key, payload);
	if (!entry)
		return -ENOMEM;
	if (cache->fixed_bytes + entry_cost(entry) > cache->most_bytes) {
		free(entry);
		return -EMSGSIZE;
	}
	set_label(entry, label);
	insert(cache, key_bucket(cache, key), entry);
	evict(cache, entry);
	if (ret)
		*ret = entry;
	return 0;
}

const struct cache_entry *cache_next_of(const struct cache *cache, uint64_t tag,
					const struct cache_entry *before)
{
	const struct cache_entry *entry = before ? before->next_by_tag : *tag_bucket(cache, tag);
	while (entry && entry->tag != tag)
		entry = entry->next_by_tag;
	return entry;
}

/* All entries in one list, by their links of the key table. */
static struct cache_entry *take_all(struct cache *cache)
{
	struct cache_entry *all = NULL;
	for (size_t i = 0; i <= cache->key_mask; i++) {
		struct cache_entry *entry;
		while ((entry = cache->by_key[i])) {
			cache->by_key[i] = entry->next_by_key;
			entry->next_by_key = all;
			all = entry;
		}
	}
	memset(cache->by_tag, 0, (cache->tag_mask + 1) * sizeof(struct cache_entry *));
	return all;
}

void cache_resize(struct cache *cache, uint64_t most_bytes)
{
	if (most_bytes == cache->most_bytes)
		return;
	cache->most_bytes = most_bytes;
	struct cache_entry *next, *entry = take_all(cache);
	(void)!make_buckets(cache, most_bytes); /* without memory those of before do, slower */
	for (; entry; entry = next) {
		next = entry->next_by_key;
		link_entry(cache, key_bucket(cache, cache_entry_key(entry)), entry);
	}
	while (cache->bytes > most_bytes && cache->entries > 0)
		sweep_bucket(cache, NULL);
}

size_t cache_purge_tag(struct cache *cache, uint64_t tag)
{
	size_t removed = 0;
	struct cache_entry *next = *tag_bucket(cache, tag);
	while (next) {
		struct cache_entry *entry = next;
		next = entry->next_by_tag;
		if (entry->tag == tag) {
			cache_remove(cache, entry);
			removed++;
		}
	}
	return removed;
}

/* `issuer` NULL: every entry. */
static size_t purge_where(struct cache *cache, const int32_t *issuer)
{
	size_t removed = 0;
	for (size_t i = 0; i <= cache->key_mask; i++) {
		struct cache_entry **link = &cache->by_key[i];
		while (*link) {
			if (issuer && (*link)->issuer != *issuer) {
				link = &(*link)->next_by_key;
				continue;
			}
			remove_at(cache, link);
			removed++;
		}
	}
	return removed;
}

size_t cache_purge_issuer(struct cache *cache, int32_t issuer)
{
	return purge_where(cache, &issuer);
}

size_t cache_purge_all(struct cache *cache)
{
	return purge_where(cache, NULL);
}

struct view cache_entry_payload(const struct cache_entry *entry)
{
	return view_of(entry->bytes, entry->payload_size);
}

uint8_t *cache_entry_payload_mutable(struct cache_entry *entry)
{
	return entry->bytes;
}

struct cache_counts cache_counts(const struct cache *cache)
{
	return (struct cache_counts){
		.entries = cache->entries,
		.bytes = cache->bytes,
		.evictions = cache->evictions,
	};
}
