/* Times as text (P-27, P-48): no date is read that does not exist, and what is written is read back
 * as the same second, from year 1 to 9999. */
#include "unit.h"

#include "base/clock.h"
#include "base/timetext.h"

#include <errno.h>

typedef int parser(struct view text, int64_t *ret);

static void check_refused(parser *parse, const char *const *texts)
{
	for (; *texts; texts++) {
		int64_t seconds = 42;
		if (parse(view_of_string(*texts), &seconds) != -EINVAL || seconds != 42)
			fail_msg("%s was taken for a date", *texts);
	}
}

static void check_parsed(parser *parse, const char *text, int64_t expected)
{
	int64_t seconds;
	assert_int_equal(parse(view_of_string(text), &seconds), 0);
	assert_true(seconds == expected);
}

static void loose_generalized_times_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"",
					    "Z",
					    "20250101000000",
					    "202501010000Z",
					    "20250101000000.5Z",
					    "20250101000000+0000",
					    "20250101000000z",
					    " 20250101000000Z",
					    "20250101000000Z ",
					    "2025010100000OZ",
					    "+2025101000000Z",
					    "20250229000000Z",
					    "21000229000000Z",
					    "20250431000000Z",
					    "20250001000000Z",
					    "20251301000000Z",
					    "20250100000000Z",
					    "20250132000000Z",
					    "20250101240000Z",
					    "20250101006000Z",
					    "20250101000060Z",
					    "00000101000000Z",
					    "-0010101000000Z",
					    NULL};
	check_refused(time_parse_generalized, texts);
}

static void loose_utc_times_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"",
					    "2501010000Z",
					    "250101000000",
					    "250101000000+0000",
					    "20250101000000Z",
					    "250229000000Z",
					    "250101000000ZZ",
					    "2501010000 0Z",
					    NULL};
	check_refused(time_parse_utc, texts);
}

/* Two digits of a year are read as seen from 1994. */
static int parse_http(struct view text, int64_t *ret)
{
	return time_parse_http(text, 784111777, ret);
}

static void loose_http_dates_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"",
					    "Sun, 06 Nov 1994 08:49:37",
					    "Sun, 06 Nov 1994 08:49:37 UTC",
					    "Sun, 6 Nov 1994 08:49:37 GMT",
					    "Sun, 06 nov 1994 08:49:37 GMT",
					    "Sun, 06 Nov 94 08:49:37 GMT",
					    "Son, 06 Nov 1994 08:49:37 GMT",
					    "Sun, 06-Nov-94 08:49:37 GMT",
					    "Sunday, 06 Nov 1994 08:49:37 GMT",
					    "Sunday, 06-Nov-1994 08:49:37 GMT",
					    "Sunday, 6-Nov-94 08:49:37 GMT",
					    "Sundae, 06-Nov-94 08:49:37 GMT",
					    "Sunday, 31-Feb-94 08:49:37 GMT",
					    "Sunday, 06-Nov-94 08:49:37",
					    "Sunday",
					    "Sun",
					    "Sun Nov 6 08:49:37 1994",
					    "Sun Nov   6 08:49:37 1994",
					    "Sun Nov  6 08:49:37 94",
					    "Sun Nov  6 08:49:37 1994 GMT",
					    "Sun Nov  0 08:49:37 1994",
					    "Sunday Nov  6 08:49:37 1994",
					    "Sun, 31 Feb 1994 08:49:37 GMT",
					    "Sun, 06 Nov 1994 08:49:60 GMT",
					    "Sun, 06 Nov 1994 24:00:00 GMT",
					    "Sun, 06 Nov 1994 08:49:37 GMT ",
					    "Sun 06 Nov 1994 08:49:37 GMT",
					    NULL};
	check_refused(parse_http, texts);
}

static void loose_iso_dates_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"",
					    "2025",
					    "2025-1-1",
					    "2025-01-01T",
					    "2025-01-01T00:00Z",
					    "2025-01-01T00:00:00",
					    "2025-01-01t00:00:00Z",
					    "2025-01-01T00:00:00+00:00",
					    "2025-01-01T00:00:00.0Z",
					    "2025-02-29",
					    "20250101",
					    "2025-01-01 ",
					    "2025/01/01",
					    NULL};
	check_refused(time_parse_iso, texts);
}

static void known_dates_are_known(void **state)
{
	(void)state;
	check_parsed(time_parse_generalized, "19700101000000Z", 0);
	check_parsed(time_parse_generalized, "20000229235959Z", 951868799);
	check_parsed(time_parse_generalized, "20380119031408Z", INT64_C(2147483648));
	check_parsed(time_parse_generalized, "00010101000000Z", TIME_LEAST);
	check_parsed(time_parse_generalized, "99991231235959Z", TIME_MOST);
	check_parsed(time_parse_generalized, "19691231235959Z", -1);
	check_parsed(parse_http, "Sun, 06 Nov 1994 08:49:37 GMT", 784111777);
	check_parsed(parse_http, "Sunday, 06-Nov-94 08:49:37 GMT", 784111777);
	check_parsed(parse_http, "Sun Nov  6 08:49:37 1994", 784111777);
	check_parsed(parse_http, "Wed Nov 16 08:49:37 1994", 784975777);
	check_parsed(parse_http, "Wednesday, 16-Nov-94 08:49:37 GMT", 784975777);
	check_parsed(time_parse_iso, "1994-11-06", 784080000);
	check_parsed(time_parse_iso, "1994-11-06T08:49:37Z", 784111777);
	check_parsed(time_parse_iso, "1994-11-06 08:49:37Z", 784111777);
}

