#include "warden/watchdog.h"

#include "warden/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* A positive number, or 0. */
static int64_t number_of(const char *name)
{
	const char *text = getenv(name);
	char *end;
	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	return errno || *end ? 0 : value;
}

struct watchdog watchdog_of_environment(void)
{
	const char *pid = getenv("WATCHDOG_PID");
	struct watchdog watchdog = {0};
	/* Three times within its patience, so that one that comes late is not missed. */
	if (!pid || number_of("WATCHDOG_PID") == getpid())
		watchdog.every_us = number_of("WATCHDOG_USEC") / 3;
	return watchdog;
}

void watchdog_feed(struct watchdog *watchdog, int64_t now_us)
{
	if (watchdog->every_us == 0 || now_us < watchdog->next_us)
		return;
	watchdog->next_us = now_us + watchdog->every_us;
	notify("WATCHDOG=1");
}
