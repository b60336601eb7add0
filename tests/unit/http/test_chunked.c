/* Chunked bodies (P-46): valid ones are accepted within the limit, octet by octet or at once. */
#include "unit.h"

#include "http/chunked.h"

/* Feeds pieces of `step` octets. The result; *ret_body is what was written, *ret_used the total. */
static int feed(struct view text, size_t step, struct buffer *body, size_t *ret_used)
{
	struct http_chunked c = {0};
	uint8_t *room = buffer_reserve(body, LIMIT_REQUEST_BODY);
	assert_non_null(room);
	size_t used = 0;
	int result = HTTP_INCOMPLETE;
	while (used < text.size && result == HTTP_INCOMPLETE) {
		size_t size = text.size - used < step ? text.size - used : step;
		/* An exact copy, so that a read past the piece is caught. */
		uint8_t *piece = malloc(size);
		assert_non_null(piece);
		memcpy(piece, text.data + used, size);
		size_t taken = 0;
		result = http_chunked_decode(&c, view_of(piece, size), room, &taken);
		free(piece);
		if (result == HTTP_INCOMPLETE)
			assert_int_equal(taken, size);
		used += taken;
	}
	body->size = c.body_size;
	*ret_used = used;
	return result;
}

static void check_refused(const char *text, int expected)
{
	for (size_t step = 1; step <= 64; step *= 8) {
		struct buffer body = {0};
		size_t used;
		int result = feed(view_of_string(text), step, &body, &used);
		if (result != expected)
			fail_msg("%s: %d instead of %d", text, result, expected);
		buffer_deinit(&body);
	}
}

/* `rest` octets at the end belong to the next request. */
static void check_body(const char *text, const char *expected, size_t rest)
{
	for (size_t step = 1; step <= 64; step *= 2) {
		struct buffer body = {0};
		size_t used;
		assert_int_equal(feed(view_of_string(text), step, &body, &used), 0);
		assert_int_equal(used, strlen(text) - rest);
		assert_view_equal(buffer_view(&body), view_of_string(expected));
		buffer_deinit(&body);
	}
}

static void loose_chunk_lines_are_refused(void **state)
{
	(void)state;
	check_refused("\r\n", 400);
	check_refused(";\r\n", 400);
	check_refused("+3\r\nabc\r\n", 400);
	check_refused("-1\r\n", 400);
	check_refused("0x3\r\nabc\r\n", 400);
	check_refused(" 3\r\nabc\r\n", 400);
	check_refused("3 \r\nabc\r\n", 400);
	check_refused("3 ;a\r\nabc\r\n", 400);
	check_refused("3\nabc\r\n", 400);
	check_refused("3\r\r\nabc", 400);
	check_refused("3\rabc\r\n", 400);
	check_refused("3;a\nabc", 400);
	check_refused("3;a\rb\r\n", 400);
	check_refused("3;a\x01\r\n", 400);
	check_refused("g\r\n", 400);
	check_refused("3,3\r\nabc", 400);
}

static void data_must_end_with_its_chunk(void **state)
{
	(void)state;
	check_refused("3\r\nabcd\r\n0\r\n\r\n", 400);
	check_refused("3\r\nabc0\r\n\r\n", 400);
	check_refused("3\r\nabc\n0\r\n\r\n", 400);
	check_refused("3\r\nabc\rx", 400);
	check_refused("3\r\nabc\r\n\r\n0\r\n\r\n", 400);
}

static void loose_trailers_are_refused(void **state)
{
	(void)state;
	check_refused("0\r\nX\r\n\r\n", 400);
	check_refused("0\r\n: a\r\n\r\n", 400);
	check_refused("0\r\nX : a\r\n\r\n", 400);
	check_refused("0\r\n X: a\r\n\r\n", 400);
	check_refused("0\r\nX: a\r\n b\r\n\r\n", 400);
	check_refused("0\r\nX: a\n\r\n", 400);
	check_refused("0\r\nX: a\r\n\n", 400);
	check_refused("0\r\n\n", 400);
	check_refused("0\r\n\rx", 400);
	check_refused("0\r\nX: \x7f\r\n\r\n", 400);
}

static void a_nul_is_refused_in_every_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t size;
	} cases[] = {{"3\0\r\n", 4}, {"3;\0\r\n", 5}, {"0\r\nX: \0\r\n", 9}, {"0\r\n\0", 4}};
	for (size_t i = 0; i < array_size(cases); i++) {
		struct buffer body = {0};
		size_t used;
		assert_int_equal(feed(view_of(cases[i].text, cases[i].size), 1, &body, &used), 400);
		buffer_deinit(&body);
	}
}

static void bodies_above_the_limit_are_413(void **state)
{
	(void)state;
	check_refused("2711\r\n", 413);
	check_refused("FFFFFFFFFFFFFFFFFFFFFFFF\r\n", 413);
	check_refused("100000000\r\n", 413);
	check_refused("1\r\na\r\n2710\r\n", 413);
}

