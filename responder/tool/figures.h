/* What a running instance does, out of the documents of `status` as they come: sums over its rooms that go on
 * rising when a room is started anew, and from two of them rates and percentiles. */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"

#include <json-c/json.h>

/* Answers by what they said; "other" is every error but tryLater. */
enum figure_answer { FIGURE_GOOD, FIGURE_REVOKED, FIGURE_UNKNOWN, FIGURE_TRY_LATER, FIGURE_OTHER };
#define FIGURE_ANSWERS 5
const char *figure_answer_name(enum figure_answer answer);

/* Times that rooms measure as histograms (base/histogram.h): of answers that no memory had, of lookups, of
 * signatures. */
enum figure_time { FIGURE_LIVE, FIGURE_LOOKUP, FIGURE_SIGNING };
#define FIGURE_TIMES 3
#define FIGURE_STEPS 24u /* of a histogram, at most */

struct figures {
	uint64_t answers[FIGURE_ANSWERS];
	uint64_t hits, requests, signatures, lookups; /* hits: of the answers, from memory */
	uint64_t times[FIGURE_TIMES][FIGURE_STEPS];
};

struct figures_room;
struct figures_feed {
	unsigned count;
	struct figures_room *rooms; /* as they were in the document before */
	struct figures total; /* since the first document, which counts as the beginning */
	unsigned steps; /* of the histograms, the last one without an upper bound */
	int64_t bounds_us[FIGURE_STEPS];
};

void figures_feed_deinit(struct figures_feed *feed);
/* Takes a document; what it does not have, or says otherwise than it should, counts as nothing. */
void figures_feed_take(struct figures_feed *feed, struct json_object *document);

uint64_t figures_answers(const struct figures *figures);
/* What came between two. */
struct figures figures_between(const struct figures *before, const struct figures *now);
/* The time within which this share (0 … 1) of what was measured took place, in microseconds; -1: nothing was
 * measured. Between the bounds of a step it is taken as even; beyond the last it is the last. */
int64_t figures_percentile(const struct figures_feed *feed, const struct figures *figures,
			   enum figure_time time, double share);
