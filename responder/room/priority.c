#include "room/priority.h"

#include "base/compiler.h"

#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The shortest that Linux grants. */
#define SHORT_TURN_NS 100000u

/* As the kernel has it; not every C library of Debian knows the call. */
struct turns {
	uint32_t size;
	uint32_t policy; /* SCHED_OTHER */
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime; /* of SCHED_OTHER: a turn, in nanoseconds */
	uint64_t deadline, period;
};

void priority_yield(int niceness)
{
	(void)setpriority(PRIO_PROCESS, 0, niceness);
}

void priority_prompt(void)
{
	const struct turns turns = {
		.size = sizeof(turns),
		.nice = getpriority(PRIO_PROCESS, 0),
		.runtime = SHORT_TURN_NS,
	};
	(void)syscall(SYS_sched_setattr, 0, &turns, 0u);
}
