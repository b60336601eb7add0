/* A CRL that is followed ends, and its next one is not there: a person is told before, and when it has ended
 * (doc/faults.md row 52). */
#include "unit.h"

#include "fetcher/report.h"

#include "made_conf.h"

#define START INT64_C(1800000000)
#define HOUR INT64_C(3600)

static struct source_list sources;
static struct alarms alarms;

static void changed(void *context, const struct source *source, struct moment now)
{
	(void)context;
	report_alarms(&sources, &alarms, source->issuer, now);
}

struct world {
	struct conf *conf;
	struct source_world shared;
	struct source *a, *b;
};

static struct moment at(int64_t seconds)
{
	return (struct moment){.mono_us = (1000 + seconds) * SECOND_US,
			       .wall_us = (START + seconds) * SECOND_US};
}

static struct source *add(struct world *w, enum source_kind kind, const char *issuer,
			  const char *url)
{
	struct source *s = source_new(&w->shared, kind, issuer, view_of_string(url));
	assert_non_null(s);
	TAILQ_INSERT_TAIL(&sources, s, others);
	return s;
}

static void begin(struct world *w, const char *options)
{
	char text[1000];
	(void)snprintf(text, sizeof(text), MADE_DATABASE MADE_ISSUER("A") "%s" MADE_ISSUER("B"),
		       options);
	*w = (struct world){.conf = made_conf(CONF_FETCHER, text)};
	w->shared = (struct source_world){.conf = w->conf, .changed = changed};
	TAILQ_INIT(&sources);
	alarms_init(&alarms, NULL, NULL);
	w->a = add(w, SOURCE_RECORDED, "A", "http://a/1");
	w->b = add(w, SOURCE_RECORDED, "B", "http://b/");
}

static void end(struct world *w)
{
	struct source *s;
	while ((s = TAILQ_FIRST(&sources))) {
		TAILQ_REMOVE(&sources, s, others);
		source_free(s);
	}
	alarms_deinit(&alarms);
	conf_free(w->conf);
}

/* One with these times came, and this became of it. */
static void came(struct source *s, int64_t from, int64_t until, enum control_outcome outcome,
		 int64_t now)
{
	s->coming_times =
		(struct arrival){.this_update = START + from,
				 .next_update = until == TIME_NONE ? until : START + until};
	s->state = SOURCE_RECORDING;
	source_outcome(s, outcome, view_of_string("done"), at(now));
}

/* As follow.c does; until when nothing changes by itself. */
static int64_t look(struct source *s, int64_t now)
{
	bool is_another;
	int64_t next = source_look(s, at(now), &is_another);
	if (is_another)
		report_alarms(&sources, &alarms, s->issuer, at(now));
	return next == INT64_MAX ? next : next / SECOND_US - 1000;
}

/* "": there is none. */
static const char *alarm_of(enum alarm_kind kind, const char *issuer)
{
	for (unsigned i = 0; i < alarms.count; i++)
		if (alarms.all[i]->kind == kind && strcmp(alarms.all[i]->scope, issuer) == 0)
			return alarms.all[i]->text;
	return "";
}

static void told(enum alarm_kind kind, const char *words)
{
	const char *text = alarm_of(kind, "A");
	assert_int_equal(alarms.count, 1);
	if (!strstr(text, "http://a/1: ") || !strstr(text, words))
		fail_msg("\"%s\" does not say \"%s\"", text, words);
}

/* A quarter of its time before; and each change is seen at its second. */
static void a_person_is_told_before_it_ends_and_when_it_has(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "");
	assert_true(look(w.a, 0) == INT64_MAX);
	came(w.a, 0, 4 * HOUR, CONTROL_TAKEN, 10);
	assert_int_equal(w.a->validity, VALIDITY_VALID);
	assert_int_equal(look(w.a, 10), 70); /* the wall clock may be set */
	assert_int_equal(look(w.a, 3 * HOUR - 7), 3 * HOUR);
	assert_int_equal(look(w.a, 3 * HOUR - 1), 3 * HOUR);
	assert_int_equal(alarms.count, 0);
	(void)look(w.a, 3 * HOUR);
	told(ALARM_CRL_DUE, "it ends at 2027-01-15T12:00:00Z");
	assert_int_equal(look(w.a, 4 * HOUR - 1), 4 * HOUR);
	told(ALARM_CRL_DUE, "it ends at");
	assert_int_equal(look(w.a, 4 * HOUR), 4 * HOUR + 60);
	told(ALARM_CRL_OVERDUE, "it has ended at 2027-01-15T12:00:00Z");
	came(w.a, 4 * HOUR, 8 * HOUR, CONTROL_TAKEN, 4 * HOUR + 1);
	assert_int_equal(alarms.count, 0);
	end(&w);
}

