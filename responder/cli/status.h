/* `status` in parts: asking again and again, and the text of what was said. */
#pragma once

#include "tool/figures.h"

#include <stdio.h>

/* What came in the last so many seconds. */
struct status_span {
	double seconds;
	struct figures figures;
};
#define STATUS_SPANS 3

struct status_view {
	bool verbose; /* every room's own figures, too */
	const struct figures_feed *feed;
	unsigned span_count; /* the shortest first; 0: nothing is known yet */
	struct status_span spans[STATUS_SPANS];
};

void status_print(FILE *out, struct json_object *document, const struct status_view *view);
/* Its part of the fetcher; nothing where there is none: status_fetching.c */
void status_fetching_print(FILE *out, struct json_object *rooms);

/* The documents of the last minute. */
#define STATUS_SAMPLES 128u
struct status_samples {
	struct figures_feed feed;
	unsigned count, next; /* a ring */
	struct {
		int64_t mono_us;
		struct figures total;
	} all[STATUS_SAMPLES];
};
void status_samples_take(struct status_samples *samples, struct json_object *document,
			 int64_t mono_us);
/* Over the last 1, 10 and 60 seconds, or as far as there is something to compare with. */
void status_samples_view(const struct status_samples *samples, struct status_view *ret);
