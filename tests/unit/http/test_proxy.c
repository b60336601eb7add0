/* PROXY protocol headers and X-Forwarded-For lists (P-51). */
#include "unit.h"

#include "http/proxy.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\x00\x02\x01\xc0\x00\x02\x02\xdc\x04\x01\xbb"
#define BYTES(literal) view_of(literal, sizeof(literal) - 1)

static int parse(struct view bytes, struct proxy_header *ret)
{
	return proxy_header_parse(bytes, ret);
}

static void check_bad(struct view bytes)
{
	struct proxy_header header = {.size = 77};
	if (parse(bytes, &header) != PROXY_MALFORMED)
		fail_msg("%.*s", (int)bytes.size, (const char *)bytes.data);
	assert_int_equal(header.size, 77);
}

/* Accepted as a whole, whatever follows it, and no prefix of it. */
static void check_client(struct view bytes, const char *client)
{
	struct proxy_header header;
	cleanup(buffer_deinit) struct buffer more = {0};
	char text[IP_TEXT_SIZE];
	for (size_t size = 0; size < bytes.size; size++)
		assert_int_equal(parse(view_of(bytes.data, size), &header), PROXY_INCOMPLETE);
	assert_int_equal(parse(bytes, &header), 0);
	buffer_put_view(&more, bytes);
	buffer_put_string(&more, "GET / HTTP/1.1\r\n");
	assert_int_equal(parse(buffer_view(&more), &header), 0);
	assert_int_equal(header.size, bytes.size);
	ip_print(&header.client, text);
	assert_string_equal(text, client);
}

static void a_line_that_says_it_otherwise_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"GET / HTTP/1.1\r\n",
		"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n",
		"PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
		"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
		"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
		"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP6 [2001:db8::1] 2001:db8::2 1 2\r\n",
		"PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP4\r\n",
		"PROXY \r\n",
		"PROXY UNKNOWNS\r\n",
	};
	for (size_t i = 0; i < array_size(wrong); i++)
		check_bad(view_of_string(wrong[i]));
}

static void a_line_without_an_end_is_refused_at_107_octets(void **state)
{
	(void)state;
	char text[108] = "PROXY UNKNOWN ";
	struct proxy_header header;
	memset(text + 14, 'x', sizeof(text) - 15);
	assert_int_equal(parse(view_of(text, 106), &header), PROXY_INCOMPLETE);
	check_bad(view_of(text, 107));
	memcpy(text + 105, "\r\n", 2);
	assert_int_equal(parse(view_of(text, 107), &header), 0);
}

static void version_1_names_the_client(void **state)
{
	(void)state;
	check_client(BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"), "192.0.2.1");
	check_client(BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n"), "2001:db8::1");
	check_client(BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), "192.0.2.1");
	check_client(BYTES("PROXY UNKNOWN\r\n"), "?");
	check_client(BYTES("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"), "?");
}

static void binary_headers_that_say_it_otherwise_are_refused(void **state)
{
	(void)state;
	check_bad(BYTES(SIGNATURE "\x11\x11\0\x0c" V4)); /* version 1 */
	check_bad(BYTES(SIGNATURE "\x31\x11\0\x0c" V4)); /* version 3 */
	check_bad(BYTES(SIGNATURE "\x22\x11\0\x0c" V4)); /* another command */
	check_bad(BYTES(SIGNATURE "\x21\x12\0\x0c" V4)); /* datagrams */
	check_bad(BYTES(SIGNATURE "\x21\x41\0\x0c" V4)); /* another family */
	check_bad(BYTES(SIGNATURE "\x21\x11\0\x0b" V4)); /* shorter than its addresses */
	check_bad(BYTES(SIGNATURE "\x21\x21\0\x0c" V4));
	check_bad(BYTES(SIGNATURE "\x21\x31\0\x0c" V4));
	check_bad(BYTES(SIGNATURE "\x21\x11\0\x0d" V4 "\x04")); /* part of a TLV */
	check_bad(BYTES(SIGNATURE "\x21\x11\0\x0f" V4 "\x04\0\x01")); /* a TLV that goes on */
	check_bad(BYTES(SIGNATURE "\x21\x11\x07\xf1")); /* over LIMIT_PROXY_HEADER */
	check_bad(BYTES("\r\n\r\n\0\r\nQUIX\n\x21\x11\0\x0c" V4));
}

static void version_2_names_the_client(void **state)
{
	(void)state;
	check_client(BYTES(SIGNATURE "\x21\x11\0\x0c" V4), "192.0.2.1");
	check_client(BYTES(SIGNATURE "\x21\x11\0\x13" V4 "\x04\0\0\x05\0\x01x"), "192.0.2.1");
	check_client(BYTES(SIGNATURE "\x21\x21\0\x24"
				     "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
				     "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
				     "\0\x01\0\x02"),
		     "2001:db8::1");
}

static void a_proxy_that_speaks_for_itself_names_nobody(void **state)
{
	(void)state;
	check_client(BYTES(SIGNATURE "\x20\0\0\0"), "?");
	check_client(BYTES(SIGNATURE "\x20\x11\0\x0c" V4), "?"); /* LOCAL: to be skipped */
	check_client(BYTES(SIGNATURE "\x21\0\0\x03xyz"), "?");
}

/* ---- X-Forwarded-For ---- */

static void check_last(const char *list, const char *expected, const char *rest)
{
	struct view view = view_of_string(list);
	struct ip_address address;
	char text[IP_TEXT_SIZE];
	assert_true(proxy_forwarded_last(&view, &address));
	ip_print(&address, text);
	assert_string_equal(text, expected);
	assert_true(view_equal(view, view_of_string(rest)));
}

static void the_last_address_is_taken_off(void **state)
{
	(void)state;
	check_last("192.0.2.1", "192.0.2.1", "");
	check_last("x, 192.0.2.1", "192.0.2.1", "x");
	check_last("a,b ,\t2001:db8::1 ", "2001:db8::1", "a,b ");
	check_last("192.0.2.1:80", "192.0.2.1", "");
	check_last("[2001:db8::1]", "2001:db8::1", "");
	check_last("[2001:db8::1]:443", "2001:db8::1", "");
}

static void what_is_no_address_is_nobody(void **state)
{
	(void)state;
	static const char *const wrong[] = {"",           "unknown",     "192.0.2.1,",
					    "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:99999",
					    "[::1",       "[::1]x",      "[::1]:",
					    "\"::1\"",    "_hidden",     "192.0.2.1 192.0.2.2"};
	for (size_t i = 0; i < array_size(wrong); i++) {
		struct view view = view_of_string(wrong[i]);
		struct ip_address address;
		if (proxy_forwarded_last(&view, &address))
			fail_msg("%s", wrong[i]);
		assert_int_equal(view.size, strlen(wrong[i]));
	}
	struct view none = {0};
	struct ip_address address;
	assert_false(proxy_forwarded_last(&none, &address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_that_says_it_otherwise_is_refused),
		cmocka_unit_test(a_line_without_an_end_is_refused_at_107_octets),
		cmocka_unit_test(version_1_names_the_client),
		cmocka_unit_test(binary_headers_that_say_it_otherwise_are_refused),
		cmocka_unit_test(version_2_names_the_client),
		cmocka_unit_test(a_proxy_that_speaks_for_itself_names_nobody),
		cmocka_unit_test(the_last_address_is_taken_off),
		cmocka_unit_test(what_is_no_address_is_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