/* What is not recorded lasts no longer for it; nor does a server that has the same one again. */
static void only_what_was_recorded_counts(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "");
	came(w.a, 0, 4 * HOUR, CONTROL_REFUSED, 10);
	assert_true(look(w.a, 9 * HOUR) == INT64_MAX);
	came(w.a, 0, 4 * HOUR, CONTROL_TAKEN, 10);
	came(w.a, 4 * HOUR, 8 * HOUR, CONTROL_REFUSED, 20);
	(void)look(w.a, 4 * HOUR);
	assert_string_not_equal(alarm_of(ALARM_CRL_OVERDUE, "A"), "");
	assert_string_not_equal(alarm_of(ALARM_CRL_FETCH, "A"), "");
	came(w.a, 0, 4 * HOUR, CONTROL_TAKEN, 4 * HOUR + 10);
	told(ALARM_CRL_OVERDUE, "what was revoked since may not be known here");
	came(w.a, 0, TIME_NONE, CONTROL_TAKEN, 4 * HOUR + 20);
	assert_int_equal(alarms.count, 0);
	end(&w);
}

static void as_long_before_as_was_said(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "crl_warning = 10m\n");
	came(w.a, 0, 4 * HOUR, CONTROL_TAKEN, 10);
	(void)look(w.a, 4 * HOUR - 601);
	assert_int_equal(alarms.count, 0);
	(void)look(w.a, 4 * HOUR - 600);
	told(ALARM_CRL_DUE, "it ends at");
	end(&w);
}

/* What an issuer is known by, the ledger tells; what is compared has a difference of its own. */
static void what_others_tell_is_not_told_twice(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "complete = no\n");
	came(w.a, 0, 4 * HOUR, CONTROL_TAKEN, 10);
	assert_true(look(w.a, 5 * HOUR) == INT64_MAX);
	struct source *watched = add(&w, SOURCE_COMPARED, "B", "http://b/");
	came(watched, 0, 4 * HOUR, CONTROL_TAKEN, 10);
	assert_true(look(watched, 5 * HOUR) == INT64_MAX);
	assert_int_equal(alarms.count, 0);
	end(&w);
}

/* One issuer, one alarm of a kind; one that goes on hides none that does not. */
static void each_url_counts_by_itself(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "");
	struct source *second = add(&w, SOURCE_RECORDED, "A", "http://a/2");
	came(w.a, 0, 4 * HOUR, CONTROL_TAKEN, 10);
	came(second, 0, 40 * HOUR, CONTROL_TAKEN, 10);
	came(w.b, 0, 40 * HOUR, CONTROL_TAKEN, 10);
	(void)look(w.a, 5 * HOUR);
	(void)look(second, 5 * HOUR);
	(void)look(w.b, 5 * HOUR);
	told(ALARM_CRL_OVERDUE, "it has ended");
	(void)look(second, 31 * HOUR);
	assert_string_not_equal(alarm_of(ALARM_CRL_OVERDUE, "A"), "");
	assert_non_null(strstr(alarm_of(ALARM_CRL_DUE, "A"), "http://a/2"));
	end(&w);
}

static void another_configuration_counts_at_once(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "");
	came(w.a, 0, 4 * HOUR, CONTROL_TAKEN, 10);
	struct conf *next =
		made_conf(CONF_FETCHER, MADE_DATABASE MADE_ISSUER("A") "crl_warning = 3h\n");
	w.shared.conf = next;
	assert_false(source_reconfigure(w.a, at(20)));
	assert_true(source_reconfigure(w.a, at(HOUR)));
	assert_int_equal(w.a->validity, VALIDITY_ENDING);
	w.shared.conf = w.conf;
	assert_true(source_reconfigure(w.a, at(HOUR)));
	conf_free(next);
	end(&w);
}

static void it_is_told_among_what_is_wrong(void **state)
{
	struct world w;
	cleanup(buffer_deinit) struct buffer out = {0};
	(void)state;
	begin(&w, "");
	came(w.b, 0, 4 * HOUR, CONTROL_TAKEN, 10);
	(void)look(w.b, 5 * HOUR);
	w.b->due_us = at(6 * HOUR).mono_us;
	report_sources(&sources, at(5 * HOUR), &out);
	buffer_put_u8(&out, 0);
	const char *text = (const char *)out.data, *b = strstr(text, "http://b/");
	assert_non_null(b);
	assert_true(b < strstr(text, "http://a/1"));
	assert_non_null(strstr(text, "\"validity\":\"lapsed\""));
	assert_non_null(strstr(text, "\"this_update\":\"2027-01-15T08:00:00Z\""));
	assert_non_null(strstr(text, "\"next_update\":\"2027-01-15T12:00:00Z\""));
	assert_non_null(strstr(text, "\"next_fetch\":\"2027-01-15T14:00:00Z\""));
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_person_is_told_before_it_ends_and_when_it_has),
		cmocka_unit_test(only_what_was_recorded_counts),
		cmocka_unit_test(as_long_before_as_was_said),
		cmocka_unit_test(what_others_tell_is_not_told_twice),
		cmocka_unit_test(each_url_counts_by_itself),
		cmocka_unit_test(another_configuration_counts_at_once),
		cmocka_unit_test(it_is_told_among_what_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
