/* The service manager's watchdog (WatchdogSec= in the unit): it is told again and again that all is well, and
 * starts the whole service anew when it is not told any more. */
#pragma once

#include <stdint.h>

struct watchdog {
	int64_t every_us; /* 0: nobody asks for it */
	int64_t next_us; /* monotonic */
};

/* From the environment, as the service manager set it: WATCHDOG_USEC, and WATCHDOG_PID if it is meant for
 * one process. */
struct watchdog watchdog_of_environment(void);
/* All is well now. */
void watchdog_feed(struct watchdog *watchdog, int64_t now_us);
