/* Hosts of a connection string, one at a time (doc/faults.md row 6). */
#include "unit.h"

#include "db/target.h"

static const char *value(const struct db_target *target, const char *keyword)
{
	for (size_t i = 0; target->keywords[i]; i++)
		if (strcmp(target->keywords[i], keyword) == 0)
			return target->values[i];
	return NULL;
}

static void a_bad_string_is_refused_without_repeating_it(void **state)
{
	(void)state;
	struct db_targets *targets = NULL;
	struct fault fault = {0};
	assert_int_equal(db_targets_new("password=secret nonsense", &targets, &fault), -EINVAL);
	assert_null(strstr(fault.text, "secret"));
}

static void hosts_take_turns_with_their_ports(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	struct db_target target;
	assert_int_equal(db_targets_new("host=a,b port=1,2 dbname=d", &targets, NULL), 0);
	assert_int_equal(db_targets_count(targets), 2);
	static const char *const hosts[] = {"a", "b", "a"}, *const ports[] = {"1", "2", "1"};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(db_targets_get(targets, i, &target), 0);
		assert_string_equal(value(&target, "host"), hosts[i]);
		assert_string_equal(value(&target, "port"), ports[i]);
		assert_string_equal(value(&target, "dbname"), "d");
	}
}

static void one_port_serves_all_hosts(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	struct db_target target;
	assert_int_equal(db_targets_new("postgresql://a,b/d?port=7", &targets, NULL), 0);
	assert_int_equal(db_targets_get(targets, 1, &target), 0);
	assert_string_equal(value(&target, "host"), "b");
	assert_string_equal(value(&target, "port"), "7");
}

static void without_a_host_there_is_one_target_named_stillgood(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	struct db_target target;
	assert_int_equal(db_targets_new("", &targets, NULL), 0);
	assert_int_equal(db_targets_count(targets), 1);
	assert_int_equal(db_targets_get(targets, 3, &target), 0);
	assert_null(value(&target, "host"));
	assert_string_equal(value(&target, "fallback_application_name"), "stillgood");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_string_is_refused_without_repeating_it),
		cmocka_unit_test(hosts_take_turns_with_their_ports),
		cmocka_unit_test(one_port_serves_all_hosts),
		cmocka_unit_test(without_a_host_there_is_one_target_named_stillgood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
