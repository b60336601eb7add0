/* Addresses and networks (P-51). */
#include "unit.h"

#include "base/ip.h"

#include <arpa/inet.h>
#include <errno.h>

static bool parses(const char *text)
{
	struct ip_address address;
	return ip_parse(view_of_string(text), &address) == 0;
}

static bool network_parses(const char *text)
{
	struct ip_network network;
	return ip_network_parse(view_of_string(text), &network) == 0;
}

static void what_is_no_address_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",      "localhost", "192.0.2", "192.0.2.1.",  "192.0.2.256", "192.0.2.01",
		" ::1",  "::1 ",      "[::1]",   "::1%lo",      "1::2::3",     "192.0.2.1:80",
		"0x7f1", "unknown",   "::g",     "192.0.2.1/24"};
	for (size_t i = 0; i < array_size(wrong); i++)
		if (parses(wrong[i]))
			fail_msg("%s", wrong[i]);
	struct ip_address address;
	assert_int_equal(ip_parse(view_of("::1\0", 4), &address), -EINVAL);
}

static void printed(const char *text, const char *expected)
{
	struct ip_address address;
	char out[IP_TEXT_SIZE];
	assert_int_equal(ip_parse(view_of_string(text), &address), 0);
	ip_print(&address, out);
	assert_string_equal(out, expected);
}

static void an_address_has_one_form(void **state)
{
	(void)state;
	printed("192.0.2.1", "192.0.2.1");
	printed("2001:DB8:0:0:0:0:0:1", "2001:db8::1");
	printed("::ffff:192.0.2.1", "192.0.2.1");
	char out[IP_TEXT_SIZE];
	ip_print(&(struct ip_address){0}, out);
	assert_string_equal(out, "?");
}

static void a_peer_is_its_address_without_its_port(void **state)
{
	(void)state;
	struct sockaddr_storage peer = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)&peer;
	*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = 7, {htonl(0xc0000201)}};
	struct ip_address got = ip_of_peer(&peer), expected;
	assert_int_equal(ip_parse(view_of_string("192.0.2.1"), &expected), 0);
	assert_true(ip_equal(&got, &expected));
	peer.ss_family = AF_UNIX;
	assert_int_equal(ip_of_peer(&peer).family, IP_NONE);
}

static void what_is_no_network_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"",
					    "/8",
					    "10.0.0.0/",
					    "10.0.0.0/33",
					    "10.0.0.0/08",
					    "10.0.0.0/-1",
					    "10.0.0.0/8x",
					    "::/129",
					    "10.0.0.0/8/8",
					    "10.0.0.1/8",
					    "2001:db8::1/32"};
	for (size_t i = 0; i < array_size(wrong); i++)
		if (network_parses(wrong[i]))
			fail_msg("%s", wrong[i]);
}

static bool has(const char *network_text, const char *text)
{
	struct ip_network network;
	struct ip_address address;
	assert_int_equal(ip_network_parse(view_of_string(network_text), &network), 0);
	assert_int_equal(ip_parse(view_of_string(text), &address), 0);
	return ip_network_has(&network, &address);
}

static void a_network_ends_where_its_prefix_says(void **state)
{
	(void)state;
	assert_true(has("192.0.2.1", "192.0.2.1"));
	assert_false(has("192.0.2.1", "192.0.2.2"));
	assert_true(has("192.0.2.0/25", "192.0.2.127"));
	assert_false(has("192.0.2.0/25", "192.0.2.128"));
	assert_true(has("0.0.0.0/0", "255.1.2.3"));
	assert_false(has("0.0.0.0/0", "::1"));
	assert_false(has("::/0", "192.0.2.1"));
	assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(has("10.0.0.0/8", "::ffff:10.1.2.3"));
}

static void a_network_prints_as_it_parses(void **state)
{
	(void)state;
	static const char *const texts[] = {"192.0.2.1", "10.0.0.0/8", "::/0", "2001:db8::/32"};
	for (size_t i = 0; i < array_size(texts); i++) {
		struct ip_network network;
		char out[IP_NETWORK_TEXT_SIZE];
		assert_int_equal(ip_network_parse(view_of_string(texts[i]), &network), 0);
		ip_network_print(&network, out);
		assert_string_equal(out, texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(an_address_has_one_form),
		cmocka_unit_test(a_peer_is_its_address_without_its_port),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test(a_network_ends_where_its_prefix_says),
		cmocka_unit_test(a_network_prints_as_it_parses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
