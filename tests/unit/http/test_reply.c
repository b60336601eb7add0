/* Reply heads (P-20, P-44, P-48, P-50), and patching stored ones. */
#include "unit.h"

#include "base/timetext.h"
#include "http/reply.h"

#include <errno.h>

#define NOW INT64_C(784111777) /* Sun, 06 Nov 1994 08:49:37 GMT */

static const uint8_t hash[HTTP_ETAG_HASH_SIZE] = {0x01, 0xab, [31] = 0xff};

#define ETAG "\"01AB0000000000000000000000000000000000000000000000000000000000FF\""

static const struct http_cacheable sample = {.now = NOW,
					     .last_modified = NOW - 3600,
					     .expires = NOW + 300,
					     .max_age = 300,
					     .hash = hash,
					     .body_size = 471};

static void check_text(const uint8_t *out, size_t size, const char *expected)
{
	assert_view_equal(view_of(out, size), view_of_string(expected));
}

/* P-44, P-48: exactly these fields. */
static void a_cacheable_head_says_how_long_and_which(void **state)
{
	(void)state;
	uint8_t out[HTTP_REPLY_HEAD_SIZE];
	struct http_head_marks marks;
	size_t size = http_put_cacheable(out, &sample, &marks);
	check_text(out, size,
		   "HTTP/1.1 200 OK\r\n"
		   "Content-Type: application/ocsp-response\r\n"
		   "Content-Length: 471\r\n"
		   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		   "Expires: Sun, 06 Nov 1994 08:54:37 GMT\r\n"
		   "Cache-Control: max-age=300, public, no-transform, must-revalidate\r\n"
		   "ETag: " ETAG "\r\n"
		   "Last-Modified: Sun, 06 Nov 1994 07:49:37 GMT\r\n\r\n");
	assert_int_equal(marks.size, size);
}

/* Where its date may be another answer's too; all else stands where it stood. */
static void a_head_without_a_date_has_the_same_marks(void **state) /* P-48, P-49 */
{
	(void)state;
	uint8_t out[HTTP_REPLY_HEAD_SIZE];
	struct http_head_marks marks, undated_marks;
	struct http_cacheable undated = sample;
	undated.last_modified = HTTP_NO_DATE;
	size_t size = http_put_cacheable(out, &sample, &marks);
	size_t undated_size = http_put_cacheable(out, &undated, &undated_marks);
	assert_null(memmem(out, undated_size, "Last-Modified", 13));
	assert_int_equal(size - undated_size, strlen("Last-Modified: ") + HTTP_DATE_SIZE + 2);
	undated_marks.size = marks.size;
	assert_memory_equal(&marks, &undated_marks, sizeof(marks));
}

/* P-49: the same validators. */
static void not_modified_repeats_the_validators(void **state)
{
	(void)state;
	uint8_t out[HTTP_REPLY_HEAD_SIZE];
	check_text(out, http_put_not_modified(out, &sample),
		   "HTTP/1.1 304 Not Modified\r\n"
		   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		   "Expires: Sun, 06 Nov 1994 08:54:37 GMT\r\n"
		   "Cache-Control: max-age=300, public, no-transform, must-revalidate\r\n"
		   "ETag: " ETAG "\r\n"
		   "Last-Modified: Sun, 06 Nov 1994 07:49:37 GMT\r\n\r\n");
}

/* P-20, P-50. */
static void errors_and_nonces_are_never_stored(void **state)
{
	(void)state;
	uint8_t out[HTTP_REPLY_HEAD_SIZE];
	check_text(out, http_put_uncacheable(out, NOW, 5),
		   "HTTP/1.1 200 OK\r\n"
		   "Content-Type: application/ocsp-response\r\n"
		   "Content-Length: 5\r\n"
		   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		   "Cache-Control: no-store\r\n\r\n");
}

static void plain_pages_are_text(void **state)
{
	(void)state;
	uint8_t out[HTTP_REPLY_HEAD_SIZE];
	check_text(out, http_put_plain(out, 503, NOW, 0),
		   "HTTP/1.1 503 Service Unavailable\r\n"
		   "Content-Type: text/plain; charset=utf-8\r\n"
		   "Content-Length: 0\r\n"
		   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		   "Cache-Control: no-store\r\n\r\n");
	size_t size = http_put_plain(out, 200, NOW, 3);
	assert_true(size > 15);
	assert_memory_equal(out, "HTTP/1.1 200 OK", 15);
}

static void method_not_allowed_says_what_is(void **state) /* P-40 */
{
	(void)state;
	uint8_t out[HTTP_REFUSAL_SIZE];
	check_text(out, http_put_refusal(out, 405, NOW),
		   "HTTP/1.1 405 Method Not Allowed\r\n"
		   "Content-Type: text/plain; charset=utf-8\r\n"
		   "Content-Length: 23\r\n"
		   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		   "Cache-Control: no-store\r\n"
		   "Allow: GET, HEAD, POST\r\n"
		   "Connection: close\r\n\r\n"
		   "OCSP uses GET and POST\n");
}

static size_t announced_length(const char *text)
{
	const char *field = strstr(text, "Content-Length: ");
	assert_non_null(field);
	return strtoul(field + 16, NULL, 10);
}

