#include "warden/backoff.h"

#include "base/clock.h"

#define BACKOFF_LEAST (100 * MILLISECOND_US)
#define BACKOFF_MOST (10 * SECOND_US)
#define BACKOFF_FORGOTTEN (30 * SECOND_US)

int64_t backoff_after(struct backoff *backoff, int64_t lived_us)
{
	if (lived_us >= BACKOFF_FORGOTTEN)
		backoff->next_us = 0;
	int64_t delay = backoff->next_us;
	backoff->next_us = delay ? delay * 2 : BACKOFF_LEAST;
	if (backoff->next_us > BACKOFF_MOST)
		backoff->next_us = BACKOFF_MOST;
	return delay;
}
