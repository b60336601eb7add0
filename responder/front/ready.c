#include "front/ready.h"

#include "base/hex.h"

#include <openssl/evp.h>

struct prefix {
	/* Of an `unknown`, whose head never changes: the monotonic milliseconds when it was stored.
	 * Of others: the second that the head tells. Modulo 2^32. */
	uint32_t stamp;
	uint16_t head_size;
	uint16_t unused;
};

_Static_assert(LIMIT_RESPONSE < 1000000, "READY_BODY_DIGITS");

static const struct prefix *prefix_of(const struct cache_entry *entry)
{
	return (const struct prefix *)(const void *)cache_entry_payload(entry).data;
}

static unsigned digits_of(size_t number)
{
	unsigned digits = 1;
	for (; number >= 10; number /= 10)
		digits++;
	return digits;
}

void ready_layout_init(struct ready_layout *layout, int64_t max_age_us)
{
	static const uint8_t hash[HTTP_ETAG_HASH_SIZE];
	uint8_t head[HTTP_REPLY_HEAD_SIZE];
	struct http_cacheable reply = {
		.max_age = (uint32_t)(max_age_us / SECOND_US),
		.hash = hash,
		.body_size = 1,
	};
	layout->max_age = reply.max_age;
	for (unsigned i = 0; i < READY_BODY_DIGITS; i++, reply.body_size *= 10)
		(void)http_put_cacheable(head, &reply, &layout->marks[i]);
}

static const struct http_head_marks *marks_for(const struct ready_layout *layout, size_t body_size)
{
	return &layout->marks[digits_of(body_size) - 1];
}

/* now + max-age never goes beyond nextUpdate (P-48). */
static uint32_t max_age_at(const struct ready_layout *layout, int64_t next_update, int64_t now)
{
	int64_t left = next_update - now;
	if (left <= 0)
		return 0;
	return left < layout->max_age ? (uint32_t)left : layout->max_age;
}

static int sha256(struct view bytes, uint8_t out[HTTP_ETAG_HASH_SIZE])
{
	return EVP_Digest(bytes.data, bytes.size, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

static int put_cacheable_head(const struct ready_layout *layout, const struct message_answer *m,
			      int64_t now, uint8_t *out, size_t *ret_size)
{
	uint8_t hash[HTTP_ETAG_HASH_SIZE];
	int r = sha256(m->der, hash);
	if (r < 0)
		return r;
	struct http_cacheable reply = {
		.now = now,
		.produced_at = m->produced_at,
		.max_age = layout->max_age,
		.hash = hash,
		.body_size = m->der.size,
	};
	struct http_head_marks marks;
	size_t size = http_put_cacheable(out, &reply, &marks);
	r = http_patch_cacheable(out, &marks, now, max_age_at(layout, m->next_update, now));
	if (r < 0)
		return r;
	*ret_size = size;
	return 0;
}

static struct cache_facts facts_of(const struct message_answer *m)
{
	return (struct cache_facts){
		.tag = m->tag,
		.issuer = m->issuer,
		.status = (uint8_t)m->status,
		.produced_at = m->produced_at,
		.this_update = m->this_update,
		.next_update = m->next_update,
		.refresh_at = m->refresh_at,
	};
}

int ready_put(struct cache *cache, const struct ready_layout *layout, struct view key,
	      const struct message_answer *m, const struct moment *now, struct cache_entry **ret)
{
	uint8_t payload[sizeof(struct prefix) + HTTP_REPLY_HEAD_SIZE + LIMIT_RESPONSE];
	if (m->der.size > LIMIT_RESPONSE)
		return -EMSGSIZE;
	uint8_t *head = payload + sizeof(struct prefix);
	int64_t second = wall_seconds(now->wall_us);
	size_t size;
	struct prefix prefix = {.stamp = (uint32_t)second};
	if (m->status == OCSP_UNKNOWN) {
		prefix.stamp = (uint32_t)(now->mono_us / MILLISECOND_US);
		size = http_put_uncacheable(head, second, m->der.size);
	} else {
		int r = put_cacheable_head(layout, m, second, head, &size);
		if (r < 0)
			return r;
	}
	prefix.head_size = (uint16_t)size;
	memcpy(payload, &prefix, sizeof(prefix));
	memcpy(head + size, m->der.data, m->der.size);
	struct cache_facts facts = facts_of(m);
	return cache_put(cache, key, &facts, view_of(payload, sizeof(prefix) + size + m->der.size),
			 ret);
}

uint32_t ready_age_ms(const struct cache_entry *entry, const struct moment *now)
{
	return (uint32_t)(now->mono_us / MILLISECOND_US) - prefix_of(entry)->stamp;
}

static struct ready_reply parts_of(const struct cache_entry *entry)
{
	struct cursor c = cursor_of(cache_entry_payload(entry));
	(void)cursor_take(&c, sizeof(struct prefix));
	struct view head = cursor_take(&c, prefix_of(entry)->head_size);
	return (struct ready_reply){.head = head, .body = c.rest};
}

struct view ready_der(const struct cache_entry *entry)
{
	return parts_of(entry).body;
}

bool ready_is_cacheable(const struct cache_entry *entry)
{
	return cache_entry_facts(entry).status != OCSP_UNKNOWN;
}

static void bring_up_to_date(const struct ready_layout *layout, struct cache_entry *entry,
			     int64_t second)
{
	size_t body_size = ready_der(entry).size;
	int64_t next_update = cache_entry_facts(entry).next_update;
	uint8_t *payload = cache_entry_payload_mutable(entry);
	struct prefix *prefix = (struct prefix *)(void *)payload;
	prefix->stamp = (uint32_t)second;
	/* Cannot fail: the head has room for the longest max-age. */
	(void)!http_patch_cacheable(payload + sizeof(*prefix), marks_for(layout, body_size), second,
				    max_age_at(layout, next_update, second));
}

struct ready_reply ready_reply(const struct ready_layout *layout, struct cache_entry *entry,
			       const struct moment *now)
{
	int64_t second = wall_seconds(now->wall_us);
	if (prefix_of(entry)->stamp != (uint32_t)second && ready_is_cacheable(entry))
		bring_up_to_date(layout, entry, second);
	return parts_of(entry);
}

/* Out of the head, where it was written once: no hashing for each 304. */
static bool stored_hash(const struct ready_layout *layout, const struct cache_entry *entry,
			uint8_t out[HTTP_ETAG_HASH_SIZE])
{
	struct ready_reply stored = parts_of(entry);
	size_t size, at = marks_for(layout, stored.body.size)->etag;
	return hex_parse(view_of(stored.head.data + at, (size_t)2 * HTTP_ETAG_HASH_SIZE),
			 HTTP_ETAG_HASH_SIZE, out, &size) == 0;
}

size_t ready_not_modified(const struct ready_layout *layout, const struct cache_entry *entry,
			  const struct http_request *request, const struct moment *now,
			  uint8_t *out)
{
	bool conditional = request->if_none_match.data || request->if_modified_since.data;
	uint8_t hash[HTTP_ETAG_HASH_SIZE];
	if (!conditional || request->method == HTTP_POST || !ready_is_cacheable(entry) ||
	    !stored_hash(layout, entry, hash))
		return 0;
	struct cache_facts facts = cache_entry_facts(entry);
	if (!http_is_not_modified(request, hash, facts.produced_at))
		return 0;
	struct http_cacheable reply = {
		.now = wall_seconds(now->wall_us),
		.produced_at = facts.produced_at,
		.hash = hash,
	};
	reply.max_age = max_age_at(layout, facts.next_update, reply.now);
	return http_put_not_modified(out, &reply);
}
