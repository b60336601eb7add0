/* The cap on connections of one address (P-47). */
#include "unit.h"

#include "front/addresses.h"

static int enter(struct addresses *addresses, const char *text, struct address **ret)
{
	struct ip_address peer;
	assert_int_equal(ip_parse(view_of_string(text), &peer), 0);
	return addresses_enter(addresses, &peer, ret);
}

static struct addresses *new_addresses(unsigned most)
{
	struct addresses *addresses = NULL;
	assert_int_equal(addresses_new(most, &addresses), 0);
	return addresses;
}

/* With a cap of one. */
static void assert_same(const char *first, const char *second, bool same)
{
	cleanup(addresses_freep) struct addresses *addresses = new_addresses(1);
	struct address *a = NULL, *b = NULL;
	assert_int_equal(enter(addresses, first, &a), 0);
	assert_int_equal(enter(addresses, second, &b), same ? ADDRESSES_FULL : 0);
	addresses_leave(addresses, a);
	addresses_leave(addresses, b);
}

static void an_address_at_its_cap_is_refused_and_others_are_not(void **state) /* P-47 */
{
	(void)state;
	cleanup(addresses_freep) struct addresses *addresses = new_addresses(2);
	struct address *a = NULL, *b = NULL, *c = NULL, *other = NULL;
	assert_int_equal(enter(addresses, "192.0.2.1", &a), 0);
	assert_int_equal(enter(addresses, "192.0.2.1", &b), 0);
	assert_int_equal(enter(addresses, "192.0.2.1", &c), ADDRESSES_FULL);
	assert_int_equal(enter(addresses, "192.0.2.2", &other), 0);
	addresses_leave(addresses, a);
	assert_int_equal(enter(addresses, "192.0.2.1", &a), 0);
	addresses_leave(addresses, a);
	addresses_leave(addresses, b);
	addresses_leave(addresses, other);
}

static void an_ipv6_client_is_its_whole_network(void **state)
{
	(void)state;
	assert_same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true);
	assert_same("2001:db8:1:2::1", "2001:db8:1:3::1", false);
}

static void an_ipv4_address_mapped_into_ipv6_is_the_same(void **state)
{
	(void)state;
	assert_same("192.0.2.1", "::ffff:192.0.2.1", true);
	assert_same("192.0.2.1", "::ffff:192.0.2.2", false);
	assert_same("0.0.0.0", "::", false);
}

static void without_a_cap_nobody_is_refused(void **state)
{
	(void)state;
	cleanup(addresses_freep) struct addresses *addresses = new_addresses(0);
	struct address *address = NULL;
	for (int i = 0; i < 100; i++)
		assert_int_equal(enter(addresses, "192.0.2.1", &address), 0);
	assert_null(address);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_at_its_cap_is_refused_and_others_are_not),
		cmocka_unit_test(an_ipv6_client_is_its_whole_network),
		cmocka_unit_test(an_ipv4_address_mapped_into_ipv6_is_the_same),
		cmocka_unit_test(without_a_cap_nobody_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
