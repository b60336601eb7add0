/* Whose turn it is (room/priority.h). */
#include "unit.h"

#include "room/priority.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ATTRIBUTES 56 /* octets, of which the runtime is at 24 */

static uint64_t turn_ns(void)
{
	uint8_t attributes[ATTRIBUTES] = {0};
	uint64_t runtime;
	assert_int_equal(syscall(SYS_sched_getattr, 0, attributes, sizeof(attributes), 0), 0);
	memcpy(&runtime, attributes + 24, sizeof(runtime));
	return runtime;
}

static bool kernel_has_turns(void)
{
	struct utsname name;
	char *rest;
	assert_int_equal(uname(&name), 0);
	long major = strtol(name.release, &rest, 10);
	long minor = *rest == '.' ? strtol(rest + 1, NULL, 10) : 0;
	return major > 6 || (major == 6 && minor >= 12);
}

static void turns_are_short_and_the_niceness_stays(void **state)
{
	(void)state;
	priority_yield(3);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), 3);
	priority_prompt();
	assert_int_equal(getpriority(PRIO_PROCESS, 0), 3);
	if (!kernel_has_turns())
		skip();
	assert_int_equal(turn_ns(), 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_are_short_and_the_niceness_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
