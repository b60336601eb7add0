/* Request heads and chunked bodies. However the octets arrive, the result is the same; a prefix
 * never becomes another request than the whole; nothing points outside (P-46). */
#include "http/chunked.h"
#include "http/get_path.h"
#include "http/reply.h"
#include "http/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static int parse(struct view bytes, struct http_request *r)
{
	struct http_scan scan = {0};
	return http_request_parse(&scan, bytes, r);
}

static bool is_refusal(int result)
{
	return result == 400 || result == 405 || result == 413 || result == 414 || result == 417 ||
	       result == 431;
}

static void check_within(struct view part, struct view whole)
{
	if (part.data)
		CHECK(part.data >= whole.data && part.size <= whole.size &&
		      part.data - whole.data <= (ptrdiff_t)(whole.size - part.size));
}

static bool same_view(struct view a, struct view b)
{
	return a.data == b.data && a.size == b.size;
}

static void check_same(const struct http_request *a, const struct http_request *b)
{
	CHECK(a->method == b->method && a->minor == b->minor && a->keep_alive == b->keep_alive);
	CHECK(a->framing == b->framing && a->content_length == b->content_length);
	CHECK(a->expect_continue == b->expect_continue && !a->host.data == !b->host.data);
	CHECK(same_view(a->target, b->target) && view_equal(a->path, b->path));
	CHECK(same_view(a->content_type, b->content_type));
	CHECK(a->tag_fields == b->tag_fields);
	for (unsigned i = 0; i < LIMIT_HTTP_TAG_FIELDS; i++)
		CHECK(same_view(a->if_none_match[i], b->if_none_match[i]));
	CHECK(same_view(a->if_modified_since, b->if_modified_since));
	CHECK(same_view(a->forwarded_for, b->forwarded_for));
	CHECK(a->head_size == b->head_size);
}

static void check_request(const struct http_request *r, struct view bytes)
{
	struct view head = view_of(bytes.data, r->head_size);
	CHECK(r->head_size <= bytes.size && r->head_size <= LIMIT_HTTP_HEAD);
	CHECK(memcmp(head.data + head.size - 4, "\r\n\r\n", 4) == 0);
	check_within(r->target, head);
	check_within(r->content_type, head);
	for (unsigned i = 0; i < LIMIT_HTTP_TAG_FIELDS; i++)
		check_within(r->if_none_match[i], head);
	check_within(r->if_modified_since, head);
	check_within(r->forwarded_for, head);
	CHECK(r->path.size > 0 && r->path.size <= LIMIT_GET_PATH && r->path.data[0] == '/');
	CHECK(r->content_length <= LIMIT_REQUEST_BODY);
	CHECK(!r->keep_alive || r->minor == 1);
	CHECK(r->minor == 0 || r->host.data);

	struct http_request alone, less;
	CHECK(parse(head, &alone) == 0);
	check_same(r, &alone);
	CHECK(parse(view_of(head.data, head.size - 1), &less) == HTTP_INCOMPLETE);
}

/* A piece first, then all of it, with one scan. */
static void check_split(struct view bytes, size_t first, int result, const struct http_request *r)
{
	struct http_scan scan = {0};
	struct http_request early, later;
	int begun = http_request_parse(&scan, view_of(bytes.data, first), &early);
	if (is_refusal(begun)) {
		CHECK(is_refusal(result));
		return;
	}
	CHECK(http_request_parse(&scan, bytes, &later) == result);
	if (result != 0)
		return;
	check_same(r, &later);
	if (begun == 0)
		check_same(r, &early);
}

/* The result, and what was written; `step` octets at a time. */
static int decode(struct view bytes, size_t step, uint8_t *body, size_t *ret_size, size_t *ret_used)
{
	struct http_chunked c = {0};
	int result = HTTP_INCOMPLETE;
	size_t used = 0;
	while (used < bytes.size && result == HTTP_INCOMPLETE) {
		size_t size = bytes.size - used < step ? bytes.size - used : step, taken = 0;
		result = http_chunked_decode(&c, view_of(bytes.data + used, size), body, &taken);
		CHECK(taken <= size && c.body_size <= LIMIT_REQUEST_BODY);
		used += taken;
	}
	*ret_size = c.body_size;
	*ret_used = used;
	return result;
}

static void check_chunked(struct view bytes)
{
	static uint8_t whole[LIMIT_REQUEST_BODY], pieces[LIMIT_REQUEST_BODY];
	size_t whole_size, whole_used, size, used;
	int result = decode(bytes, bytes.size + 1, whole, &whole_size, &whole_used);
	CHECK(result == 0 || result == HTTP_INCOMPLETE || result == 400 || result == 413 ||
	      result == 431);
	CHECK(decode(bytes, 1, pieces, &size, &used) == result);
	CHECK(size == whole_size && memcmp(whole, pieces, size) == 0);
	CHECK(result > HTTP_INCOMPLETE || used == whole_used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hash[HTTP_ETAG_HASH_SIZE];
	struct view bytes = view_of(data, size);
	struct http_request r;
	int result = parse(bytes, &r);
	CHECK(result == 0 || result == HTTP_INCOMPLETE || is_refusal(result));
	for (size_t first = 0; first <= size; first += 1 + size / 16)
		check_split(bytes, first, result, &r);
	if (result == 0) {
		check_request(&r, bytes);
		(void)http_is_not_modified(&r, hash, 0);
		(void)http_is_ocsp_request(r.content_type);
		(void)http_page_of(r.path);
		bytes = view_of(data + r.head_size, size - r.head_size);
	}
	check_chunked(bytes);
	return 0;
}
