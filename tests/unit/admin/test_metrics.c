/* Metrics from documents, whatever rooms tell of themselves. */
#include "unit.h"

#include "admin/metrics.h"
#include "base/result.h"

#include <stdio.h>

static const char *shown(const char *document)
{
	static struct buffer out;
	struct json_object *parsed = json_tokener_parse(document);
	buffer_reset(&out);
	metrics_put(parsed, &out);
	buffer_put_u8(&out, '\0');
	assert_int_equal(buffer_result(&out), 0);
	json_object_put(parsed);
	return (const char *)out.data;
}

static void expect_line(const char *document, const char *line)
{
	char text[512];
	(void)snprintf(text, sizeof(text), "\n%s\n", line);
	const char *all = shown(document);
	if (!strstr(all, text))
		fail_msg("no line %s in\n%s", line, all);
}

#define ROOM(name, status)              \
	"{\"rooms\":[{\"name\":\"" name \
	"\",\"state\":\"running\",\"restarts\":2,\"status\":" status "}]}"

static void figures_come_from_the_document(void **state)
{
	(void)state;
	expect_line("{\"version\":\"1.2.3\"}", "stillgood_build_info{version=\"1.2.3\"} 1");
	expect_line("{\"ready\":true}", "stillgood_ready 1");
	expect_line("{\"ready\":false}", "stillgood_ready 0");
	expect_line("{\"started_at\":\"1970-01-02T00:00:00Z\"}",
		    "stillgood_start_timestamp_seconds 86400");
	expect_line(ROOM("front 0", "{}"), "stillgood_room_up{room=\"front 0\"} 1");
	expect_line(ROOM("front 0", "{}"), "stillgood_room_restarts_total{room=\"front 0\"} 2");
	expect_line(ROOM("front 0", "{\"requests\":7}"),
		    "stillgood_http_requests_total{room=\"front 0\"} 7");
	expect_line(ROOM("ledger", "{\"evidence_age_ms\":1500}"),
		    "stillgood_evidence_age_seconds{room=\"ledger\"} 1.5");
}

static void what_is_not_told_has_no_sample(void **state)
{
	(void)state;
	assert_null(strstr(shown(ROOM("ledger", "{\"evidence_age_ms\":null}")),
			   "\nstillgood_evidence_age_seconds{"));
	assert_null(strstr(shown(ROOM("signer 0", "{\"requests\":7}")),
			   "\nstillgood_http_requests_total{"));
	assert_null(strstr(shown("{}"), "\nstillgood_ready "));
}

/* No room, and no name in a database, can write a line of its own. */
static void text_cannot_forge_a_line(void **state)
{
	(void)state;
	expect_line("{\"version\":\"a\\\"b\\\\c\\nstillgood_ready 1\\u00e9\"}",
		    "stillgood_build_info{version=\"a\\\"b\\\\c\\nstillgood_ready 1\xc3\xa9\"} 1");
	expect_line("{\"version\":\"\xff\xc3!\xed\xa0\x80\"}", "stillgood_build_info{version=\"?"
							       "?!?"
							       "??\"} 1");
	expect_line("{\"alarms\":[{\"kind\":\"k\",\"issuer\":\"A\\u0000B\","
		    "\"since\":\"1970-01-01T00:00:09Z\"}]}",
		    "stillgood_alarm_since_timestamp_seconds{kind=\"k\",issuer=\"A\"} 9");
}

static void nonsense_is_survived(void **state)
{
	(void)state;
	static const char *const documents[] = {
		"{}",
		"{\"rooms\":{}}",
		"{\"rooms\":[1,null,\"front\",[],{}]}",
		ROOM("front 0", "[]"),
		ROOM("front 0", "{\"requests\":{\"a\":1}}"),
		ROOM("front 0", "{\"requests\":1e999}"),
		ROOM("", "{}"),
		"{\"alarms\":[1,[],{}]}",
		"{\"alarms\":{\"kind\":1}}",
	};
	for (size_t i = 0; i < array_size(documents); i++)
		assert_non_null(strstr(shown(documents[i]), "# TYPE stillgood_ready gauge\n"));
}

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), most = strlen(end);
	return size >= most && strcmp(text + size - most, end) == 0;
}

/* https://prometheus.io/docs/practices/naming: promtool checks more of it. */
static void names_follow_the_conventions(void **state)
{
	(void)state;
	for (size_t i = 0; i < metric_count; i++) {
		const struct metric *m = &metrics[i];
		assert_int_equal(strncmp(m->name, "stillgood_", 10), 0);
		assert_int_equal(ends_with(m->name, "_total"), m->type == METRIC_COUNTER);
		if (m->factor != 0 || m->type == METRIC_HISTOGRAM)
			assert_true(ends_with(m->name, "_seconds") ||
				    ends_with(m->name, "_seconds_total"));
		assert_null(strpbrk(m->help, "\n|"));
		assert_true(ends_with(m->help, "."));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(m->name, metrics[j].name);
	}
}

static void the_manual_is_made_from_the_table(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer made = {0};
	FILE *file = fopen(STILLGOOD_SOURCES "/"
					     "doc/metrics.md",
			   "re");
	static char text[1 << 18];
	assert_non_null(file);
	size_t size = fread(text, 1, sizeof(text), file);
	assert_int_equal(fclose(file), 0);
	metrics_put_manual(&made);
	if (!view_equal(view_of(text, size), buffer_view(&made)))
		fail_msg("metrics_tool > doc/metrics.md writes it anew");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_come_from_the_document),
		cmocka_unit_test(what_is_not_told_has_no_sample),
		cmocka_unit_test(text_cannot_forge_a_line),
		cmocka_unit_test(nonsense_is_survived),
		cmocka_unit_test(names_follow_the_conventions),
		cmocka_unit_test(the_manual_is_made_from_the_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
