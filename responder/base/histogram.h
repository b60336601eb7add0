/* How long something took, counted in steps that grow: what percentiles are read from. Pure. */
#pragma once

#include "base/bytes.h"

/* Upper bounds in microseconds, and one count for what is longer. */
#define HISTOGRAM_BOUNDS 15u

/* Zero-initialised it is empty. */
struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS + 1];
	uint64_t sum_us;
};

/* A clock that went back counts as no time. */
void histogram_add(struct histogram *h, int64_t us);
/* Appends `,"name":{"bounds_us":[…],"counts":[…],"sum_us":…}`: counts of each step, not yet summed up. */
void histogram_put_json(const struct histogram *h, const char *name, struct buffer *out);
