/* The two clocks. Order and deadlines use the monotonic one, which all processes of a machine
 * share; what is printed into answers uses the wall clock. Pure code takes a struct moment as an
 * argument, so that tests can run a day in a millisecond. All units are microseconds. */
#pragma once

#include <stdint.h>

#define SECOND_US INT64_C(1000000)
#define MILLISECOND_US INT64_C(1000)

struct moment {
	int64_t wall_us; /* since 1970-01-01T00:00:00Z */
	int64_t mono_us; /* CLOCK_BOOTTIME: goes on while the machine sleeps */
};

struct moment clock_now(void);
/* Of a processor, that this thread has used; only differences mean something. */
int64_t clock_used_us(void);

/* Seconds since 1970, rounded down (also before 1970). */
int64_t wall_seconds(int64_t wall_us);
