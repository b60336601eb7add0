/* What the page remembers: the warden's document is taken every second, and of an hour how many answers left in
 * each, by what they said; so that it shows more than a moment though nobody else keeps it. Bounded, and
 * gone with the process. */
#pragma once

#include "base/result.h"
#include "tool/figures.h"

#define HOUR_SECONDS 3600
#define HOUR_MINUTES (HOUR_SECONDS / 60)

struct hour;

must_check int hour_new(struct hour **ret);
void hour_free(struct hour *hour);
DEFINE_CLEANUP(struct hour, hour_free)

/* A document; keeps a reference. */
void hour_take(struct hour *hour, struct json_object *document, struct moment now);
/* The latest; NULL: none yet. */
struct json_object *hour_document(const struct hour *hour);

/* Answers from `from` (seconds of the monotonic clock) on, up to `to` and without it. */
struct hour_counts {
	uint64_t answers[FIGURE_ANSWERS], hits;
	unsigned seconds; /* of these, as far as anything was noted */
};
struct hour_counts hour_between(const struct hour *hour, int64_t from, int64_t to);
/* Within which time this share took place, of the last minutes (1 … HOUR_MINUTES) or as far as it is
 * known; -1: not known. */
int64_t hour_percentile(const struct hour *hour, unsigned minutes, enum figure_time time,
			double share);
