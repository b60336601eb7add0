/* The framing corpus (P-46): every head below is a request that two parsers could read differently,
 * or the neighbour of one that is still allowed. */
#include "unit.h"

#include "http/request.h"

struct framing_case {
	const char *what;
	int result;
	const char *text;
	size_t size; /* 0: strlen(text) */
};

#define HOST "Host: a\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST
#define END "\r\n"

static const struct framing_case refused[] = {
	{"two Content-Lengths that differ", 400,
	 POST "Content-Length: 3\r\nContent-Length: 4\r\n" END, 0},
	{"two Content-Lengths, even equal", 400,
	 POST "Content-Length: 3\r\nContent-Length: 3\r\n" END, 0},
	{"two Content-Lengths in different case", 400,
	 POST "Content-Length: 3\r\ncontent-length: 3\r\n" END, 0},
	{"Content-Length as a list", 400, POST "Content-Length: 3, 3\r\n" END, 0},
	{"Content-Length with a plus", 400, POST "Content-Length: +3\r\n" END, 0},
	{"Content-Length with a minus", 400, POST "Content-Length: -1\r\n" END, 0},
	{"Content-Length in hexadecimal", 400, POST "Content-Length: 0x5\r\n" END, 0},
	{"Content-Length with a fraction", 400, POST "Content-Length: 3.0\r\n" END, 0},
	{"Content-Length of two numbers", 400, POST "Content-Length: 3 3\r\n" END, 0},
	{"Content-Length with letters behind", 400, POST "Content-Length: 3a\r\n" END, 0},
	{"Content-Length in quotes", 400, POST "Content-Length: \"3\"\r\n" END, 0},
	{"Content-Length that is empty", 400, POST "Content-Length:\r\n" END, 0},
	{"Content-Length that is blank", 400, POST "Content-Length:  \r\n" END, 0},
	{"a too large Content-Length twice", 400,
	 POST "Content-Length: 99999\r\nContent-Length: 99999\r\n" END, 0},
	{"Content-Length, then Transfer-Encoding", 400,
	 POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n" END, 0},
	{"Transfer-Encoding, then Content-Length", 400,
	 POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n" END, 0},
	{"Transfer-Encoding with a Content-Length of 0", 400,
	 POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n" END, 0},
	{"an unknown transfer coding", 400, POST "Transfer-Encoding: gzip\r\n" END, 0},
	{"identity", 400, POST "Transfer-Encoding: identity\r\n" END, 0},
	{"a coding before chunked", 400, POST "Transfer-Encoding: gzip, chunked\r\n" END, 0},
	{"a coding after chunked", 400, POST "Transfer-Encoding: chunked, gzip\r\n" END, 0},
	{"chunked twice in one line", 400, POST "Transfer-Encoding: chunked, chunked\r\n" END, 0},
	{"chunked twice in two lines", 400,
	 POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END, 0},
	{"chunked with a parameter", 400, POST "Transfer-Encoding: chunked;q=1\r\n" END, 0},
	{"chunked in quotes", 400, POST "Transfer-Encoding: \"chunked\"\r\n" END, 0},
	{"xchunked", 400, POST "Transfer-Encoding: xchunked\r\n" END, 0},
	{"an empty transfer coding", 400, POST "Transfer-Encoding:\r\n" END, 0},
	{"chunked behind a vertical tab", 400, POST "Transfer-Encoding: \vchunked\r\n" END, 0},
	{"HTTP/1.0 with Transfer-Encoding", 400,
	 "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END, 0},
	{"a space before the colon", 400, POST "Content-Length : 3\r\n" END, 0},
	{"a tab before the colon", 400, POST "Content-Length\t: 3\r\n" END, 0},
	{"a space before the colon of any field", 400, POST "X-Other : 3\r\n" END, 0},
	{"a space in a name", 400, POST "X Other: 3\r\n" END, 0},
	{"a space before the first name", 400, "GET / HTTP/1.1\r\n " HOST END, 0},
	{"obs-fold with a space", 400, POST "X-Other: a\r\n b\r\n" END, 0},
	{"obs-fold with a tab", 400, POST "X-Other: a\r\n\tb\r\n" END, 0},
	{"a folded Transfer-Encoding", 400, POST "Transfer-Encoding:\r\n chunked\r\n" END, 0},
	{"a line of white space only", 400, POST " \r\n" END, 0},
	{"an empty header name", 400, POST ": 3\r\n" END, 0},
	{"a header line without a colon", 400, POST "X-Other\r\n" END, 0},
	{"a parenthesis in a name", 400, POST "X(Other): 3\r\n" END, 0},
	{"an octet above 0x7f in a name", 400, POST "X\xc3\xb6: 3\r\n" END, 0},
	{"bare LF after the request line", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n", 0},
	{"bare LF after a field", 400, "GET / HTTP/1.1\r\nHost: a\n\r\n", 0},
	{"bare LF at the end", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n", 0},
	{"bare LF everywhere", 400, "GET / HTTP/1.1\nHost: a\n\n", 0},
	{"bare CR in a value", 400, POST "X-Other: a\rb\r\n" END, 0},
	{"two CRs before LF", 400, POST "X-Other: a\r\r\n" END, 0},
	{"bare CR instead of CRLF", 400, "GET / HTTP/1.1\rHost: a\r\n\r\n", 0},
	{"NUL in a value", 400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 36},
	{"NUL in a name", 400, "GET / HTTP/1.1\r\nHost: a\r\nX\0: ab\r\n\r\n", 36},
	{"NUL in the target", 400, "GET /\0a HTTP/1.1\r\nHost: a\r\n\r\n", 29},
	{"DEL in a value", 400, POST "X-Other: a\x7f\r\n" END, 0},
	{"ESC in a value", 400, POST "X-Other: \x1b[2J\r\n" END, 0},
	{"two Hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 0},
	{"two Hosts, even equal", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 0},
	{"two Hosts on HTTP/1.0", 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 0},
	{"two Hosts joined", 400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 0},
	{"a Host with a space", 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 0},
	{"a Host with user information", 400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 0},
	{"a Host with a path", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 0},
	{"no Host on HTTP/1.1 (P-45)", 400, "GET / HTTP/1.1\r\n\r\n", 0},
	{"no Host beside an absolute target", 400, "GET http://a/ HTTP/1.1\r\n\r\n", 0},
	{"HTTP/9.9", 400, "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 0},
	{"HTTP/2.0", 400, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 0},
	{"HTTP/1.10", 400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 0},
	{"HTTP/01.1", 400, "GET / HTTP/01.1\r\nHost: a\r\n\r\n", 0},
	{"a version in small letters", 400, "GET / http/1.1\r\nHost: a\r\n\r\n", 0},
	{"HTTP/0.9 without a version", 400, "GET /\r\n\r\n", 0},
	{"HTTP/2's preface", 400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
	{"something behind the version", 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 0},
	{"two spaces before the target", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"two spaces behind the target", 400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"a tab in the request line", 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"a space in the target", 400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"a space before the method", 400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"no method", 400, " / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"a method that is no token", 400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"an octet above 0x7f in the target", 400, "GET /\xc3\xb6 HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"a fragment", 400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"a target without a slash", 400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"an empty target", 400, "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"asterisk-form of GET", 400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"authority-form of POST", 400, "POST a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"OPTIONS * without a Host", 400, "OPTIONS * HTTP/1.1\r\n\r\n", 0},
	{"OPTIONS * of another protocol", 400, "OPTIONS * HTTP/2.0\r\nHost: a\r\n\r\n", 0},
	{"the preface of HTTP/2", 400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
	{"a Host whose port is none (P-54)", 400, "GET / HTTP/1.1\r\nHost: x:abc\r\n\r\n", 0},
	{"a Host with two ports", 400, "GET / HTTP/1.1\r\nHost: x:80:80\r\n\r\n", 0},
	{"a Host that is a port", 400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 0},
	{"a bracket that does not close", 400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 0},
	{"a bracket that closes only", 400, "GET / HTTP/1.1\r\nHost: ::1]\r\n\r\n", 0},
	{"an IPv6 address without brackets", 400, "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 0},
	{"empty brackets", 400, "GET / HTTP/1.1\r\nHost: []\r\n\r\n", 0},
	{"a name in brackets", 400, "GET / HTTP/1.1\r\nHost: [a]\r\n\r\n", 0},
	{"an IPv4 address in brackets", 400, "GET / HTTP/1.1\r\nHost: [127.0.0.1]\r\n\r\n", 0},
	{"an IPv6 address and more", 400, "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", 0},
	{"an address of no future", 400, "GET / HTTP/1.1\r\nHost: [v.a]\r\n\r\n", 0},
	{"a percent sign without digits", 400, "GET / HTTP/1.1\r\nHost: %zz\r\n\r\n", 0},
	{"a percent sign at the end", 400, "GET / HTTP/1.1\r\nHost: a%4\r\n\r\n", 0},
	{"an absolute target whose port is none", 400,
	 "GET http://x:abc/ HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"an absolute target without the end of its address", 400,
	 "GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"an absolute target of another scheme", 400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
	 0},
	{"an absolute target without authority", 400, "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n",
	 0},
	{"an absolute target with user information", 400,
	 "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"two empty lines before the request", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"nothing but empty lines", 400, "\r\n\r\n", 0},
	{"bare LF before the request", 400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"a TLS handshake", 400, "\x16\x03\x01", 0},
	{"PROXY protocol where none is due", 400, "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n\r\n", 0},
	/* The milder refusals. */
	{"another method (P-40)", 405, "PUT / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"OPTIONS in asterisk-form (P-54)", 405, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"a method of nobody's in asterisk-form", 405, "FOO * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"authority-form", 405, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"a method in small letters", 405, "get / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"DELETE with a body", 405, "DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n",
	 0},
	{"another method that is malformed besides", 400,
	 "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 0},
	{"a body one octet too large (P-19)", 413, POST "Content-Length: 10001\r\n" END, 0},
	{"a length beyond 64 bits", 413, POST "Content-Length: 18446744073709551619\r\n" END, 0},
	{"an expectation that nobody knows", 417, POST "Expect: 200-ok\r\n" END, 0},
	{"two expectations in one", 417, POST "Expect: 100-continue, a\r\n" END, 0},
};

static const struct framing_case accepted[] = {
	{"the largest body (P-19)", 0, POST "Content-Length: 10000\r\n" END, 0},
	{"leading zeros of a length", 0, POST "Content-Length: 0003\r\n" END, 0},
	{"white space around a length", 0, POST "Content-Length:\t 3 \t\r\n" END, 0},
	{"no white space before a value", 0, POST "Content-Length:3\r\n" END, 0},
	{"CHUNKED", 0, POST "TRANSFER-ENCODING: CHUNKED\r\n" END, 0},
	{"one empty line before the request", 0, "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"an empty value", 0, POST "X-Other:\r\n" END, 0},
	{"octets above 0x7f in a value", 0, POST "X-Other: \xc3\xb6\r\n" END, 0},
	{"a tab in a value", 0, POST "X-Other: a\tb\r\n" END, 0},
	{"a colon in a value", 0, POST "X-Other: a:b\r\n" END, 0},
	{"an empty Host", 0, "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0},
	{"HTTP/1.2 (P-54)", 0, "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 0},
	{"HTTP/1.9", 0, "GET / HTTP/1.9\r\nHost: a\r\n\r\n", 0},
	{"a Host with an escape", 0, "GET / HTTP/1.1\r\nHost: a%2Eb\r\n\r\n", 0},
	{"a Host with a port", 0, "GET / HTTP/1.1\r\nHost: a_b.example:8080\r\n\r\n", 0},
	{"a Host with a port of no digit", 0, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 0},
	{"a Host with an address of the future", 0,
	 "GET / HTTP/1.1\r\nHost: [v1.fe80::a+en1]:80\r\n\r\n", 0},
	{"a Host with an IPv4 address in an IPv6 one", 0,
	 "GET / HTTP/1.1\r\nHost: [::ffff:192.0.2.1]\r\n\r\n", 0},
	{"a Host with IPv6 address and port", 0, "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0},
	{"no Host on HTTP/1.0", 0, "GET / HTTP/1.0\r\n\r\n", 0},
	{"any expectation on HTTP/1.0", 0, "GET / HTTP/1.0\r\nExpect: 200-ok\r\n\r\n", 0},
	{"a target with every other sign", 0, "GET /a\"<>[]^`{|}\\?x=y HTTP/1.1\r\nHost: a\r\n\r\n",
	 0},
};

static int parse_copy(const char *text, size_t size, struct http_request *r)
{
	/* An exact copy: a read past the end is caught by the address sanitizer. */
	cleanup(memory_freep) uint8_t *copy = malloc(size ? size : 1);
	assert_non_null(copy);
	memcpy(copy, text, size);
	struct http_scan scan = {0};
	return http_request_parse(&scan, view_of(copy, size), r);
}

static void check_cases(const struct framing_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct http_request r;
		size_t size = cases[i].size ? cases[i].size : strlen(cases[i].text);
		int result = parse_copy(cases[i].text, size, &r);
		if (result != cases[i].result)
			fail_msg("%s: %d instead of %d", cases[i].what, result, cases[i].result);
	}
}

static void ambiguous_heads_are_refused(void **state)
{
	(void)state;
	check_cases(refused, array_size(refused));
}

static void their_lawful_neighbours_are_accepted(void **state)
{
	(void)state;
	check_cases(accepted, array_size(accepted));
}

/* What a proxy forwards in two pieces must not become another request (P-46). */
static void no_prefix_of_a_head_is_a_whole_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(accepted); i++) {
		struct http_request r;
		size_t size = strlen(accepted[i].text);
		for (size_t part = 0; part < size; part++)
			assert_int_equal(parse_copy(accepted[i].text, part, &r), HTTP_INCOMPLETE);
	}
}

/* The same answer however the octets arrive, and the same refusal. */
static void octet_by_octet_gives_the_same_result(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(refused); i++) {
		struct http_scan scan = {0};
		struct http_request r;
		struct view text =
			view_of(refused[i].text,
				refused[i].size ? refused[i].size : strlen(refused[i].text));
		int result = HTTP_INCOMPLETE;
		for (size_t size = 0; size <= text.size && result == HTTP_INCOMPLETE; size++)
			result = http_request_parse(&scan, view_of(text.data, size), &r);
		if (result != refused[i].result)
			fail_msg("%s: %d", refused[i].what, result);
	}
}

static void a_failed_parse_leaves_the_request_untouched(void **state)
{
	(void)state;
	struct http_request r, before;
	memset(&r, 0x5a, sizeof(r));
	before = r;
	for (size_t i = 0; i < array_size(refused); i++) {
		(void)!parse_copy(refused[i].text, strlen(refused[i].text), &r);
		assert_memory_equal(&r, &before, sizeof(r));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ambiguous_heads_are_refused),
		cmocka_unit_test(their_lawful_neighbours_are_accepted),
		cmocka_unit_test(no_prefix_of_a_head_is_a_whole_one),
		cmocka_unit_test(octet_by_octet_gives_the_same_result),
		cmocka_unit_test(a_failed_parse_leaves_the_request_untouched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