/* RFC 5280, 4.1.2.5.1. */
static void utc_time_turns_at_1950(void **state)
{
	(void)state;
	check_parsed(time_parse_utc, "491231235959Z", INT64_C(2524607999));
	check_parsed(time_parse_utc, "500101000000Z", INT64_C(-631152000));
	check_parsed(time_parse_utc, "700101000000Z", 0);
	check_parsed(time_parse_utc, "000229000000Z", 951782400);
}

/* RFC 9110, 5.6.7: what would be more than fifty years ahead is past. */
static void a_year_of_two_digits_is_at_most_fifty_years_ahead(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t near, expected;
	} dates[] = {
		{"Sunday, 06-Nov-94 08:49:37 GMT", 1700000000, 784111777},
		{"Sunday, 01-Jan-73 00:00:00 GMT", 1700000000, INT64_C(3250454400)},
		{"Tuesday, 01-Jan-74 00:00:00 GMT", 1700000000, 126230400},
		{"Saturday, 01-Jan-00 00:00:00 GMT", 946684800, 946684800},
	};
	for (size_t i = 0; i < array_size(dates); i++) {
		int64_t got = -1;
		assert_int_equal(
			time_parse_http(view_of_string(dates[i].text), dates[i].near, &got), 0);
		assert_int_equal(got, dates[i].expected);
	}
}

static void check_round_trip(int64_t seconds)
{
	char text[HTTP_DATE_SIZE];
	int64_t again = seconds + 1;
	time_put_generalized(text, seconds);
	assert_int_equal(time_parse_generalized(view_of(text, GENERALIZED_TIME_SIZE), &again), 0);
	assert_true(again == seconds);
	again++;
	time_put_http(text, seconds);
	assert_int_equal(time_parse_http(view_of(text, HTTP_DATE_SIZE), 0, &again), 0);
	assert_true(again == seconds);
	again++;
	time_put_iso(text, seconds);
	assert_int_equal(time_parse_iso(view_of(text, ISO_TIME_SIZE), &again), 0);
	assert_true(again == seconds);
}

/* A step that meets every hour of the day and day of the year, about 80,000 times. */
static void every_era_survives_a_round_trip(void **state)
{
	(void)state;
	for (int64_t t = TIME_LEAST; t <= TIME_MOST; t += 3943679)
		check_round_trip(t);
	check_round_trip(TIME_MOST);
}

/* Two dates a second apart are neighbours, around every end of a year of a 400-year cycle. */
static void years_end_one_second_before_the_next_begins(void **state)
{
	(void)state;
	for (int year = 1600; year < 2000; year++) {
		struct civil_time end = {year, 12, 31, 23, 59, 59},
				  begin = {year + 1, 1, 1, 0, 0, 0};
		int64_t last, first;
		assert_int_equal(civil_to_seconds(&end, &last), 0);
		assert_int_equal(civil_to_seconds(&begin, &first), 0);
		assert_true(first == last + 1);
		assert_int_equal(civil_of_seconds(last).year, year);
		assert_int_equal(civil_of_seconds(first).year, year + 1);
	}
}

/* An independent witness: the C library. */
static void the_c_library_agrees(void **state)
{
	(void)state;
	for (time_t t = -3000000000; t < 8000000000; t += 1234567) {
		struct tm tm;
		char expected[64], text[HTTP_DATE_SIZE + 1] = {0};
		assert_non_null(gmtime_r(&t, &tm));
		assert_int_equal(strftime(expected, sizeof(expected), "%a, %d %b %Y %T GMT", &tm),
				 HTTP_DATE_SIZE);
		time_put_http(text, t);
		assert_string_equal(text, expected);
	}
}

static void times_beyond_the_range_are_clamped(void **state)
{
	(void)state;
	static const struct {
		int64_t seconds;
		const char *http, *generalized;
	} cases[] = {
		{TIME_MOST + 1, "Fri, 31 Dec 9999 23:59:59 GMT", "99991231235959Z"},
		{INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT", "99991231235959Z"},
		{TIME_LEAST - 1, "Mon, 01 Jan 0001 00:00:00 GMT", "00010101000000Z"},
		{INT64_MIN, "Mon, 01 Jan 0001 00:00:00 GMT", "00010101000000Z"},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		char text[HTTP_DATE_SIZE];
		time_put_http(text, cases[i].seconds);
		assert_memory_equal(text, cases[i].http, HTTP_DATE_SIZE);
		time_put_generalized(text, cases[i].seconds);
		assert_memory_equal(text, cases[i].generalized, GENERALIZED_TIME_SIZE);
	}
}

static void wall_seconds_round_down(void **state)
{
	(void)state;
	assert_true(wall_seconds(1999999) == 1);
	assert_true(wall_seconds(0) == 0);
	assert_true(wall_seconds(-1) == -1);
	assert_true(wall_seconds(-1000000) == -1);
	assert_true(wall_seconds(-1000001) == -2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loose_generalized_times_are_refused),
		cmocka_unit_test(loose_utc_times_are_refused),
		cmocka_unit_test(loose_http_dates_are_refused),
		cmocka_unit_test(loose_iso_dates_are_refused),
		cmocka_unit_test(times_beyond_the_range_are_clamped),
		cmocka_unit_test(known_dates_are_known),
		cmocka_unit_test(utc_time_turns_at_1950),
		cmocka_unit_test(a_year_of_two_digits_is_at_most_fifty_years_ahead),
		cmocka_unit_test(every_era_survives_a_round_trip),
		cmocka_unit_test(years_end_one_second_before_the_next_begins),
		cmocka_unit_test(the_c_library_agrees),
		cmocka_unit_test(wall_seconds_round_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
