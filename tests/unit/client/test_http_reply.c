/* The HTTP reader and the URL parser of `ask`: what answers there may be anybody. */
#include "unit.h"

#include "base/limits.h"
#include "client/http_exchange.h"

static int read_text(const char *text, bool at_end, struct client_reply *reply)
{
	return client_reply_read(view_of_string(text), at_end, reply);
}

static void assert_read(const char *text, bool at_end, int expected)
{
	struct client_reply reply = {0};
	int result = read_text(text, at_end, &reply);
	client_reply_deinit(&reply);
	assert_int_equal(result, expected);
}

static void replies_that_are_not_http_are_refused(void **state)
{
	(void)state;
	assert_read("hello\r\n\r\n", false, -EBADMSG);
	assert_read("HTTP/2.0 200 OK\r\n\r\n", false, -EBADMSG);
	assert_read("HTTP/1.1 20 OK\r\n\r\n", false, -EBADMSG);
	assert_read("HTTP/1.1 2000 OK\r\n\r\n", false, -EBADMSG);
	assert_read("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", false, -EBADMSG);
	assert_read("HTTP/1.1 200 OK\r\n: empty\r\n\r\n", false, -EBADMSG);
	assert_read("", true, -EBADMSG);
	assert_read("HTTP/1.1 200 OK\r\n", true, -EBADMSG);
}

static void contradicting_lengths_are_refused(void **state)
{
	(void)state;
	assert_read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", true,
		    -EBADMSG);
	assert_read(
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
		true, -EBADMSG);
	assert_read("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", true, -EBADMSG);
	assert_read("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", true, -EBADMSG);
	assert_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", true, -EBADMSG);
}

static void replies_over_the_limits_are_refused(void **state)
{
	(void)state;
	assert_read("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n", false, -EMSGSIZE);
	assert_read("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", false,
		    -EMSGSIZE);
	assert_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n", false,
		    -EMSGSIZE);
	struct buffer head = {0};
	buffer_put_string(&head, "HTTP/1.1 200 OK\r\nX: ");
	while (head.size <= LIMIT_HTTP_HEAD)
		buffer_put_u8(&head, 'x');
	struct client_reply reply = {0};
	assert_int_equal(client_reply_read(buffer_view(&head), false, &reply), -EMSGSIZE);
	buffer_deinit(&head);
}

static void replies_that_are_cut_off_are_refused(void **state)
{
	(void)state;
	assert_read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", true, -EBADMSG);
	assert_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", true, -EBADMSG);
	assert_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcXX", true,
		    -EBADMSG);
}

static void more_is_awaited_while_the_peer_is_there(void **state)
{
	(void)state;
	assert_read("HTTP/1.1 200 OK\r\n", false, CLIENT_REPLY_MORE);
	assert_read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", false, CLIENT_REPLY_MORE);
	assert_read("HTTP/1.0 200 OK\r\n\r\nabc", false, CLIENT_REPLY_MORE);
	assert_read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false,
		    CLIENT_REPLY_MORE);
}

static void assert_body(const char *text, bool at_end, const char *body)
{
	struct client_reply reply = {0};
	assert_int_equal(read_text(text, at_end, &reply), 0);
	assert_int_equal(reply.status, 200);
	assert_view_equal(buffer_view(&reply.body), view_of_string(body));
	client_reply_deinit(&reply);
}

static void a_body_ends_by_length_by_chunks_or_with_the_connection(void **state)
{
	(void)state;
	assert_body("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcmore", false, "abc");
	assert_body("HTTP/1.0 200\r\nServer: x\r\n\r\nabc", true, "abc");
	assert_body("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
		    "1;x=y\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
		    false, "abc");
}

static void status_and_content_type_are_told(void **state)
{
	(void)state;
	struct client_reply reply = {0};
	assert_int_equal(read_text("HTTP/1.1 404 Not Found\r\nContent-Type:  text/plain \r\n"
				   "Content-Length: 0\r\n\r\n",
				   false, &reply),
			 0);
	assert_int_equal(reply.status, 404);
	assert_string_equal(reply.content_type, "text/plain");
	client_reply_deinit(&reply);
}

static void urls_that_cannot_be_asked_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"ocsp.example",
		"https://x/",
		"ftp://x/",
		"http://",
		"http:///p",
		"http://x:0/",
		"http://x:65536/",
		"http://x:/",
		"http://[::1/",
		"http://[::1]x/",
		"http://u@x/",
		"http://x y/",
		"http://x/a b",
		"http://x/\r\nA:",
		"http://x/\x7f",
		"http://x:123456/",
	};
	struct client_url url;
	for (size_t i = 0; i < array_size(wrong); i++)
		assert_int_equal(client_url_parse(wrong[i], &url, NULL), -EINVAL);
}

static void assert_url(const char *text, const char *host, const char *port, const char *path)
{
	struct client_url url;
	assert_int_equal(client_url_parse(text, &url, NULL), 0);
	assert_string_equal(url.host, host);
	assert_string_equal(url.port, port);
	assert_string_equal(url.path, path);
}

static void urls_are_taken_apart(void **state)
{
	(void)state;
	assert_url("http://a.example", "a.example", "80", "/");
	assert_url("HTTP://a:8080/ocsp/x?y#z", "a", "8080", "/ocsp/x?y");
	assert_url("http://[::1]:81", "::1", "81", "/");
	assert_url("http://[2001:db8::1]/p", "2001:db8::1", "80", "/p");
	assert_url("http://a?q", "a", "80", "/?q");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_that_are_not_http_are_refused),
		cmocka_unit_test(contradicting_lengths_are_refused),
		cmocka_unit_test(replies_over_the_limits_are_refused),
		cmocka_unit_test(replies_that_are_cut_off_are_refused),
		cmocka_unit_test(more_is_awaited_while_the_peer_is_there),
		cmocka_unit_test(a_body_ends_by_length_by_chunks_or_with_the_connection),
		cmocka_unit_test(status_and_content_type_are_told),
		cmocka_unit_test(urls_that_cannot_be_asked_are_refused),
		cmocka_unit_test(urls_are_taken_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