static void every_refusal_closes_and_is_framed(void **state)
{
	(void)state;
	static const unsigned statuses[] = {400, 405, 408, 413, 414, 415, 417, 431, 500, 503};
	for (size_t i = 0; i < array_size(statuses); i++) {
		char text[HTTP_REFUSAL_SIZE + 1], line[32];
		size_t size = http_put_refusal((uint8_t *)text, statuses[i], NOW);
		assert_true(size < HTTP_REFUSAL_SIZE);
		text[size] = '\0';
		(void)snprintf(line, sizeof(line), "HTTP/1.1 %u ", statuses[i]);
		assert_ptr_equal(strstr(text, line), text);
		assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
		const char *body = strstr(text, "\r\n\r\n");
		assert_non_null(body);
		assert_int_equal(strlen(body + 4), announced_length(text));
	}
}

static void a_status_without_a_name_is_500(void **state)
{
	(void)state;
	uint8_t out[HTTP_REFUSAL_SIZE];
	(void)http_put_refusal(out, 299, NOW);
	assert_memory_equal(out, "HTTP/1.1 500 Internal Server Error\r\n", 36);
}

/* A stored head is used as it is on HTTP/1.1; to close, a field goes where the head ends. */
static void closing_is_spliced_in_before_the_last_crlf(void **state)
{
	(void)state;
	char out[HTTP_REPLY_HEAD_SIZE + sizeof(HTTP_CONNECTION_CLOSE)];
	size_t size = http_put_uncacheable((uint8_t *)out, NOW, 5);
	out[size] = '\0';
	assert_null(strstr(out, "Connection"));
	size_t end = size - HTTP_HEAD_END;
	memcpy(out + end, HTTP_CONNECTION_CLOSE "\r\n", sizeof(HTTP_CONNECTION_CLOSE "\r\n"));
	assert_string_equal(strstr(out, "Cache-Control"),
			    "Cache-Control: no-store\r\nConnection: close\r\n\r\n");
}

static void a_patched_head_equals_one_written_later(void **state)
{
	(void)state;
	uint8_t patched[HTTP_REPLY_HEAD_SIZE], later[HTTP_REPLY_HEAD_SIZE];
	struct http_head_marks marks, unused;
	struct http_cacheable reply = sample;
	size_t size = http_put_cacheable(patched, &reply, &marks);
	reply.now += 86400 * 40 + 12345;
	reply.max_age = 299;
	reply.expires = reply.now + 299;
	assert_int_equal(http_patch_cacheable(patched, &marks, &reply), 0);
	assert_int_equal(http_put_cacheable(later, &reply, &unused), size);
	assert_memory_equal(patched, later, size);
}

static void a_shorter_max_age_is_filled_with_spaces(void **state) /* P-48 */
{
	(void)state;
	char out[HTTP_REPLY_HEAD_SIZE + 1];
	struct http_head_marks marks;
	size_t size = http_put_cacheable((uint8_t *)out, &sample, &marks);
	out[size] = '\0';
	struct http_cacheable shorter = {.now = NOW, .expires = NOW + 7, .max_age = 7};
	assert_int_equal(http_patch_cacheable((uint8_t *)out, &marks, &shorter), 0);
	assert_non_null(strstr(out, "Cache-Control: max-age=7  , public,"));
	assert_non_null(strstr(out, "Expires: Sun, 06 Nov 1994 08:49:44 GMT\r\n"));
	/* And back: the width is the one that was reserved. */
	assert_int_equal(http_patch_cacheable((uint8_t *)out, &marks, &sample), 0);
	assert_non_null(strstr(out, "Cache-Control: max-age=300, public,"));
}

static void a_longer_max_age_does_not_fit(void **state)
{
	(void)state;
	uint8_t out[HTTP_REPLY_HEAD_SIZE] = {0}, before[HTTP_REPLY_HEAD_SIZE];
	struct http_head_marks marks;
	(void)http_put_cacheable(out, &sample, &marks);
	memcpy(before, out, sizeof(out));
	struct http_cacheable longer = {.now = NOW + 5, .expires = NOW + 1005, .max_age = 1000};
	assert_int_equal(http_patch_cacheable(out, &marks, &longer), -EINVAL);
	assert_memory_equal(out, before, sizeof(out));
}

static void the_largest_head_has_room(void **state)
{
	(void)state;
	struct http_cacheable reply = {.now = INT64_MAX / 2,
				       .last_modified = INT64_MIN,
				       .expires = INT64_MAX / 2,
				       .max_age = UINT32_MAX,
				       .hash = hash,
				       .body_size = SIZE_MAX};
	uint8_t out[HTTP_REPLY_HEAD_SIZE];
	struct http_head_marks marks;
	assert_true(http_put_cacheable(out, &reply, &marks) < HTTP_REPLY_HEAD_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_longer_max_age_does_not_fit),
		cmocka_unit_test(errors_and_nonces_are_never_stored),
		cmocka_unit_test(every_refusal_closes_and_is_framed),
		cmocka_unit_test(a_status_without_a_name_is_500),
		cmocka_unit_test(method_not_allowed_says_what_is),
		cmocka_unit_test(a_cacheable_head_says_how_long_and_which),
		cmocka_unit_test(a_head_without_a_date_has_the_same_marks),
		cmocka_unit_test(not_modified_repeats_the_validators),
		cmocka_unit_test(plain_pages_are_text),
		cmocka_unit_test(closing_is_spliced_in_before_the_last_crlf),
		cmocka_unit_test(a_patched_head_equals_one_written_later),
		cmocka_unit_test(a_shorter_max_age_is_filled_with_spaces),
		cmocka_unit_test(the_largest_head_has_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
