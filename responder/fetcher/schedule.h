/* When something is asked for again: half of what is left until its next issue is due, so that the moment is come
 * near to and never asked about in a rush; after failures less and less often. With chance, so that many
 * instances do not ask one server at the same time. Pure. */
#pragma once

#include <stdint.h>

struct schedule {
	int64_t least_us, most_us; /* no pause is shorter, and none before chance is longer */
};

/* After `failures` in a row. `chance` is any number. */
int64_t schedule_after_failure(const struct schedule *schedule, unsigned failures, uint32_t chance);
/* After it came, with `left_us` until the next is due, which may be past: `overdue` times, then, it was asked for in
 * vain. INT64_MAX: nobody knows when it is due. */
int64_t schedule_after_success(const struct schedule *schedule, int64_t left_us, unsigned overdue,
			       uint32_t chance);
