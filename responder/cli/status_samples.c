#include "cli/status.h"

#include "base/compiler.h"

void status_samples_take(struct status_samples *samples, struct json_object *document,
			 int64_t mono_us)
{
	figures_feed_take(&samples->feed, document);
	samples->all[samples->next].mono_us = mono_us;
	samples->all[samples->next].total = samples->feed.total;
	samples->next = (samples->next + 1) % STATUS_SAMPLES;
	samples->count += samples->count < STATUS_SAMPLES;
}

/* `back` 0: the latest. */
static unsigned place_of(const struct status_samples *samples, unsigned back)
{
	return (samples->next + STATUS_SAMPLES - 1 - back) % STATUS_SAMPLES;
}

/* The span to the latest sample that is as old as this; else to the oldest. A little less counts, because
 * nobody wakes up in time. */
static bool span_of(const struct status_samples *samples, int64_t us, struct status_span *ret)
{
	unsigned latest = place_of(samples, 0), then = latest;
	int64_t age = 0;
	for (unsigned back = 1; back < samples->count && age < us - us / 20; back++) {
		then = place_of(samples, back);
		age = samples->all[latest].mono_us - samples->all[then].mono_us;
	}
	if (age <= 0)
		return false;
	ret->seconds = (double)age / (double)SECOND_US;
	ret->figures = figures_between(&samples->all[then].total, &samples->all[latest].total);
	return true;
}

void status_samples_view(const struct status_samples *samples, struct status_view *ret)
{
	static const int64_t spans_us[STATUS_SPANS] = {SECOND_US, 10 * SECOND_US, 60 * SECOND_US};
	ret->feed = &samples->feed;
	ret->span_count = 0;
	for (unsigned i = 0; samples->count > 0 && i < STATUS_SPANS; i++) {
		struct status_span span;
		bool more = span_of(samples, spans_us[i], &span);
		if (more && (ret->span_count == 0 ||
			     span.seconds > ret->spans[ret->span_count - 1].seconds))
			ret->spans[ret->span_count++] = span;
	}
}
