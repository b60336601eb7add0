/* doc/faults.md row 18: a room that dies is back at once; one that keeps dying does not spin. */
#include "unit.h"

#include "warden/backoff.h"

#include "base/clock.h"

static void a_room_that_keeps_dying_waits_longer_each_time_up_to_ten_seconds(void **state)
{
	(void)state;
	struct backoff backoff = {0};
	const int64_t expected[] = {0, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000};
	for (size_t i = 0; i < array_size(expected); i++)
		assert_int_equal(backoff_after(&backoff, 0), expected[i] * MILLISECOND_US);
}

static void the_first_restart_is_at_once(void **state)
{
	(void)state;
	struct backoff backoff = {0};
	assert_int_equal(backoff_after(&backoff, 5), 0);
}

static void thirty_seconds_of_life_start_over(void **state)
{
	(void)state;
	struct backoff backoff = {0};
	for (int i = 0; i < 5; i++)
		(void)backoff_after(&backoff, 30 * SECOND_US - 1);
	assert_int_not_equal(backoff_after(&backoff, 30 * SECOND_US - 1), 0);
	assert_int_equal(backoff_after(&backoff, 30 * SECOND_US), 0);
	assert_int_equal(backoff_after(&backoff, 0), 100 * MILLISECOND_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_room_that_keeps_dying_waits_longer_each_time_up_to_ten_seconds),
		cmocka_unit_test(the_first_restart_is_at_once),
		cmocka_unit_test(thirty_seconds_of_life_start_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
