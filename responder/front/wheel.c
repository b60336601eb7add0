#include "front/wheel.h"

static int64_t turn_of(int64_t us)
{
	return us / WHEEL_TURN_US;
}

void wheel_init(struct wheel *wheel, int64_t now_us)
{
	wheel->now = turn_of(now_us);
	for (unsigned i = 0; i < WHEEL_SLOTS; i++)
		LIST_INIT(&wheel->slots[i]);
}

/* The turn after the deadline's own, so that it has passed for certain when the turn is swept; what
 * lies beyond the horizon waits in the last slot and is looked at again. */
static int64_t slot_for(const struct wheel *wheel, int64_t deadline_us)
{
	int64_t slot = turn_of(deadline_us) + 1;
	if (slot <= wheel->now)
		slot = wheel->now + 1;
	if (slot >= wheel->now + (int64_t)WHEEL_SLOTS)
		slot = wheel->now + (int64_t)WHEEL_SLOTS - 1;
	return slot;
}

static void enter(struct wheel *wheel, struct wheel_timer *timer)
{
	timer->slot = slot_for(wheel, timer->deadline_us);
	LIST_INSERT_HEAD(&wheel->slots[timer->slot % WHEEL_SLOTS], timer, in_slot);
}

void wheel_set(struct wheel *wheel, struct wheel_timer *timer, int64_t deadline_us)
{
	timer->deadline_us = deadline_us;
	if (timer->slot && turn_of(deadline_us) + 1 >= timer->slot)
		return;
	wheel_clear(timer);
	enter(wheel, timer);
}

void wheel_clear(struct wheel_timer *timer)
{
	if (timer->slot)
		LIST_REMOVE(timer, in_slot);
	timer->slot = 0;
}

static void sweep_slot(struct wheel *wheel, int64_t now_us,
		       void (*fired)(void *context, struct wheel_timer *timer), void *context)
{
	/* Whatever enters again during the sweep enters a later slot, so this comes to an end. */
	struct wheel_timer *timer;
	while ((timer = LIST_FIRST(&wheel->slots[wheel->now % WHEEL_SLOTS]))) {
		wheel_clear(timer);
		if (timer->deadline_us > now_us)
			enter(wheel, timer);
		else
			fired(context, timer);
	}
}

void wheel_sweep(struct wheel *wheel, int64_t now_us,
		 void (*fired)(void *context, struct wheel_timer *timer), void *context)
{
	int64_t until = turn_of(now_us);
	/* After a long stop one round sees every slot. */
	if (until - wheel->now > (int64_t)WHEEL_SLOTS)
		wheel->now = until - (int64_t)WHEEL_SLOTS;
	while (wheel->now < until) {
		wheel->now++;
		sweep_slot(wheel, now_us, fired, context);
	}
}

struct wheel_timer *wheel_find(struct wheel *wheel, unsigned most,
			       bool (*take)(const struct wheel_timer *timer))
{
	for (int64_t turn = wheel->now + 1; turn < wheel->now + (int64_t)WHEEL_SLOTS; turn++) {
		struct wheel_timer *timer;
		LIST_FOREACH(timer, &wheel->slots[turn % WHEEL_SLOTS], in_slot) {
			if (take(timer))
				return timer;
			if (--most == 0)
				return NULL;
		}
	}
	return NULL;
}
