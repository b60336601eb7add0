/* How a room is told what it is, and what it gets to see of the environment. */
#include "unit.h"

#include "warden/kind.h"

#include "base/result.h"

static int parse(int argc, const char *const *argv)
{
	enum room_kind kind;
	unsigned index;
	return kind_parse(argc, (char *const *)argv, &kind, &index);
}

static void a_command_line_is_not_taken_for_a_room(void **state)
{
	(void)state;
	assert_int_equal(parse(1, (const char *const[]){"stillgood:", NULL}), -EINVAL);
	assert_int_equal(parse(2, (const char *const[]){"stillgood", "ledger", NULL}), -EINVAL);
	assert_int_equal(parse(3, (const char *const[]){"stillgood", "front", "0", NULL}), -EINVAL);
	assert_int_equal(parse(0, (const char *const[]){NULL}), -EINVAL);
}

static void a_room_that_does_not_exist_is_refused(void **state)
{
	(void)state;
	assert_int_equal(parse(2, (const char *const[]){"stillgood:", "attic", NULL}), -EINVAL);
	assert_int_equal(parse(2, (const char *const[]){"stillgood:", "front", NULL}), -EINVAL);
	assert_int_equal(parse(3, (const char *const[]){"stillgood:", "ledger", "0", NULL}),
			 -EINVAL);
	assert_int_equal(parse(3, (const char *const[]){"stillgood:", "front", "64", NULL}),
			 -EINVAL);
	assert_int_equal(parse(3, (const char *const[]){"stillgood:", "front", "-1", NULL}),
			 -EINVAL);
	assert_int_equal(parse(3, (const char *const[]){"stillgood:", "front", "0x", NULL}),
			 -EINVAL);
	assert_int_equal(parse(3, (const char *const[]){"stillgood:", "front", "", NULL}), -EINVAL);
}

static void arguments_say_in_ps_what_the_room_is(void **state)
{
	(void)state;
	const struct {
		enum room_kind kind;
		unsigned index;
		int count;
		const char *shown;
	} rooms[] = {{ROOM_FRONT, 0, 3, "stillgood: front 0"},
		     {ROOM_FRONT, 63, 3, "stillgood: front 63"},
		     {ROOM_LEDGER, 0, 2, "stillgood: ledger"},
		     {ROOM_SIGNER, 7, 3, "stillgood: signer 7"}};
	for (size_t i = 0; i < array_size(rooms); i++) {
		struct room_arguments arguments;
		enum room_kind kind;
		unsigned index;
		char shown[64] = "", name[ROOM_NAME_SIZE];
		kind_arguments(rooms[i].kind, rooms[i].index, &arguments);
		for (int a = 0; a < rooms[i].count; a++)
			(void)snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), "%s%s",
				       a ? " " : "", arguments.argv[a]);
		assert_string_equal(shown, rooms[i].shown);
		assert_null(arguments.argv[rooms[i].count]);
		assert_int_equal(
			kind_parse(rooms[i].count, (char *const *)arguments.argv, &kind, &index),
			0);
		assert_int_equal(kind, rooms[i].kind);
		assert_int_equal(index, rooms[i].index);
		room_name(kind, index, name);
		assert_string_equal(name, shown + strlen("stillgood: "));
	}
}

/* doc/design.md, "One room, one secret". */
static void only_the_ledger_sees_the_database_variables(void **state)
{
	(void)state;
	const char *const from[] = {
		"PGPASSWORD=secret", "HOME=/root", "AWS_SECRET=x",         "LANG=C",
		"LANGUAGE=de",       "TZ=UTC",     "NOTIFY_SOCKET=/run/n", NULL};
	char *seen[16];
	kind_environment(ROOM_FRONT, (char *const *)from, array_size(seen), seen);
	assert_string_equal(seen[0], "LANG=C");
	assert_string_equal(seen[1], "TZ=UTC");
	assert_null(seen[2]);
	kind_environment(ROOM_SIGNER, (char *const *)from, array_size(seen), seen);
	assert_string_equal(seen[0], "LANG=C");
	assert_null(seen[2]);
	kind_environment(ROOM_LEDGER, (char *const *)from, array_size(seen), seen);
	assert_string_equal(seen[0], "PGPASSWORD=secret");
	assert_string_equal(seen[1], "HOME=/root");
	assert_null(seen[4]);
}

static void an_environment_too_large_is_cut(void **state)
{
	(void)state;
	const char *const from[] = {"LANG=C", "TZ=UTC", "PGHOST=a", NULL};
	char *seen[3];
	kind_environment(ROOM_LEDGER, (char *const *)from, array_size(seen), seen);
	assert_string_equal(seen[1], "TZ=UTC");
	assert_null(seen[2]);
}

static void each_room_is_given_its_own_options_only(void **state)
{
	(void)state;
	assert_int_equal(kind_plan(ROOM_FRONT)->options, CONF_FRONT);
	assert_int_equal(kind_plan(ROOM_LEDGER)->options, CONF_LEDGER);
	assert_int_equal(kind_plan(ROOM_SIGNER)->options, CONF_SIGNER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_line_is_not_taken_for_a_room),
		cmocka_unit_test(a_room_that_does_not_exist_is_refused),
		cmocka_unit_test(arguments_say_in_ps_what_the_room_is),
		cmocka_unit_test(only_the_ledger_sees_the_database_variables),
		cmocka_unit_test(an_environment_too_large_is_cut),
		cmocka_unit_test(each_room_is_given_its_own_options_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
