/* What a well-formed head says (P-40, P-41, P-45), and where heads end (P-46). */
#include "unit.h"

#include "http/request.h"

static int parse(const char *text, struct http_request *r)
{
	struct http_scan scan = {0};
	return http_request_parse(&scan, view_of_string(text), r);
}

static struct http_request parsed(const char *text)
{
	struct http_request r;
	assert_int_equal(parse(text, &r), 0);
	return r;
}

#define REST " HTTP/1.1\r\nHost: a\r\n\r\n"
#define WITH(fields) "POST / HTTP/1.1\r\nHost: a\r\n" fields "\r\n"

static void check_path(const char *text, const char *path)
{
	assert_view_equal(parsed(text).path, view_of_string(path));
}

static void methods_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(parsed("GET /" REST).method, HTTP_GET);
	assert_int_equal(parsed("HEAD /" REST).method, HTTP_HEAD);
	assert_int_equal(parsed("POST /" REST).method, HTTP_POST);
}

static void the_path_is_the_targets_without_the_query(void **state)
{
	(void)state;
	check_path("GET /" REST, "/");
	check_path("GET /a/b" REST, "/a/b");
	check_path("GET //a/../b//" REST, "//a/../b//");
	check_path("GET /a?b?c/d" REST, "/a");
	check_path("GET /?" REST, "/");
	check_path("GET /a%3Fb" REST, "/a%3Fb");
}

static void an_absolute_target_loses_its_scheme_and_authority(void **state)
{
	(void)state;
	check_path("GET http://a" REST, "/");
	check_path("GET http://a/" REST, "/");
	check_path("GET HTTP://a.example:80/b//c" REST, "/b//c");
	check_path("GET https://[::1]:80/b?c" REST, "/b");
	check_path("GET http://a?b" REST, "/");
	assert_view_equal(parsed("GET http://a/b?c" REST).target, view_of_string("http://a/b?c"));
}

