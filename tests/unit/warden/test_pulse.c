/* Who hangs, and who was only kept from turning (doc/faults.md rows 29, 44, 49). */
#include "unit.h"

#include "warden/pulse.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define LOOK PULSE_LOOK_US
#define SECOND INT64_C(1000000)

/* A process that does nothing, so that nothing excuses it. */
static pid_t sleeper(void)
{
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			(void)pause();
	return pid;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void silence_counts_until_it_is_heard_again(void **state)
{
	(void)state;
	pid_t pid = sleeper();
	struct pulse pulse = {0};
	for (int64_t us = 0; us < 2 * SECOND; us += LOOK)
		assert_false(pulse_hangs(&pulse, pid, 3 * SECOND, LOOK));
	pulse_beat(&pulse);
	for (int64_t us = LOOK; us < 3 * SECOND; us += LOOK)
		assert_false(pulse_hangs(&pulse, pid, 3 * SECOND, LOOK));
	assert_true(pulse_hangs(&pulse, pid, 3 * SECOND, LOOK));
	end(pid);
}

static void one_look_counts_no_longer_than_it_should_take(void **state)
{
	(void)state;
	assert_int_equal(pulse_elapsed(0, 3600 * SECOND), 0);
	assert_int_equal(pulse_elapsed(SECOND, SECOND + LOOK), LOOK);
	assert_int_equal(pulse_elapsed(SECOND, 3601 * SECOND), 2 * LOOK);
}

static void who_waits_for_a_processor_or_for_memory_is_starved(void **state)
{
	(void)state;
	const struct pulse_progress before = {.waited_ns = 5000, .faults = 7};
	struct pulse_progress after = before;
	assert_false(pulse_is_starved(&before, &after, 2 * SECOND));
	after.waited_ns += 900 * 1000000;
	assert_false(pulse_is_starved(&before, &after, 2 * SECOND));
	after.waited_ns += 200 * 1000000;
	assert_true(pulse_is_starved(&before, &after, 2 * SECOND));
	after = before;
	after.faults += 31;
	assert_false(pulse_is_starved(&before, &after, 2 * SECOND));
	after.faults++;
	assert_true(pulse_is_starved(&before, &after, 2 * SECOND));
}

/* Counters that have gone back would have to be 2^63 apart; nobody is excused for ever. */
static void an_excuse_does_not_last_for_ever(void **state)
{
	(void)state;
	struct pulse pulse = {0};
	pid_t pid = sleeper();
	int64_t silent = 0;
	do {
		/* As if it had waited all the time since we looked. */
		if (pulse.begun)
			pulse.since.waited_ns -= (uint64_t)LOOK * 1000;
		silent += LOOK;
	} while (!pulse_hangs(&pulse, pid, 3 * SECOND, LOOK) && silent < 60 * SECOND);
	assert_int_equal(silent, 9 * SECOND);
	end(pid);
}

static void the_kernel_says_what_a_process_waited_for(void **state)
{
	(void)state;
	const struct pulse_progress nobody = pulse_look(0);
	assert_int_equal(nobody.waited_ns, 0);
	assert_int_equal(nobody.faults, 0);

	struct rusage before, after;
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	const struct pulse_progress self = pulse_look(getpid());
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_in_range(self.faults, before.ru_majflt, after.ru_majflt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_counts_until_it_is_heard_again),
		cmocka_unit_test(one_look_counts_no_longer_than_it_should_take),
		cmocka_unit_test(who_waits_for_a_processor_or_for_memory_is_starved),
		cmocka_unit_test(an_excuse_does_not_last_for_ever),
		cmocka_unit_test(the_kernel_says_what_a_process_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
