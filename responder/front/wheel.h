/* Absolute deadlines for many connections at hardly any cost (P-47).
 *
 * A wheel of slots, WHEEL_TURN_US each. Moving a deadline later only writes it down: the timer stays in
 * its slot and is looked at again when that comes round. So a busy connection, whose idle deadline
 * moves with every request, costs one store a request. A deadline fires at most one turn late. */
#pragma once

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#define WHEEL_SLOTS 1024u
#define WHEEL_TURN_US (100 * MILLISECOND_US)

/* Lives in its owner; zero-initialised it is not set. */
struct wheel_timer {
	LIST_ENTRY(wheel_timer) in_slot;
	int64_t deadline_us; /* monotonic */
	int64_t slot; /* where it stands, counted in turns since the clock's start; 0: nowhere */
};

struct wheel {
	int64_t now; /* the turn that was swept last */
	LIST_HEAD(, wheel_timer) slots[WHEEL_SLOTS];
};

void wheel_init(struct wheel *wheel, int64_t now_us);
void wheel_set(struct wheel *wheel, struct wheel_timer *timer, int64_t deadline_us);
void wheel_clear(struct wheel_timer *timer);
/* Calls `fired` for every timer whose deadline has passed; it is no longer set then, and the call may
 * set or clear any timer. */
void wheel_sweep(struct wheel *wheel, int64_t now_us,
		 void (*fired)(void *context, struct wheel_timer *timer), void *context);
/* Offers timers roughly by deadline, the earliest first, until `take` says true or `most` were
 * offered. Gives the taken one or NULL. */
struct wheel_timer *wheel_find(struct wheel *wheel, unsigned most,
			       bool (*take)(const struct wheel_timer *timer));