static void http_1_0_always_closes(void **state)
{
	(void)state;
	struct http_request r = parsed("GET / HTTP/1.0\r\n\r\n");
	assert_int_equal(r.minor, 0);
	assert_false(r.keep_alive);
	assert_null(r.host.data);
	assert_false(parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

static void http_1_1_keeps_alive_unless_told_to_close(void **state)
{
	(void)state;
	assert_true(parsed(WITH("")).keep_alive);
	assert_true(parsed(WITH("Connection: keep-alive\r\n")).keep_alive);
	assert_true(parsed(WITH("Connection: closed\r\n")).keep_alive);
	assert_false(parsed(WITH("Connection: close\r\n")).keep_alive);
	assert_false(parsed(WITH("connection:CLOSE\r\n")).keep_alive);
	assert_false(parsed(WITH("Connection: TE , close,x\r\n")).keep_alive);
	assert_false(parsed(WITH("Connection: close\r\nConnection: keep-alive\r\n")).keep_alive);
}

static void the_body_is_framed_by_length_or_chunks(void **state)
{
	(void)state;
	assert_int_equal(parsed(WITH("")).framing, HTTP_NO_BODY);
	struct http_request r = parsed(WITH("Content-Length: 137\r\n"));
	assert_int_equal(r.framing, HTTP_SIZED_BODY);
	assert_int_equal(r.content_length, 137);
	assert_int_equal(parsed(WITH("Content-Length: 0\r\n")).framing, HTTP_SIZED_BODY);
	assert_int_equal(parsed(WITH("Transfer-Encoding: chunked\r\n")).framing, HTTP_CHUNKED_BODY);
	/* A GET may have a body too: it must be read before the next request. */
	r = parsed("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
	assert_int_equal(r.framing, HTTP_SIZED_BODY);
	assert_int_equal(r.content_length, 5);
}

static void only_a_1_1_client_with_a_body_waits_for_continue(void **state)
{
	(void)state;
	assert_true(parsed(WITH("Expect: 100-Continue\r\nContent-Length: 1\r\n")).expect_continue);
	assert_true(parsed(WITH("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"))
			    .expect_continue);
	assert_false(parsed(WITH("Expect: 100-continue\r\n")).expect_continue);
	assert_false(parsed(WITH("Expect: 100-continue\r\nContent-Length: 0\r\n")).expect_continue);
	assert_false(parsed(WITH("Content-Length: 1\r\n")).expect_continue);
	assert_false(parsed("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
			     .expect_continue);
}

static void fields_are_found_whatever_their_case(void **state)
{
	(void)state;
	struct http_request r = parsed(WITH("content-TYPE: a/b \r\nIF-NONE-MATCH:\"x\"\r\n"
					    "If-Modified-Since: then\r\n"
					    "X-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n"));
	assert_view_equal(r.content_type, view_of_string("a/b"));
	assert_int_equal(r.tag_fields, 1);
	assert_view_equal(r.if_none_match[0], view_of_string("\"x\""));
	assert_view_equal(r.if_modified_since, view_of_string("then"));
	assert_view_equal(r.forwarded_for, view_of_string("1.2.3.4, 5.6.7.8"));
}

static void absent_and_empty_fields_differ(void **state)
{
	(void)state;
	struct http_request r = parsed(WITH(""));
	assert_null(r.content_type.data);
	assert_int_equal(r.tag_fields, 0);
	assert_null(r.if_modified_since.data);
	assert_null(r.forwarded_for.data);
	r = parsed(WITH("Content-Type:\r\nIf-None-Match: \r\n"));
	assert_non_null(r.content_type.data);
	assert_int_equal(r.content_type.size, 0);
	assert_int_equal(r.tag_fields, 1);
}

static void the_last_forwarded_for_is_the_nearest_proxys(void **state)
{
	(void)state;
	struct http_request r =
		parsed(WITH("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.1.1.1\r\n"));
	assert_view_equal(r.forwarded_for, view_of_string("1.1.1.1"));
}

/* RFC 9110, 13.1.3. */
static void two_dates_are_no_date(void **state)
{
	(void)state;
	struct http_request r = parsed(WITH("If-Modified-Since: a\r\nIf-Modified-Since: b\r\n"));
	assert_non_null(r.if_modified_since.data);
	assert_int_equal(r.if_modified_since.size, 0);
}

static void the_head_ends_where_the_next_request_begins(void **state)
{
	(void)state;
	static const char first[] = "\r\nGET /1" REST;
	static const char both[] = "\r\nGET /1" REST "GET /2" REST;
	struct http_request r = parsed(both);
	assert_int_equal(r.head_size, sizeof(first) - 1);
	assert_string_equal(both + r.head_size, "GET /2" REST);
}

/* The bytes may move between calls, and asking again changes nothing. */
static void a_scan_survives_moving_memory(void **state)
{
	(void)state;
	static const char text[] = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
	struct http_scan scan = {0};
	struct http_request r;
	char here[sizeof(text)], there[sizeof(text)];
	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		char *copy = size % 2 ? here : there;
		memcpy(copy, text, size);
		int result = http_request_parse(&scan, view_of(copy, size), &r);
		assert_int_equal(result, size < sizeof(text) - 4 ? HTTP_INCOMPLETE : 0);
	}
	assert_int_equal(r.head_size, sizeof(text) - 4);
	assert_int_equal(r.content_length, 3);
}

/* A head with a target of `path` octets and a field that fills it up to `size` octets. */
static void build(struct buffer *b, size_t path, size_t size)
{
	buffer_put_string(b, "GET /");
	for (size_t i = 1; i < path; i++)
		buffer_put_u8(b, 'a');
	buffer_put_string(b, " HTTP/1.1\r\nHost: a\r\nX: ");
	while (b->size + 4 < size)
		buffer_put_u8(b, 'x');
	buffer_put_string(b, "\r\n\r\n");
	assert_int_equal(buffer_result(b), 0);
}

static int parse_built(size_t path, size_t size)
{
	struct http_scan scan = {0};
	struct http_request r;
	struct buffer b = {0};
	build(&b, path, size);
	int result = http_request_parse(&scan, buffer_view(&b), &r);
	buffer_deinit(&b);
	return result;
}

static void a_path_above_its_limit_is_414(void **state)
{
	(void)state;
	assert_int_equal(parse_built(LIMIT_GET_PATH, 0), 0);
	assert_int_equal(parse_built(LIMIT_GET_PATH + 1, 0), 414);
	/* A request line that alone fills the head. */
	assert_int_equal(parse_built(LIMIT_HTTP_HEAD, 0), 414);
}

static void a_head_above_its_limit_is_431(void **state)
{
	(void)state;
	assert_int_equal(parse_built(1, LIMIT_HTTP_HEAD), 0);
	assert_int_equal(parse_built(1, LIMIT_HTTP_HEAD + 1), 431);
	assert_int_equal(parse_built(1, (size_t)3 * LIMIT_HTTP_HEAD), 431);
}

static void an_endless_head_is_refused_at_its_limit(void **state)
{
	(void)state;
	struct buffer b = {0};
	struct http_scan scan = {0};
	struct http_request r;
	build(&b, 1, (size_t)2 * LIMIT_HTTP_HEAD);
	struct view head = view_of(b.data, LIMIT_HTTP_HEAD - 1);
	assert_int_equal(http_request_parse(&scan, head, &r), HTTP_INCOMPLETE);
	head.size++;
	assert_int_equal(http_request_parse(&scan, head, &r), 431);
	buffer_deinit(&b);
}

/* Also where the empty line that is forgiven came before it. */
static void a_request_line_that_never_ends_is_414(void **state)
{
	(void)state;
	char text[LIMIT_HTTP_HEAD + 1];
	memset(text, 'a', LIMIT_HTTP_HEAD);
	text[LIMIT_HTTP_HEAD] = '\0';
	struct http_request r;
	assert_int_equal(parse(text, &r), 414);
	memcpy(text, "\r\nGET /", 7);
	assert_int_equal(parse(text, &r), 414);
	memcpy(text, "GET / HTTP/1.1\r\nX", 17);
	assert_int_equal(parse(text, &r), 431);
}

static int parse_with_fields(unsigned count)
{
	struct buffer b = {0};
	struct http_request r;
	struct http_scan scan = {0};
	buffer_put_string(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (unsigned i = 1; i < count; i++)
		buffer_put_string(&b, "X: y\r\n");
	buffer_put_string(&b, "\r\n");
	int result = http_request_parse(&scan, buffer_view(&b), &r);
	buffer_deinit(&b);
	return result;
}

static void too_many_fields_are_431(void **state)
{
	(void)state;
	assert_int_equal(parse_with_fields(LIMIT_HTTP_HEADERS), 0);
	assert_int_equal(parse_with_fields(LIMIT_HTTP_HEADERS + 1), 431);
}

/* P-43: what strict_content_type asks for. */
static void the_content_type_is_compared_without_parameters(void **state)
{
	(void)state;
	assert_false(http_is_ocsp_request((struct view){0}));
	assert_false(http_is_ocsp_request(view_of_string("")));
	assert_false(http_is_ocsp_request(view_of_string("application/ocsp-response")));
	assert_false(http_is_ocsp_request(view_of_string("application/ocsp-request2")));
	assert_false(http_is_ocsp_request(view_of_string("text/plain; application/ocsp-request")));
	assert_true(http_is_ocsp_request(view_of_string("application/ocsp-request")));
	assert_true(http_is_ocsp_request(view_of_string("Application/OCSP-Request ; a=b")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_above_its_limit_is_414),
		cmocka_unit_test(a_head_above_its_limit_is_431),
		cmocka_unit_test(an_endless_head_is_refused_at_its_limit),
		cmocka_unit_test(a_request_line_that_never_ends_is_414),
		cmocka_unit_test(too_many_fields_are_431),
		cmocka_unit_test(two_dates_are_no_date),
		cmocka_unit_test(methods_are_told_apart),
		cmocka_unit_test(the_path_is_the_targets_without_the_query),
		cmocka_unit_test(an_absolute_target_loses_its_scheme_and_authority),
		cmocka_unit_test(http_1_0_always_closes),
		cmocka_unit_test(http_1_1_keeps_alive_unless_told_to_close),
		cmocka_unit_test(the_body_is_framed_by_length_or_chunks),
		cmocka_unit_test(only_a_1_1_client_with_a_body_waits_for_continue),
		cmocka_unit_test(fields_are_found_whatever_their_case),
		cmocka_unit_test(absent_and_empty_fields_differ),
		cmocka_unit_test(the_last_forwarded_for_is_the_nearest_proxys),
		cmocka_unit_test(the_head_ends_where_the_next_request_begins),
		cmocka_unit_test(a_scan_survives_moving_memory),
		cmocka_unit_test(the_content_type_is_compared_without_parameters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
