#include "fetcher/report.h"

#include "base/json.h"
#include "base/timetext.h"

#include <stdio.h>

/* Half of what fits; alarms have the other. */
#define SOURCES_SPACE (CONTROL_PACKET / 2)

/* ---- alarms: one of each kind an issuer ---- */

static const struct source *first_that(const struct source_list *sources, const char *issuer,
				       bool (*is)(const struct source *))
{
	const struct source *s;
	TAILQ_FOREACH(s, sources, others)
		if (strcmp(s->issuer, issuer) == 0 && is(s))
			break;
	return s;
}

static bool fails(const struct source *s)
{
	return s->failures > 0;
}

static bool differs(const struct source *s)
{
	return s->differs;
}

static bool ends(const struct source *s)
{
	return s->validity == VALIDITY_ENDING;
}

static bool has_lapsed(const struct source *s)
{
	return s->validity == VALIDITY_LAPSED;
}

static void alarm_validity(const struct source_list *sources, struct alarms *alarms,
			   const char *issuer, struct moment now)
{
	const struct source *ending = first_that(sources, issuer, ends);
	const struct source *lapsed = first_that(sources, issuer, has_lapsed);
	char until[ISO_TIME_SIZE + 1] = "";
	if (ending) {
		time_put_iso(until, ending->times.next_update);
		alarms_raise(alarms, ALARM_CRL_DUE, issuer, now,
			     "%.250s: it ends at %s and the next one is not recorded", ending->url,
			     until);
	} else {
		alarms_clear(alarms, ALARM_CRL_DUE, issuer);
	}
	if (lapsed) {
		time_put_iso(until, lapsed->times.next_update);
		alarms_raise(alarms, ALARM_CRL_OVERDUE, issuer, now,
			     "%.250s: it has ended at %s and the next one is not recorded: what "
			     "was revoked since may not be known here",
			     lapsed->url, until);
	} else {
		alarms_clear(alarms, ALARM_CRL_OVERDUE, issuer);
	}
}

void report_alarms(const struct source_list *sources, struct alarms *alarms, const char *issuer,
		   struct moment now)
{
	const struct source *failing = first_that(sources, issuer, fails);
	const struct source *differing = first_that(sources, issuer, differs);
	if (failing)
		alarms_raise(alarms, ALARM_CRL_FETCH, issuer, now, "%.250s: %.250s", failing->url,
			     failing->error);
	else
		alarms_clear(alarms, ALARM_CRL_FETCH, issuer);
	if (differing)
		alarms_raise(alarms, ALARM_CRL_DIFFERENCE, issuer, now, "%.250s: %.250s",
			     differing->url, differing->outcome);
	else
		alarms_clear(alarms, ALARM_CRL_DIFFERENCE, issuer);
	alarm_validity(sources, alarms, issuer, now);
}

/* ---- status ---- */

static void put_time(struct buffer *out, const char *name, int64_t seconds)
{
	char text[ISO_TIME_SIZE + 1] = "";
	if (seconds == TIME_NONE)
		return;
	time_put_iso(text, seconds);
	buffer_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void put_text(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, ",\"%s\":", name);
	json_put_string(out, text);
}

static void put_differences(struct buffer *out, const struct source *s)
{
	static const char *const names[SOURCE_DIFFERENCES] = {
		"missing", "extra", "status", "reason", "date", "lapsed", "older"};
	buffer_put_string(out, ",\"differences\":[");
	for (unsigned i = 0; i < SOURCE_DIFFERENCES; i++)
		buffer_printf(out, "%s{\"kind\":\"%s\",\"count\":%llu}", i ? "," : "", names[i],
			      (unsigned long long)s->differences[i]);
	buffer_put_u8(out, ']');
}

static void put_source(struct buffer *out, const struct source *s, struct moment now)
{
	static const char *const states[] = {"resting", "fetching", "waiting", "recording"};
	static const char *const validities[] = {"", "valid", "ending", "lapsed"};
	buffer_printf(out, "{\"kind\":\"%s\"", source_kind_name(s->kind));
	put_text(out, "issuer", s->issuer);
	put_text(out, "url", s->url);
	put_text(out, "state", states[s->state]);
	buffer_printf(out, ",\"failing\":%s", s->failures > 0 ? "true" : "false");
	json_put_number(out, "fetches", s->fetched);
	json_put_number(out, "failures", s->failed);
	json_put_number(out, "recorded", s->recorded);
	json_put_number(out, "size", s->size);
	put_time(out, "answered_at", s->answered_at);
	put_time(out, "recorded_at", s->recorded_at);
	put_time(out, "this_update", s->times.this_update);
	put_time(out, "next_update", s->times.next_update);
	if (s->state == SOURCE_RESTING)
		put_time(out, "next_fetch", wall_seconds(now.wall_us + (s->due_us - now.mono_us)));
	if (s->validity != VALIDITY_UNTOLD)
		put_text(out, "validity", validities[s->validity]);
	put_text(out, "error", s->error);
	put_text(out, "outcome", s->outcome);
	if (s->kind == SOURCE_COMPARED && s->recorded > 0)
		put_differences(out, s);
	buffer_put_u8(out, '}');
}

struct report {
	struct buffer *out;
	struct moment now;
	size_t before;
	unsigned told, omitted;
};

static void put_where_it_fits(struct report *report, const struct source *s)
{
	struct buffer *out = report->out;
	size_t fits = out->size;
	buffer_put_string(out, report->told ? "," : "");
	put_source(out, s, report->now);
	bool full = out->size - report->before > SOURCES_SPACE;
	if (full)
		out->size = fits;
	report->told += !full;
	report->omitted += full;
}

static bool is_wrong(const struct source *s)
{
	return fails(s) || differs(s) || ends(s) || has_lapsed(s);
}

/* What is wrong first: where there are too many, the others are left out. */
void report_sources(const struct source_list *sources, struct moment now, struct buffer *out)
{
	struct report report = {.out = out, .now = now, .before = out->size};
	const struct source *s;
	buffer_put_string(out, "\"sources\":[");
	TAILQ_FOREACH(s, sources, others)
		if (is_wrong(s))
			put_where_it_fits(&report, s);
	TAILQ_FOREACH(s, sources, others)
		if (!is_wrong(s))
			put_where_it_fits(&report, s);
	buffer_put_u8(out, ']');
	json_put_number(out, "sources_omitted", report.omitted);
}
