/* How long a room that died waits until it is started again: not at all the first time, then 100 ms,
 * doubling to 10 s; one that lived for 30 s starts over. */
#pragma once

#include <stdint.h>

struct backoff {
	int64_t next_us; /* 0: at once */
};

/* The delay before the next start of what lived for `lived_us`. */
int64_t backoff_after(struct backoff *backoff, int64_t lived_us);
