#include "front/stored.h"

#include "base/hex.h"

#include <openssl/evp.h>
#include <stdio.h>

struct prefix {
	uint32_t stamp; /* the second that the head tells, modulo 2^32 */
	uint16_t head_size;
	uint16_t unused;
};

_Static_assert(LIMIT_RESPONSE < 1000000, "STORED_BODY_DIGITS");
_Static_assert((STORED_UNDATED & ANSWER_TRAITS) == 0, "a trait of its own");

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

void stored_layout_init(struct stored_layout *layout, int64_t max_age_us, enum cache_tag cache_tag)
{
	static const uint8_t hash[HTTP_ETAG_HASH_SIZE];
	uint8_t head[HTTP_REPLY_HEAD_SIZE];
	struct http_cacheable reply = {
		.max_age = (uint32_t)(max_age_us / SECOND_US),
		.hash = hash,
		.body_size = 1,
	};
	layout->max_age = reply.max_age;
	layout->cache_tag = cache_tag;
	for (unsigned i = 0; i < STORED_BODY_DIGITS; i++, reply.body_size *= 10)
		(void)http_put_cacheable(head, &reply, &layout->marks[i]);
}

static const struct http_head_marks *marks_for(const struct stored_layout *layout, size_t body_size)
{
	return &layout->marks[digits_of(body_size) - 1];
}

/* ---- how long (P-23, P-28, P-48) ---- */

static bool is_lightweight(const struct answer_label *label)
{
	return label->traits & ANSWER_LIGHTWEIGHT;
}

/* RFC 9919, 7.2: later than thisUpdate, so not now. */
static int64_t longest_age(const struct stored_layout *layout, const struct answer_label *label)
{
	return layout->max_age == 0 && is_lightweight(label) ? 1 : layout->max_age;
}

bool stored_is_over(const struct stored_layout *layout, const struct answer_label *label,
		    const struct moment *now)
{
	int64_t second = wall_seconds(now->wall_us);
	bool past = second >= label->serve_until || second >= label->next_update;
	bool future = second < label->produced_at || second < label->this_update;
	return past || future ||
	       (is_lightweight(label) && second >= label->produced_at + longest_age(layout, label));
}

static uint32_t max_age_at(const struct stored_layout *layout, const struct answer_label *label,
			   int64_t now)
{
	int64_t most = longest_age(layout, label), left = label->serve_until - now;
	if (left <= 0)
		return 0;
	return (uint32_t)(left < most ? left : most);
}

/* The fields of a head as of now, but the hash and the body's size. RFC 9919, 7.2: Last-Modified is
 * thisUpdate and Expires nextUpdate; max-age goes first for who knows it. */
static struct http_cacheable reply_at(const struct stored_layout *layout,
				      const struct answer_label *label, int64_t now)
{
	bool lightweight = is_lightweight(label);
	int64_t dated = label->traits & STORED_UNDATED ? HTTP_NO_DATE : label->produced_at;
	uint32_t max_age = max_age_at(layout, label, now);
	return (struct http_cacheable){
		.now = now,
		.last_modified = lightweight ? label->this_update : dated,
		.expires = lightweight ? label->next_update : now + max_age,
		.max_age = max_age,
	};
}

static bool for_http_caches(const struct answer_label *label)
{
	return label->traits & (ANSWER_SHARED | ANSWER_LIGHTWEIGHT);
}

/* What a cache cannot be told to forget, where caches are told, is for none. */
static bool may_be_named(const struct stored_layout *layout, const struct message_answer *m)
{
	return for_http_caches(&m->label) &&
	       (layout->cache_tag == CACHE_TAG_OFF || public_name_whole(m->name));
}

/* NULL: no field. */
static const char *name_line(const struct stored_layout *layout, struct public_name name,
			     char ret[static HTTP_LINE_SIZE])
{
	static const char *const fields[] = {
		[CACHE_TAG_OFF] = NULL,
		[CACHE_TAG_XKEY] = "xkey",
		[CACHE_TAG_SURROGATE_KEY] = "Surrogate-Key",
		[CACHE_TAG_CACHE_TAG] = "Cache-Tag",
	};
	const char *field = fields[layout->cache_tag];
	char between = layout->cache_tag == CACHE_TAG_CACHE_TAG ? ',' : ' ';
	char certificate[PUBLIC_NAME_SIZE], issuer[PUBLIC_NAME_SIZE];
	if (!field)
		return NULL;
	public_name_put('c', name.certificate, certificate);
	public_name_put('i', name.issuer, issuer);
	(void)snprintf(ret, HTTP_LINE_SIZE, "%s: %s%c%s%c%s\r\n", field, certificate, between,
		       issuer, between, PUBLIC_NAME_ALL);
	return ret;
}

/* ---- storing ---- */