static void the_largest_body_is_accepted(void **state)
{
	(void)state;
	struct buffer text = {0}, body = {0};
	size_t used;
	buffer_put_string(&text, "1\r\na\r\n270f\r\n");
	for (unsigned i = 1; i < LIMIT_REQUEST_BODY; i++)
		buffer_put_u8(&text, (uint8_t)i);
	buffer_put_string(&text, "\r\n0\r\n\r\n");
	assert_int_equal(feed(buffer_view(&text), 1000, &body, &used), 0);
	assert_int_equal(body.size, LIMIT_REQUEST_BODY);
	assert_int_equal(body.data[9999], 9999 & 0xff);
	buffer_deinit(&text);
	buffer_deinit(&body);
}

static int feed_line(unsigned zeros, unsigned extension)
{
	struct buffer text = {0}, body = {0};
	size_t used;
	for (unsigned i = 0; i < zeros; i++)
		buffer_put_u8(&text, '0');
	for (unsigned i = 0; i < extension; i++)
		buffer_put_u8(&text, i ? 'x' : ';');
	buffer_put_string(&text, "\r\n\r\n");
	int result = feed(buffer_view(&text), 7, &body, &used);
	buffer_deinit(&text);
	buffer_deinit(&body);
	return result;
}

static void chunk_lines_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(feed_line(LIMIT_HTTP_CHUNK_LINE - 2, 0), 0);
	assert_int_equal(feed_line(LIMIT_HTTP_CHUNK_LINE - 1, 0), 400);
	assert_int_equal(feed_line(1, LIMIT_HTTP_CHUNK_LINE - 3), 0);
	assert_int_equal(feed_line(1, LIMIT_HTTP_CHUNK_LINE - 2), 400);
}

static int feed_trailer(size_t size)
{
	struct buffer text = {0}, body = {0};
	size_t used;
	buffer_put_string(&text, "0\r\nX:");
	while (text.size + 4 < size + 3)
		buffer_put_u8(&text, 'x');
	buffer_put_string(&text, "\r\n\r\n");
	int result = feed(buffer_view(&text), 100, &body, &used);
	buffer_deinit(&text);
	buffer_deinit(&body);
	return result;
}

static void trailers_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(feed_trailer(LIMIT_HTTP_TRAILERS), 0);
	assert_int_equal(feed_trailer(LIMIT_HTTP_TRAILERS + 1), 431);
}

static void valid_bodies_are_accepted_in_any_pieces(void **state)
{
	(void)state;
	check_body("0\r\n\r\n", "", 0);
	check_body("3\r\nabc\r\n0\r\n\r\n", "abc", 0);
	check_body("003\r\nabc\r\n00\r\n\r\n", "abc", 0);
	check_body("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc", 0);
	check_body("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", 0);
	check_body("2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 0);
}

static void extensions_and_trailers_are_ignored(void **state)
{
	(void)state;
	check_body("3;a=b;c=\"d e\"\r\nabc\r\n0;last\r\n\r\n", "abc", 0);
	check_body("3\r\nabc\r\n0\r\nX: y\r\nContent-Length: 99\r\nZ:\r\n\r\n", "abc", 0);
}

static void the_next_request_stays_where_it_is(void **state)
{
	(void)state;
	check_body("3\r\nabc\r\n0\r\n\r\nGET /", "abc", 5);
}

static void an_unfinished_body_is_incomplete(void **state)
{
	(void)state;
	static const char text[] = "3;a\r\nabc\r\n0\r\nX: y\r\n\r\n";
	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		struct buffer body = {0};
		size_t used;
		assert_int_equal(feed(view_of(text, size), 4, &body, &used), HTTP_INCOMPLETE);
		buffer_deinit(&body);
	}
}

/* The front decodes in its read buffer. */
static void a_body_may_be_decoded_in_place(void **state)
{
	(void)state;
	char text[] = "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
	struct http_chunked c = {0};
	size_t used;
	assert_int_equal(http_chunked_decode(&c, view_of_string(text), (uint8_t *)text, &used), 0);
	assert_int_equal(c.body_size, 7);
	assert_memory_equal(text, "abcdefg", 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loose_chunk_lines_are_refused),
		cmocka_unit_test(data_must_end_with_its_chunk),
		cmocka_unit_test(loose_trailers_are_refused),
		cmocka_unit_test(a_nul_is_refused_in_every_line),
		cmocka_unit_test(bodies_above_the_limit_are_413),
		cmocka_unit_test(chunk_lines_are_bounded),
		cmocka_unit_test(trailers_are_bounded),
		cmocka_unit_test(an_unfinished_body_is_incomplete),
		cmocka_unit_test(the_largest_body_is_accepted),
		cmocka_unit_test(valid_bodies_are_accepted_in_any_pieces),
		cmocka_unit_test(extensions_and_trailers_are_ignored),
		cmocka_unit_test(the_next_request_stays_where_it_is),
		cmocka_unit_test(a_body_may_be_decoded_in_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
