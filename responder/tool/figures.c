#include "tool/figures.h"

#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More rooms than any instance has. */
#define ROOMS_MOST 256u

struct figures_room {
	char name[32];
	int64_t pid;
	bool seen; /* in the present document */
	struct figures last;
};

const char *figure_answer_name(enum figure_answer answer)
{
	static const char *const names[FIGURE_ANSWERS] = {
		[FIGURE_GOOD] = "good",          [FIGURE_REVOKED] = "revoked",
		[FIGURE_UNKNOWN] = "unknown",    [FIGURE_TRY_LATER] = "tryLater",
		[FIGURE_OTHER] = "other errors",
	};
	return names[answer];
}

void figures_feed_deinit(struct figures_feed *feed)
{
	free(feed->rooms);
	*feed = (struct figures_feed){0};
}

/* ---- reading ---- */

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;
	if (json_object_is_type(object, json_type_object))
		(void)json_object_object_get_ex(object, name, &value);
	return value;
}

static struct json_object *list(struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name);
	return json_object_is_type(value, json_type_array) ? value : NULL;
}

static uint64_t number(struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name);
	int64_t n = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : 0;
	return n > 0 ? (uint64_t)n : 0;
}

static bool has_text(struct json_object *object, const char *name, const char *text)
{
	struct json_object *value = member(object, name);
	return json_object_is_type(value, json_type_string) &&
	       strcmp(json_object_get_string(value), text) == 0;
}

static enum figure_answer answer_of(struct json_object *entry)
{
	for (unsigned i = 0; i < FIGURE_OTHER; i++)
		if (has_text(entry, "status", figure_answer_name((enum figure_answer)i)))
			return (enum figure_answer)i;
	return FIGURE_OTHER;
}

static void read_answers(struct json_object *status, struct figures *ret)
{
	struct json_object *answers = list(status, "answers");
	for (size_t i = 0; answers && i < json_object_array_length(answers); i++) {
		struct json_object *entry = json_object_array_get_idx(answers, i);
		ret->answers[answer_of(entry)] += number(entry, "count");
		ret->hits += has_text(entry, "cause", "hit") ? number(entry, "count") : 0;
	}
}

/* The bounds are the same in all rooms. */
static void read_time(struct figures_feed *feed, struct json_object *status, const char *name,
		      uint64_t ret[static FIGURE_STEPS])
{
	struct json_object *histogram = member(status, name);
	struct json_object *bounds = list(histogram, "bounds_us"),
			   *counts = list(histogram, "counts");
	size_t steps = counts ? json_object_array_length(counts) : 0;
	if (!bounds || steps == 0 || steps > FIGURE_STEPS ||
	    json_object_array_length(bounds) != steps - 1)
		return;
	feed->steps = (unsigned)steps;
	for (size_t i = 0; i < steps; i++) {
		int64_t count = json_object_get_int64(json_object_array_get_idx(counts, i));
		ret[i] = count > 0 ? (uint64_t)count : 0;
		if (i + 1 < steps)
			feed->bounds_us[i] =
				json_object_get_int64(json_object_array_get_idx(bounds, i));
	}
}

static struct figures read_room(struct figures_feed *feed, const char *name,
				struct json_object *status)
{
	struct figures figures = {0};
	if (strncmp(name, "front", 5) == 0) {
		figures.requests = number(status, "requests");
		read_answers(status, &figures);
		read_time(feed, status, "waits", figures.times[FIGURE_LIVE]);
	} else if (strcmp(name, "ledger") == 0) {
		figures.signatures = number(status, "signatures");
		figures.lookups = number(status, "lookups");
		read_time(feed, status, "lookup_times", figures.times[FIGURE_LOOKUP]);
		read_time(feed, status, "signing_times", figures.times[FIGURE_SIGNING]);
	}
	return figures;
}

/* ---- adding up: a struct figures is nothing but counts ---- */

#define COUNTS (sizeof(struct figures) / sizeof(uint64_t))
_Static_assert(sizeof(struct figures) % sizeof(uint64_t) == 0, "counts only");

static uint64_t *counts_of(struct figures *figures)
{
	return (uint64_t *)(void *)figures;
}

/* What has come since; where a count went back, all of it has. */
static void add_since(struct figures *total, struct figures *before, struct figures *now)
{
	uint64_t *sum = counts_of(total), *was = counts_of(before), *is = counts_of(now);
	for (size_t i = 0; i < COUNTS; i++)
		sum[i] += is[i] >= was[i] ? is[i] - was[i] : is[i];
}

struct figures figures_between(const struct figures *before, const struct figures *now)
{
	struct figures was = *before, is = *now, between = {0};
	add_since(&between, &was, &is);
	return between;
}

uint64_t figures_answers(const struct figures *figures)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < FIGURE_ANSWERS; i++)
		sum += figures->answers[i];
	return sum;
}

/* ---- documents ---- */

static struct figures_room *room_named(struct figures_feed *feed, const char *name)
{
	for (unsigned i = 0; i < feed->count; i++)
		if (strcmp(feed->rooms[i].name, name) == 0)
			return &feed->rooms[i];
	if (feed->count == ROOMS_MOST)
		return NULL;
	if (!feed->rooms)
		feed->rooms = calloc(ROOMS_MOST, sizeof(*feed->rooms));
	if (!feed->rooms)
		return NULL;
	struct figures_room *room = &feed->rooms[feed->count++];
	(void)snprintf(room->name, sizeof(room->name), "%s", name);
	return room;
}

static void take_room(struct figures_feed *feed, struct json_object *object)
{
	const char *name = json_object_get_string(member(object, "name"));
	struct json_object *answered = member(object, "answered");
	struct figures_room *room = name ? room_named(feed, name) : NULL;
	if (!room || !json_object_get_boolean(answered))
		return;
	struct figures now = read_room(feed, name, member(object, "status")), none = {0};
	int64_t pid = (int64_t)number(object, "pid");
	if (room->seen && room->pid == pid)
		add_since(&feed->total, &room->last, &now);
	else if (room->seen) /* another process, which began at nothing */
		add_since(&feed->total, &none, &now);
	room->seen = true;
	room->pid = pid;
	room->last = now;
}

void figures_feed_take(struct figures_feed *feed, struct json_object *document)
{
	struct json_object *rooms = list(document, "rooms");
	for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++)
		take_room(feed, json_object_array_get_idx(rooms, i));
}

/* ---- percentiles ---- */

int64_t figures_percentile(const struct figures_feed *feed, const struct figures *figures,
			   enum figure_time time, double share)
{
	const uint64_t *steps = figures->times[time];
	uint64_t all = 0, before = 0;
	for (unsigned i = 0; i < feed->steps; i++)
		all += steps[i];
	double rank = share * (double)all;
	for (unsigned i = 0; all > 0 && i + 1 < feed->steps; i++) {
		double low = i ? (double)feed->bounds_us[i - 1] : 0;
		if (steps[i] > 0 && (double)(before + steps[i]) >= rank)
			return (int64_t)(low +
					 ((double)feed->bounds_us[i] - low) *
						 ((rank - (double)before) / (double)steps[i]));
		before += steps[i];
	}
	return all > 0 && feed->steps > 1 ? feed->bounds_us[feed->steps - 2] : -1;
}
