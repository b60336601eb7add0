/* Deadlines of connections (P-47): never early, at most a turn late, and cheap to move. */
#include "unit.h"

#include "front/wheel.h"

static unsigned fired_count;
static struct wheel_timer *fired_last;

static void fired(void *context, struct wheel_timer *timer)
{
	(void)context;
	fired_count++;
	fired_last = timer;
}

static struct wheel *new_wheel(void)
{
	static struct wheel wheel;
	fired_count = 0;
	wheel_init(&wheel, 5 * SECOND_US);
	return &wheel;
}

static int64_t fires_at(struct wheel *wheel, int64_t from_us, int64_t until_us)
{
	for (int64_t now = from_us; now <= until_us; now += WHEEL_TURN_US / 2) {
		wheel_sweep(wheel, now, fired, NULL);
		if (fired_count)
			return now;
	}
	return -1;
}

static void a_deadline_fires_once_never_early_and_at_most_a_turn_late(void **state)
{
	(void)state;
	for (int64_t delay = 0; delay < 3 * SECOND_US; delay += 33333) {
		struct wheel *wheel = new_wheel();
		struct wheel_timer timer = {0};
		int64_t deadline = 5 * SECOND_US + delay;
		wheel_set(wheel, &timer, deadline);
		int64_t at = fires_at(wheel, 5 * SECOND_US, 20 * SECOND_US);
		assert_true(at >= deadline);
		assert_true(at <= deadline + 2 * WHEEL_TURN_US);
		assert_ptr_equal(fired_last, &timer);
		assert_int_equal(fires_at(wheel, at, at), at);
		assert_int_equal(fired_count, 1);
	}
}

static void a_deadline_moved_later_does_not_fire_before(void **state)
{
	(void)state;
	struct wheel *wheel = new_wheel();
	struct wheel_timer timer = {0};
	wheel_set(wheel, &timer, 6 * SECOND_US);
	wheel_set(wheel, &timer, 9 * SECOND_US);
	int64_t at = fires_at(wheel, 5 * SECOND_US, 20 * SECOND_US);
	assert_true(at >= 9 * SECOND_US && at <= 9 * SECOND_US + 2 * WHEEL_TURN_US);
}

static void a_deadline_moved_earlier_fires_then(void **state)
{
	(void)state;
	struct wheel *wheel = new_wheel();
	struct wheel_timer timer = {0};
	wheel_set(wheel, &timer, 60 * SECOND_US);
	wheel_set(wheel, &timer, 7 * SECOND_US);
	int64_t at = fires_at(wheel, 5 * SECOND_US, 20 * SECOND_US);
	assert_true(at >= 7 * SECOND_US && at <= 7 * SECOND_US + 2 * WHEEL_TURN_US);
}

static void a_deadline_beyond_the_horizon_fires_in_its_time(void **state)
{
	(void)state;
	struct wheel *wheel = new_wheel();
	struct wheel_timer timer = {0};
	int64_t deadline = 5 * SECOND_US + 3 * (int64_t)WHEEL_SLOTS * WHEEL_TURN_US;
	wheel_set(wheel, &timer, deadline);
	int64_t at = fires_at(wheel, 5 * SECOND_US, deadline + SECOND_US);
	assert_true(at >= deadline && at <= deadline + 2 * WHEEL_TURN_US);
}

static void a_process_that_stood_still_for_long_fires_everything(void **state)
{
	(void)state;
	struct wheel *wheel = new_wheel();
	struct wheel_timer timers[10] = {0};
	for (int i = 0; i < 10; i++)
		wheel_set(wheel, &timers[i], (6 + i * 10) * SECOND_US);
	wheel_sweep(wheel, 86400 * SECOND_US, fired, NULL);
	assert_int_equal(fired_count, 10);
}

static void a_cleared_deadline_does_not_fire(void **state)
{
	(void)state;
	struct wheel *wheel = new_wheel();
	struct wheel_timer timer = {0};
	wheel_set(wheel, &timer, 6 * SECOND_US);
	wheel_clear(&timer);
	wheel_clear(&timer);
	assert_int_equal(fires_at(wheel, 5 * SECOND_US, 9 * SECOND_US), -1);
}

static bool take_any(const struct wheel_timer *timer)
{
	(void)timer;
	return true;
}

static void the_earliest_is_found_first(void **state)
{
	(void)state;
	struct wheel *wheel = new_wheel();
	struct wheel_timer late = {0}, early = {0};
	assert_null(wheel_find(wheel, 10, take_any));
	wheel_set(wheel, &late, 30 * SECOND_US);
	wheel_set(wheel, &early, 20 * SECOND_US);
	assert_ptr_equal(wheel_find(wheel, 10, take_any), &early);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deadline_fires_once_never_early_and_at_most_a_turn_late),
		cmocka_unit_test(a_deadline_moved_later_does_not_fire_before),
		cmocka_unit_test(a_deadline_moved_earlier_fires_then),
		cmocka_unit_test(a_deadline_beyond_the_horizon_fires_in_its_time),
		cmocka_unit_test(a_process_that_stood_still_for_long_fires_everything),
		cmocka_unit_test(a_cleared_deadline_does_not_fire),
		cmocka_unit_test(the_earliest_is_found_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
