/* Conditions that last: told when they begin, every day, and when they end; bounded. */
#include "unit.h"

#include "base/alarms.h"

#include <stdio.h>
#include <string.h>

#define DAY_US (INT64_C(86400) * SECOND_US)

struct heard {
	unsigned count;
	char last[2 * LIMIT_ALARM_TEXT];
};

static void hear(void *context, enum alarm_event event, const struct alarm *alarm)
{
	struct heard *heard = context;
	heard->count++;
	cleanup(buffer_deinit) struct buffer line = {0};
	alarm_put_line(event, alarm, &line);
	buffer_put_u8(&line, '\0');
	(void)snprintf(heard->last, sizeof(heard->last), "%s", (const char *)line.data);
}

static struct moment at(int64_t us)
{
	return (struct moment){.wall_us = us, .mono_us = us};
}

static void told_once_daily_and_at_its_end(void **state)
{
	(void)state;
	struct heard heard = {0};
	struct alarms a;
	alarms_init(&a, hear, &heard);
	assert_true(alarms_next(&a) == INT64_MAX);
	alarms_raise(&a, ALARM_ISSUER_KEY, "CA", at(1), "bad %d", 1);
	assert_string_equal(heard.last, "bad 1 alarm=issuer_key issuer=\"CA\"");
	alarms_raise(&a, ALARM_ISSUER_KEY, "CA", at(2), "bad %d", 2);
	assert_int_equal(heard.count, 1);
	assert_true(alarms_next(&a) == 1 + DAY_US);
	alarms_turn(&a, at(DAY_US));
	assert_int_equal(heard.count, 1);
	alarms_turn(&a, at(1 + DAY_US));
	assert_int_equal(heard.count, 2);
	assert_string_equal(
		heard.last,
		"it lasts: bad 2 alarm=issuer_key issuer=\"CA\" since=1970-01-01T00:00:00Z");
	alarms_turn(&a, at(2 + DAY_US));
	assert_int_equal(heard.count, 2);
	alarms_turn(&a, at(1 + 2 * DAY_US));
	assert_int_equal(heard.count, 3);
	assert_true(alarms_has(&a, ALARM_ISSUER_KEY, "CA"));
	alarms_clear(&a, ALARM_ISSUER_KEY, "CA");
	assert_string_equal(
		heard.last,
		"it has ended: bad 2 alarm=issuer_key issuer=\"CA\" since=1970-01-01T00:00:00Z");
	assert_false(alarms_has(&a, ALARM_ISSUER_KEY, "CA"));
	alarms_clear(&a, ALARM_ISSUER_KEY, "CA");
	assert_int_equal(heard.count, 4);
	alarms_deinit(&a);
}

static void one_issuers_trouble_is_its_own(void **state)
{
	(void)state;
	struct heard heard = {0};
	struct alarms a;
	alarms_init(&a, hear, &heard);
	alarms_raise(&a, ALARM_SIGNER_UNUSABLE, "A", at(1), "x");
	alarms_raise(&a, ALARM_SIGNER_UNUSABLE, "B", at(1), "y");
	alarms_raise(&a, ALARM_SIGNER_EXPIRED, "A", at(1), "z");
	assert_int_equal(heard.count, 3);
	alarms_clear(&a, ALARM_SIGNER_UNUSABLE, "A");
	assert_string_equal(
		heard.last,
		"it has ended: x alarm=signer_unusable issuer=\"A\" since=1970-01-01T00:00:00Z");
	assert_true(alarms_has(&a, ALARM_SIGNER_UNUSABLE, "B"));
	assert_true(alarms_has(&a, ALARM_SIGNER_EXPIRED, "A"));
	alarms_deinit(&a);
}

static void a_set_tells_what_comes_and_what_goes(void **state)
{
	(void)state;
	static const char *const two[] = {"one", "two"}, *const other[] = {"two", "three"};
	struct heard heard = {0};
	struct alarms a;
	alarms_init(&a, hear, &heard);
	alarms_set(&a, ALARM_DATABASE_FINDING, two, 2, at(1));
	alarms_set(&a, ALARM_DATABASE_FINDING, two, 2, at(2));
	assert_int_equal(heard.count, 2);
	alarms_set(&a, ALARM_DATABASE_FINDING, other, 2, at(3));
	assert_int_equal(heard.count, 4);
	assert_string_equal(heard.last, "three alarm=database_finding");
	alarms_set(&a, ALARM_DATABASE_FINDING, NULL, 0, at(4));
	assert_int_equal(heard.count, 6);
	assert_int_equal(a.count, 0);
	alarms_deinit(&a);
}

/* I-8: the last place says that there are more, until there is one again. */
static void there_is_an_end_of_it(void **state)
{
	(void)state;
	struct heard heard = {0};
	struct alarms a;
	char name[16];
	alarms_init(&a, hear, &heard);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < LIMIT_ALARMS + 5; i++) {
			(void)snprintf(name, sizeof(name), "CA %u", i);
			alarms_raise(&a, ALARM_ISSUER_MISSING, name, at(1), "missing");
		}
	assert_int_equal(a.count, LIMIT_ALARMS);
	assert_int_equal(heard.count, LIMIT_ALARMS);
	assert_true(alarms_has(&a, ALARM_MORE, ""));
	alarms_clear(&a, ALARM_ISSUER_MISSING, "CA 0");
	assert_false(alarms_has(&a, ALARM_MORE, ""));
	assert_int_equal(a.count, LIMIT_ALARMS - 2);
	alarms_deinit(&a);
}

static void json_is_whole_and_bounded(void **state)
{
	(void)state;
	struct heard heard = {0};
	struct alarms a;
	struct buffer out = {0};
	alarms_init(&a, hear, &heard);
	alarms_put_json(&a, 65536, &out);
	assert_view_equal(buffer_view(&out), view_of_string("\"alarms\":[]"));
	buffer_reset(&out);
	alarms_raise(&a, ALARM_JOURNAL, "A \"b\"", at(SECOND_US), "line\n2");
	alarms_put_json(&a, 65536, &out);
	assert_view_equal(
		buffer_view(&out),
		view_of_string(
			"\"alarms\":[{\"since\":\"1970-01-01T00:00:01Z\",\"kind\":\"journal\","
			"\"issuer\":\"A \\\"b\\\"\",\"text\":\"line\\u000a2\"}]"));
	for (unsigned i = 0; i < LIMIT_ALARMS; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "CA %u", i);
		alarms_raise(&a, ALARM_ISSUER_KEY, name, at(1), "%0500d", 1);
	}
	buffer_reset(&out);
	alarms_put_json(&a, 20000, &out);
	assert_true(out.size <= 20000 && out.size > 10000);
	assert_true(out.data[out.size - 1] == ']');
	buffer_deinit(&out);
	alarms_deinit(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_once_daily_and_at_its_end),
		cmocka_unit_test(one_issuers_trouble_is_its_own),
		cmocka_unit_test(a_set_tells_what_comes_and_what_goes),
		cmocka_unit_test(there_is_an_end_of_it),
		cmocka_unit_test(json_is_whole_and_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
