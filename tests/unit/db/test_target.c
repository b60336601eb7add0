/* Hosts of a connection string, one at a time (doc/faults.md row 6). */
#include "unit.h"

#include "db/target.h"

#include <stdio.h>
#include <unistd.h>

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
	assert_int_equal(db_targets_new("password=secret nonsense", "feed", &targets, &fault),
			 -EINVAL);
	assert_null(strstr(fault.text, "secret"));
}

static void hosts_take_turns_with_their_ports(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	struct db_target target;
	assert_int_equal(db_targets_new("host=a,b port=1,2 dbname=d", "feed", &targets, NULL), 0);
	assert_int_equal(db_targets_count(targets), 2);
	static const char *const hosts[] = {"a", "b", "a"}, *const ports[] = {"1", "2", "1"};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(db_targets_get(targets, i, NULL, &target), 0);
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
	assert_int_equal(db_targets_new("postgresql://a,b/d?port=7", "feed", &targets, NULL), 0);
	assert_int_equal(db_targets_get(targets, 1, NULL, &target), 0);
	assert_string_equal(value(&target, "host"), "b");
	assert_string_equal(value(&target, "port"), "7");
}

/* libpq looks at a list twice, and is given one host at a time. */
static void a_standby_is_looked_for_on_all_hosts_before_any_is_taken(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	struct db_target target;
	assert_int_equal(db_targets_new("host=a,b target_session_attrs=prefer-standby", "feed",
					&targets, NULL),
			 0);
	assert_int_equal(db_targets_count(targets), 4);
	static const char *const hosts[] = {"a", "b", "a", "b", "a"};
	static const char *const wanted[] = {"standby", "standby", "any", "any", "standby"};
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(db_targets_get(targets, i, NULL, &target), 0);
		assert_string_equal(value(&target, "host"), hosts[i]);
		assert_string_equal(value(&target, "target_session_attrs"), wanted[i]);
	}
}

static void other_sessions_are_for_libpq_to_refuse(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	struct db_target target;
	assert_int_equal(
		db_targets_new("host=a,b target_session_attrs=read-write", "feed", &targets, NULL),
		0);
	assert_int_equal(db_targets_count(targets), 2);
	assert_int_equal(db_targets_get(targets, 1, NULL, &target), 0);
	assert_string_equal(value(&target, "target_session_attrs"), "read-write");
}

static bool libpq_shuffles(void)
{
	PQconninfoOption *options = PQconninfoParse("load_balance_hosts=random", NULL);
	PQconninfoFree(options);
	return options;
}

#define RANDOM_HOSTS "host=a,b,c,d port=1,2,3,4 load_balance_hosts=random"

/* An older libpq does not know the word: then the line says which, and nothing of a password. */
static void a_word_that_libpq_does_not_know_is_named(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	struct fault fault = {0};
	int result = db_targets_new("password=secret " RANDOM_HOSTS, "feed", &targets, &fault);
	assert_int_equal(result, libpq_shuffles() ? 0 : -EINVAL);
	assert_null(strstr(fault.text, "secret"));
	if (result < 0)
		assert_non_null(
			strstr(fault.text, "load_balance_hosts in conninfo needs libpq 16"));
}

/* Each host with its own port, all of them in a round, and of the same seed in the same order: lookups go where the
 * feed is. */
static void random_hosts_are_all_tried_in_an_order_of_the_seed(void **state)
{
	(void)state;
	bool turned = false;
	if (!libpq_shuffles())
		skip();
	for (uint64_t seed = 1; seed <= 20; seed++) {
		cleanup(db_targets_freep) struct db_targets *feed = NULL, *lookup = NULL;
		struct db_target target;
		unsigned seen = 0;
		assert_int_equal(db_targets_new(RANDOM_HOSTS, "feed", &feed, NULL), 0);
		assert_int_equal(db_targets_new(RANDOM_HOSTS, "lookup", &lookup, NULL), 0);
		db_targets_shuffle(feed, seed);
		db_targets_shuffle(lookup, seed);
		for (size_t i = 0; i < 4; i++) {
			assert_string_equal(db_targets_name(feed, i), db_targets_name(lookup, i));
			assert_int_equal(db_targets_get(feed, i, NULL, &target), 0);
			char host = *value(&target, "host");
			assert_int_equal(*value(&target, "port"), '1' + host - 'a');
			assert_int_equal(*db_targets_name(feed, i), host);
			assert_null(value(&target, "load_balance_hosts"));
			seen |= 1u << (host - 'a');
			turned |= host != "abcd"[i];
		}
		assert_int_equal(seen, 15);
	}
	assert_true(turned);
}

