/* What happens in the world of a seed: events by chance, with probabilities that the seed draws too, so that
 * some worlds have only one kind of fault and some have many. */
#pragma once

#include "events.h"

struct plan {
	struct chance chance;
	unsigned weights[EVENT_KINDS], total;
	unsigned steps;
};

/* `without`: names of events that never come, NULL: none. */
void plan_make(struct plan *p, uint64_t seed, const char *without);
/* The next event; the world is looked at only for what there is. */
struct event plan_next(struct plan *p, const struct world *w);
