#include "admin/hour.h"

#include <stdlib.h>

struct second {
	int64_t number; /* of the monotonic clock; 0: nothing was noted */
	uint32_t answers[FIGURE_ANSWERS], hits;
};

struct hour {
	struct json_object *document;
	struct figures_feed feed;
	struct figures before;
	struct second seconds[HOUR_SECONDS]; /* by number */
	/* How it stood at the ends of minutes. */
	unsigned minute_count, minute_next;
	int64_t minute; /* the latest */
	struct figures minutes[HOUR_MINUTES + 1];
};

int hour_new(struct hour **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void hour_free(struct hour *hour)
{
	if (!hour)
		return;
	json_object_put(hour->document);
	figures_feed_deinit(&hour->feed);
	free(hour);
}

static void note_second(struct hour *h, int64_t number)
{
	struct second *second = &h->seconds[number % HOUR_SECONDS];
	struct figures came = figures_between(&h->before, &h->feed.total);
	if (second->number != number)
		*second = (struct second){.number = number};
	for (unsigned i = 0; i < FIGURE_ANSWERS; i++)
		second->answers[i] += (uint32_t)came.answers[i];
	second->hits += (uint32_t)came.hits;
	h->before = h->feed.total;
}

static void note_minute(struct hour *h, int64_t minute)
{
	if (minute == h->minute && h->minute_count > 0)
		return;
	h->minute = minute;
	h->minutes[h->minute_next] = h->feed.total;
	h->minute_next = (h->minute_next + 1) % (HOUR_MINUTES + 1);
	h->minute_count += h->minute_count <= HOUR_MINUTES;
}

void hour_take(struct hour *h, struct json_object *document, struct moment now)
{
	json_object_put(h->document);
	h->document = json_object_get(document);
	figures_feed_take(&h->feed, document);
	note_second(h, now.mono_us / SECOND_US);
	note_minute(h, now.mono_us / (60 * SECOND_US));
}

struct json_object *hour_document(const struct hour *h)
{
	return h->document;
}

struct hour_counts hour_between(const struct hour *h, int64_t from, int64_t to)
{
	struct hour_counts sum = {0};
	for (int64_t number = from; number < to; number++) {
		const struct second *second = &h->seconds[number % HOUR_SECONDS];
		if (number <= 0 || second->number != number)
			continue;
		for (unsigned i = 0; i < FIGURE_ANSWERS; i++)
			sum.answers[i] += second->answers[i];
		sum.hits += second->hits;
		sum.seconds++;
	}
	return sum;
}

int64_t hour_percentile(const struct hour *h, unsigned minutes, enum figure_time time, double share)
{
	/* The latest end of a minute is 1 back, a moment ago; a whole minute ends at 2. */
	unsigned back = minutes < h->minute_count ? minutes + 1 : h->minute_count;
	if (back == 0)
		return -1;
	unsigned place = (h->minute_next + HOUR_MINUTES + 1 - back) % (HOUR_MINUTES + 1);
	struct figures came = figures_between(&h->minutes[place], &h->feed.total);
	return figures_percentile(&h->feed, &came, time, share);
}
