#include "base/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec now;
	(void)clock_gettime(id, &now); /* fails only for a clock that there is not */
	return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

struct moment clock_now(void)
{
	return (struct moment){
		.wall_us = read_clock(CLOCK_REALTIME),
		.mono_us = read_clock(CLOCK_BOOTTIME),
	};
}

int64_t clock_used_us(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

int64_t wall_seconds(int64_t wall_us)
{
	return wall_us / SECOND_US - (wall_us % SECOND_US < 0);
}
