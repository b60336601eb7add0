/* Does a room's loop turn? Each says so every BEAT_US (CONTROL_BEAT), and one that is silent for too long hangs,
 * whichever way: stopped, looping, blocked in a system call.
 *
 * What must not look like hanging (doc/faults.md rows 29, 49):
 *   the machine slept, all of us were stopped, or the warden itself came late: silence is counted in the
 *   warden's own looks, each for no more than it should have taken;
 *   the room wants to turn and cannot: it waited for a processor for most of the time, or for memory to be read
 *   back from a disk. It gets three times as long, no more: what loops for ever looks alike there. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PULSE_LOOK_US (INT64_C(250) * 1000)
/* Of a room that says nothing else. With the look and a start it is replaced within five seconds. */
#define PULSE_PATIENCE_US (INT64_C(3) * 1000000)
/* Three beats were missed: nobody would say any more that it turns. */
#define PULSE_DOUBT_US (INT64_C(1500) * 1000)

/* What the kernel says of a process; only differences mean something. */
struct pulse_progress {
	uint64_t waited_ns; /* for a processor */
	uint64_t faults; /* pages that were read from a disk */
};

struct pulse {
	int64_t silent_us;
	bool begun; /* `since` was looked at, at `since_us` of silence */
	unsigned excuses;
	int64_t since_us;
	struct pulse_progress since;
};

/* How much of the time since the last look counts. 0 as `before_us`: there was none. */
int64_t pulse_elapsed(int64_t before_us, int64_t now_us);
/* It was heard of. */
void pulse_beat(struct pulse *pulse);
/* Counts `elapsed_us` more of silence. True: it hangs. */
bool pulse_hangs(struct pulse *pulse, pid_t pid, int64_t patience_us, int64_t elapsed_us);

/* Between the two, over so long a time: was it kept from turning? */
bool pulse_is_starved(const struct pulse_progress *before, const struct pulse_progress *after,
		      int64_t time_us);
/* All 0 where the kernel does not say. */
struct pulse_progress pulse_look(pid_t pid);
