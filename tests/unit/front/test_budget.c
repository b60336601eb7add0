/* The cap on signatures that one client address may cause (P-47, doc/faults.md row 23). */
#include "unit.h"

#include "front/budget.h"

static struct moment at(int64_t milliseconds)
{
	return (struct moment){.mono_us = 1000 * SECOND_US + milliseconds * MILLISECOND_US};
}

static bool take(struct budget *budget, const char *client, int64_t milliseconds)
{
	struct moment now = at(milliseconds);
	struct ip_address address;
	assert_int_equal(ip_parse(view_of_string(client), &address), 0);
	return budget_take(budget, &address, &now);
}

static unsigned take_all(struct budget *budget, const char *client, int64_t milliseconds)
{
	unsigned count = 0;
	while (count < 1000 && take(budget, client, milliseconds))
		count++;
	return count;
}

static struct budget *new_budget(unsigned rate)
{
	struct budget *budget = NULL;
	assert_int_equal(budget_new(rate, &budget), 0);
	return budget;
}

static void an_address_has_its_rate_and_others_have_theirs(void **state) /* row 23 */
{
	(void)state;
	cleanup(budget_freep) struct budget *budget = new_budget(10);
	assert_int_equal(take_all(budget, "192.0.2.1", 0), 10 * BUDGET_BURST_SECONDS);
	assert_int_equal(take_all(budget, "192.0.2.2", 0), 10 * BUDGET_BURST_SECONDS);
	assert_false(take(budget, "192.0.2.1", 50));
	assert_int_equal(take_all(budget, "192.0.2.1", 1000), 10);
	/* A quiet day saves up no more than the burst. */
	assert_int_equal(take_all(budget, "192.0.2.1", INT64_C(86400000)),
			 10 * BUDGET_BURST_SECONDS);
}

static void an_ipv6_client_is_its_whole_network(void **state)
{
	(void)state;
	cleanup(budget_freep) struct budget *budget = new_budget(1);
	assert_int_equal(take_all(budget, "2001:db8:1:2::1", 0), BUDGET_BURST_SECONDS);
	assert_false(take(budget, "2001:db8:1:2:ffff::9", 0));
	assert_true(take(budget, "2001:db8:1:3::1", 0));
}

static void zero_sets_no_limit_and_a_reload_sets_another(void **state)
{
	(void)state;
	cleanup(budget_freep) struct budget *budget = new_budget(0);
	assert_int_equal(take_all(budget, "192.0.2.1", 0), 1000);
	budget_limit(budget, 2);
	assert_int_equal(take_all(budget, "192.0.2.1", 0), 2 * BUDGET_BURST_SECONDS);
	budget_limit(budget, 0);
	assert_int_equal(take_all(budget, "192.0.2.1", 0), 1000);
}

/* However many addresses a flood has, few others share both of their places with it. */
static void a_flood_from_many_addresses_leaves_others_alone(void **state)
{
	(void)state;
	cleanup(budget_freep) struct budget *budget = new_budget(1);
	char text[20];
	unsigned refused = 0;
	for (unsigned i = 0; i < 200; i++) {
		(void)snprintf(text, sizeof(text), "10.0.%u.%u", i / 250, i % 250);
		(void)take_all(budget, text, 0);
	}
	for (unsigned i = 0; i < 200; i++) {
		(void)snprintf(text, sizeof(text), "192.0.2.%u", i);
		refused += !take(budget, text, 0);
	}
	assert_in_range(refused, 0, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_its_rate_and_others_have_theirs),
		cmocka_unit_test(an_ipv6_client_is_its_whole_network),
		cmocka_unit_test(zero_sets_no_limit_and_a_reload_sets_another),
		cmocka_unit_test(a_flood_from_many_addresses_leaves_others_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