static int sha256(struct view bytes, uint8_t out[HTTP_ETAG_HASH_SIZE])
{
	return EVP_Digest(bytes.data, bytes.size, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

static int put_cacheable_head(const struct stored_layout *layout, const struct message_answer *m,
			      int64_t now, uint8_t *out, size_t *ret_size)
{
	uint8_t hash[HTTP_ETAG_HASH_SIZE];
	char line[HTTP_LINE_SIZE];
	int result = sha256(m->der, hash);
	if (result < 0)
		return result;
	struct http_head_marks marks;
	struct http_cacheable reply = reply_at(layout, &m->label, now), longest = reply;
	longest.max_age = (uint32_t)longest_age(layout, &m->label);
	longest.hash = hash;
	longest.body_size = m->der.size;
	longest.line = name_line(layout, m->name, line);
	size_t size = http_put_cacheable(out, &longest, &marks);
	result = http_patch_cacheable(out, &marks, &reply);
	if (result < 0)
		return result;
	*ret_size = size;
	return 0;
}

size_t unstored_put_head(const struct stored_layout *layout, const struct message_answer *m,
			 const struct moment *now, uint8_t *out)
{
	size_t size = 0;
	if (!is_lightweight(&m->label) || !may_be_named(layout, m) ||
	    put_cacheable_head(layout, m, wall_seconds(now->wall_us), out, &size) < 0)
		return 0;
	return size;
}

int stored_put(struct cache *cache, const struct stored_layout *layout, struct view key,
	       const struct message_answer *m, const struct moment *now, struct cache_entry **ret)
{
	uint8_t payload[sizeof(struct prefix) + HTTP_REPLY_HEAD_SIZE + LIMIT_RESPONSE];
	if (m->der.size > LIMIT_RESPONSE)
		return -EMSGSIZE;
	if (for_http_caches(&m->label) && !may_be_named(layout, m))
		return -EINVAL;
	uint8_t *head = payload + sizeof(struct prefix);
	int64_t second = wall_seconds(now->wall_us);
	size_t size;
	struct prefix prefix = {.stamp = (uint32_t)second};
	if (for_http_caches(&m->label)) {
		int result = put_cacheable_head(layout, m, second, head, &size);
		if (result < 0)
			return result;
	} else {
		size = http_put_uncacheable(head, second, m->der.size);
	}
	prefix.head_size = (uint16_t)size;
	memcpy(payload, &prefix, sizeof(prefix));
	memcpy(head + size, m->der.data, m->der.size);
	struct view stored = view_of(payload, sizeof(prefix) + size + m->der.size);
	return cache_put(cache, key, &m->label, stored, ret);
}

static struct stored_reply parts_of(const struct cache_entry *entry)
{
	struct cursor c = cursor_of(cache_entry_payload(entry));
	(void)cursor_take(&c, sizeof(struct prefix));
	struct view head = cursor_take(&c, prefix_of(entry)->head_size);
	return (struct stored_reply){.head = head, .body = c.rest};
}

struct view stored_der(const struct cache_entry *entry)
{
	return parts_of(entry).body;
}

bool stored_is_cacheable(const struct cache_entry *entry)
{
	struct answer_label label = cache_entry_label(entry);
	return for_http_caches(&label);
}

static void bring_up_to_date(const struct stored_layout *layout, struct cache_entry *entry,
			     int64_t second)
{
	size_t body_size = stored_der(entry).size;
	struct answer_label label = cache_entry_label(entry);
	struct http_cacheable reply = reply_at(layout, &label, second);
	uint8_t *payload = cache_entry_payload_mutable(entry);
	struct prefix *prefix = (struct prefix *)(void *)payload;
	prefix->stamp = (uint32_t)second;
	/* Cannot fail: the head has room for the longest max-age. */
	(void)!http_patch_cacheable(payload + sizeof(*prefix), marks_for(layout, body_size),
				    &reply);
}

struct stored_reply stored_reply(const struct stored_layout *layout, struct cache_entry *entry,
				 const struct moment *now)
{
	int64_t second = wall_seconds(now->wall_us);
	if (prefix_of(entry)->stamp != (uint32_t)second && stored_is_cacheable(entry))
		bring_up_to_date(layout, entry, second);
	return parts_of(entry);
}

/* Out of the head, where it was written once: no hashing for each 304. */
static bool stored_hash(const struct stored_layout *layout, const struct cache_entry *entry,
			uint8_t out[HTTP_ETAG_HASH_SIZE])
{
	struct stored_reply stored = parts_of(entry);
	size_t size, at = marks_for(layout, stored.body.size)->etag;
	return hex_parse(view_of(stored.head.data + at, (size_t)2 * HTTP_ETAG_HASH_SIZE),
			 HTTP_ETAG_HASH_SIZE, out, &size) == 0;
}

size_t stored_not_modified(const struct stored_layout *layout, const struct cache_entry *entry,
			   const struct http_request *request, const struct moment *now,
			   uint8_t *out)
{
	uint8_t hash[HTTP_ETAG_HASH_SIZE];
	if (!http_is_conditional(request) || request->method == HTTP_POST ||
	    !stored_is_cacheable(entry) || !stored_hash(layout, entry, hash))
		return 0;
	struct answer_label label = cache_entry_label(entry);
	int64_t modified = label.traits & ANSWER_UNCHANGED ? label.produced_at : HTTP_NO_DATE;
	if (!http_is_not_modified(request, hash, modified))
		return 0;
	struct http_cacheable reply = reply_at(layout, &label, wall_seconds(now->wall_us));
	reply.hash = hash;
	return http_put_not_modified(out, &reply);
}
