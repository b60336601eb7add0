#include "fetcher/schedule.h"

/* A part of the pause, up to this many hundredths, is chance. */
#define CHANCE 20

static int64_t share(int64_t pause_us, uint32_t chance)
{
	return pause_us / 100 * (chance % (CHANCE + 1));
}

int64_t schedule_after_failure(const struct schedule *schedule, unsigned failures, uint32_t chance)
{
	int64_t pause_us = schedule->least_us;
	for (unsigned i = 1; i < failures && pause_us < schedule->most_us; i++)
		pause_us *= 2;
	if (pause_us > schedule->most_us && schedule->most_us >= schedule->least_us)
		pause_us = schedule->most_us;
	return pause_us + share(pause_us, chance);
}

int64_t schedule_after_success(const struct schedule *schedule, int64_t left_us, unsigned overdue,
			       uint32_t chance)
{
	if (left_us <= 0)
		return schedule_after_failure(schedule, overdue, chance);
	int64_t pause_us = left_us / 2;
	if (pause_us > schedule->most_us)
		pause_us = schedule->most_us;
	pause_us -= share(pause_us, chance);
	return pause_us < schedule->least_us ? schedule->least_us : pause_us;
}
