/* Heads are put together from pieces whose sizes are known to fit (HTTP_REPLY_HEAD_SIZE). */
#include "http/reply.h"

#include "base/hex.h"
#include "base/timetext.h"

#include <errno.h>

#define ETAG_SIZE ((size_t)2 * HTTP_ETAG_HASH_SIZE)

/* A place to write to; the writers below never come near the end of their array. */
struct pen {
	uint8_t *out;
	size_t size;
};

static void put(struct pen *pen, const void *data, size_t size)
{
	memcpy(pen->out + pen->size, data, size);
	pen->size += size;
}

#define PUT(pen, literal) put((pen), (literal), sizeof(literal) - 1)

static void put_text(struct pen *pen, const char *text)
{
	put(pen, text, strlen(text));
}

static void put_number(struct pen *pen, size_t number)
{
	char text[20];
	size_t at = sizeof(text);
	do {
		text[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	put(pen, text + at, sizeof(text) - at);
}

static void put_date(struct pen *pen, int64_t seconds)
{
	time_put_http((char *)pen->out + pen->size, seconds);
	pen->size += HTTP_DATE_SIZE;
}

static void put_etag(struct pen *pen, const uint8_t *hash)
{
	char digits[ETAG_SIZE + 1];
	hex_put(digits, view_of(hash, HTTP_ETAG_HASH_SIZE));
	PUT(pen, "\r\nETag: \"");
	put(pen, digits, ETAG_SIZE);
	PUT(pen, "\"");
}

/* Everything of a cacheable answer's head between the status and the end, but its body's fields. */
static void put_freshness(struct pen *pen, const struct http_cacheable *reply,
			  struct http_head_marks *marks)
{
	PUT(pen, "Date: ");
	marks->date = (uint16_t)pen->size;
	put_date(pen, reply->now);
	PUT(pen, "\r\nExpires: ");
	marks->expires = (uint16_t)pen->size;
	put_date(pen, reply->expires);
	PUT(pen, "\r\nCache-Control: max-age=");
	marks->max_age = (uint16_t)pen->size;
	put_number(pen, reply->max_age);
	marks->max_age_width = (uint16_t)(pen->size - marks->max_age);
	PUT(pen, ", public, no-transform, must-revalidate");
	put_etag(pen, reply->hash);
	marks->etag = (uint16_t)(pen->size - 1 - ETAG_SIZE); /* before its closing quote */
	if (reply->last_modified != HTTP_NO_DATE) { /* last, so that no mark depends on it */
		PUT(pen, "\r\nLast-Modified: ");
		put_date(pen, reply->last_modified);
	}
	PUT(pen, "\r\n");
	if (reply->line)
		put_text(pen, reply->line);
	PUT(pen, "\r\n");
	marks->size = (uint16_t)pen->size;
}

static void put_ocsp_body(struct pen *pen, size_t body_size)
{
	PUT(pen, "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: ");
	put_number(pen, body_size);
	PUT(pen, "\r\n");
}

static void put_uncached(struct pen *pen, int64_t now)
{
	PUT(pen, "Date: ");
	put_date(pen, now);
	PUT(pen, "\r\nCache-Control: no-store\r\n");
}

size_t http_put_cacheable(uint8_t *out, const struct http_cacheable *reply,
			  struct http_head_marks *ret_marks)
{
	struct pen pen = {.out = out};
	put_ocsp_body(&pen, reply->body_size);
	put_freshness(&pen, reply, ret_marks);
	return pen.size;
}

size_t http_put_not_modified(uint8_t *out, const struct http_cacheable *reply)
{
	struct pen pen = {.out = out};
	struct http_head_marks marks;
	PUT(&pen, "HTTP/1.1 304 Not Modified\r\n");
	put_freshness(&pen, reply, &marks);
	return pen.size;
}

size_t http_put_uncacheable(uint8_t *out, int64_t now, size_t body_size)
{
	struct pen pen = {.out = out};
	put_ocsp_body(&pen, body_size);
	put_uncached(&pen, now);
	PUT(&pen, "\r\n");
	return pen.size;
}

static const struct {
	unsigned status;
	const char *reason;
	const char *body;
} statuses[] = {
	{200, "OK", ""},
	{400, "Bad Request", "not a request that HTTP/1.1 allows\n"},
	{405, "Method Not Allowed", "OCSP uses GET and POST\n"},
	{404, "Not Found", "no such page\n"},
	{408, "Request Timeout", "the request did not arrive in time\n"},
	{413, "Content Too Large", "larger than any OCSP request\n"},
	{414, "URI Too Long", "use POST for a request of this size\n"},
	{415, "Unsupported Media Type", "expected application/ocsp-request\n"},
	{417, "Expectation Failed", "only 100-continue is understood\n"},
	{431, "Request Header Fields Too Large", "too many or too large header fields\n"},
	{503, "Service Unavailable", "not ready\n"},
	{500, "Internal Server Error", "something went wrong here\n"}, /* any other: keep last */
};

static size_t find_status(unsigned status)
{
	size_t i = 0;
	while (i + 1 < array_size(statuses) && statuses[i].status != status)
		i++;
	return i;
}

static void put_plain_head(struct pen *pen, size_t at, int64_t now, size_t body_size)
{
	PUT(pen, "HTTP/1.1 ");
	put_number(pen, statuses[at].status);
	PUT(pen, " ");
	put_text(pen, statuses[at].reason);
	PUT(pen, "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ");
	put_number(pen, body_size);
	PUT(pen, "\r\n");
	put_uncached(pen, now);
}

size_t http_put_plain(uint8_t *out, unsigned status, int64_t now, size_t body_size)
{
	struct pen pen = {.out = out};
	put_plain_head(&pen, find_status(status), now, body_size);
	PUT(&pen, "\r\n");
	return pen.size;
}

size_t http_put_refusal(uint8_t *out, unsigned status, int64_t now)
{
	struct pen pen = {.out = out};
	size_t at = find_status(status);
	put_plain_head(&pen, at, now, strlen(statuses[at].body));
	if (statuses[at].status == 405)
		PUT(&pen, "Allow: GET, HEAD, POST\r\n");
	PUT(&pen, HTTP_CONNECTION_CLOSE "\r\n");
	put_text(&pen, statuses[at].body);
	return pen.size;
}

int http_patch_cacheable(uint8_t *head, const struct http_head_marks *marks,
			 const struct http_cacheable *reply)
{
	uint8_t digits[20];
	struct pen pen = {.out = digits};
	put_number(&pen, reply->max_age);
	if (pen.size > marks->max_age_width)
		return -EINVAL;
	memset(head + marks->max_age, ' ', marks->max_age_width);
	memcpy(head + marks->max_age, digits, pen.size);
	time_put_http((char *)head + marks->date, reply->now);
	time_put_http((char *)head + marks->expires, reply->expires);
	return 0;
}
