/* When a CRL is asked for again: as its next one comes near more often, never in a rush, after failures less and
 * less often. */
#include "unit.h"

#include "fetcher/schedule.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static const struct schedule usual = {.least_us = MINUTE, .most_us = HOUR};

static void every_pause_is_within_its_bounds_whatever_chance_says(void **state)
{
	(void)state;
	const int64_t left[] = {INT64_MIN, -HOUR,       0,        1,        SECOND,
				MINUTE,    10 * MINUTE, 9 * HOUR, INT64_MAX};
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		for (uint32_t chance = 0; chance < 1000; chance++)
			for (unsigned overdue = 0; overdue < 100; overdue += 9) {
				int64_t pause =
					schedule_after_success(&usual, left[i], overdue, chance);
				assert_true(pause >= MINUTE && pause <= HOUR + HOUR / 5);
			}
}

static void the_moment_is_come_near_to_by_halves(void **state)
{
	(void)state;
	assert_int_equal(schedule_after_success(&usual, INT64_MAX, 0, 0), HOUR);
	assert_int_equal(schedule_after_success(&usual, 10 * HOUR, 0, 0), HOUR);
	assert_int_equal(schedule_after_success(&usual, HOUR, 0, 0), HOUR / 2);
	assert_int_equal(schedule_after_success(&usual, 10 * MINUTE, 0, 0), 5 * MINUTE);
	assert_int_equal(schedule_after_success(&usual, SECOND, 0, 0), MINUTE);
}

static void what_fails_or_is_overdue_is_asked_for_less_and_less_often(void **state)
{
	(void)state;
	assert_int_equal(schedule_after_failure(&usual, 1, 0), MINUTE);
	assert_int_equal(schedule_after_failure(&usual, 2, 0), 2 * MINUTE);
	assert_int_equal(schedule_after_failure(&usual, 4, 0), 8 * MINUTE);
	assert_int_equal(schedule_after_failure(&usual, 100000, 0), HOUR);
	assert_int_equal(schedule_after_success(&usual, 0, 1, 0), MINUTE);
	assert_int_equal(schedule_after_success(&usual, -HOUR, 3, 0), 4 * MINUTE);
}

/* fetch_interval below fetch_retry: the longer one is the promise. */
static void never_more_often_than_the_least(void **state)
{
	(void)state;
	const struct schedule odd = {.least_us = HOUR, .most_us = MINUTE};
	assert_int_equal(schedule_after_success(&odd, INT64_MAX, 0, 0), HOUR);
	assert_int_equal(schedule_after_failure(&odd, 9, 0), HOUR);
}

static void many_instances_do_not_ask_at_the_same_time(void **state)
{
	(void)state;
	unsigned different = 0;
	int64_t before = 0;
	for (uint32_t chance = 0; chance < 21; chance++) {
		int64_t pause = schedule_after_success(&usual, INT64_MAX, 0, chance);
		different += pause != before;
		before = pause;
	}
	assert_int_equal(different, 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pause_is_within_its_bounds_whatever_chance_says),
		cmocka_unit_test(the_moment_is_come_near_to_by_halves),
		cmocka_unit_test(what_fails_or_is_overdue_is_asked_for_less_and_less_often),
		cmocka_unit_test(never_more_often_than_the_least),
		cmocka_unit_test(many_instances_do_not_ask_at_the_same_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
