/* Worlds from their first event to their last. */
#pragma once

#include "events.h"

struct outcome {
	char broken[400], invariant[16]; /* empty: everything held */
	uint64_t hash, answers, events;
};

/* A list of events, as it happened or as it is to happen. */
struct history {
	uint64_t seed;
	struct event *each;
	size_t count, room;
};

void history_add(struct history *h, const struct event *event);
/* The world of a seed, without events of these names (may be NULL); `ret`: may be NULL. */
struct outcome run_seed(uint64_t seed, const char *without, bool verbose, struct history *ret);
struct outcome run_history(const struct history *h, bool verbose);
/* Leaves out events as long as the same invariant is broken. */
void history_minimise(struct history *h, const char *invariant);
/* 0 or -errno; says what is wrong. */
must_check int history_load(const char *path, struct history *ret);
void history_write(FILE *file, const struct history *h);