static void hosts_stay_in_their_order_where_nobody_wants_another(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	assert_int_equal(db_targets_new("host=a,b,c", "feed", &targets, NULL), 0);
	for (uint64_t seed = 1; seed <= 20; seed++) {
		db_targets_shuffle(targets, seed);
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(*db_targets_name(targets, i), "abc"[i]);
	}
}

static void without_a_host_there_is_one_target_named_stillgood(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	struct db_target target;
	assert_int_equal(db_targets_new("", "feed", &targets, NULL), 0);
	assert_int_equal(db_targets_count(targets), 1);
	assert_int_equal(db_targets_get(targets, 3, NULL, &target), 0);
	assert_null(value(&target, "host"));
	assert_string_equal(value(&target, "application_name"), "stillgood feed");
}

/* doc/faults.md row 6: whom libpq would ask for an address, and wait for it. */
static void names_are_told_from_addresses_and_folders(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	static const char text[] = "host=db.example,/run/postgresql,192.0.2.1,::1,@abstract,named "
				   "hostaddr=,,,,,192.0.2.9";
	assert_int_equal(db_targets_new(text, "feed", &targets, NULL), 0);
	assert_true(db_targets_named(targets));
	assert_string_equal(db_targets_name(targets, 0), "db.example");
	for (size_t i = 1; i < 6; i++)
		assert_null(db_targets_name(targets, i));
	assert_string_equal(db_targets_name(targets, 6), "db.example");
}

static void what_a_name_resolved_to_is_tried_under_the_name(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	struct db_target target;
	assert_int_equal(
		db_targets_new("host=a,b port=1,2 sslmode=verify-full", "feed", &targets, NULL), 0);
	assert_int_equal(db_targets_get(targets, 1, "192.0.2.1,2001:db8::1", &target), 0);
	assert_string_equal(value(&target, "host"), "b,b");
	assert_string_equal(value(&target, "hostaddr"), "192.0.2.1,2001:db8::1");
	assert_string_equal(value(&target, "port"), "2");
	assert_string_equal(value(&target, "sslmode"), "verify-full");
}

static void the_environment_and_a_service_file_count_too(void **state)
{
	(void)state;
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	struct db_target target;
	char path[] = "/tmp/stillgood-service-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "[db]\nhost=one,two\nport=7\n") > 0);
	close(fd);
	assert_int_equal(setenv("PGHOST", "away", 1), 0);
	assert_int_equal(setenv("PGAPPNAME", "ours", 1), 0);
	assert_int_equal(db_targets_new("", "feed", &targets, NULL), 0);
	assert_string_equal(db_targets_name(targets, 0), "away");
	assert_int_equal(db_targets_get(targets, 0, NULL, &target), 0);
	assert_string_equal(value(&target, "application_name"), "ours feed");
	db_targets_free(targets);
	targets = NULL;
	assert_int_equal(unsetenv("PGHOST"), 0);
	assert_int_equal(unsetenv("PGAPPNAME"), 0);
	assert_int_equal(setenv("PGSERVICEFILE", path, 1), 0);
	assert_int_equal(db_targets_new("service=db", "feed", &targets, NULL), 0);
	assert_int_equal(db_targets_count(targets), 2);
	assert_string_equal(db_targets_name(targets, 1), "two");
	assert_null(getenv("PGSERVICE"));
	assert_int_equal(unsetenv("PGSERVICEFILE"), 0);
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_string_is_refused_without_repeating_it),
		cmocka_unit_test(hosts_take_turns_with_their_ports),
		cmocka_unit_test(one_port_serves_all_hosts),
		cmocka_unit_test(names_are_told_from_addresses_and_folders),
		cmocka_unit_test(what_a_name_resolved_to_is_tried_under_the_name),
		cmocka_unit_test(the_environment_and_a_service_file_count_too),
		cmocka_unit_test(a_standby_is_looked_for_on_all_hosts_before_any_is_taken),
		cmocka_unit_test(other_sessions_are_for_libpq_to_refuse),
		cmocka_unit_test(a_word_that_libpq_does_not_know_is_named),
		cmocka_unit_test(random_hosts_are_all_tried_in_an_order_of_the_seed),
		cmocka_unit_test(hosts_stay_in_their_order_where_nobody_wants_another),
		cmocka_unit_test(without_a_host_there_is_one_target_named_stillgood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
