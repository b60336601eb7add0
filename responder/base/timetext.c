#include "base/timetext.h"

#include <errno.h>

#define DAY INT64_C(86400)

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char weekdays[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the first day of a year. */
static int64_t days_before_year(int64_t year)
{
	int64_t y = year - 1;
	return y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

static int64_t clamp(int64_t seconds)
{
	if (seconds < TIME_LEAST)
		return TIME_LEAST;
	return seconds > TIME_MOST ? TIME_MOST : seconds;
}

struct civil_time civil_of_seconds(int64_t seconds)
{
	seconds = clamp(seconds);
	int64_t days = seconds / DAY - (seconds % DAY < 0);
	int rest = (int)(seconds - days * DAY);
	int year = (int)(1970 + days * 400 / 146097);
	while (days_before_year(year) > days)
		year--;
	while (days_before_year((int64_t)year + 1) <= days)
		year++;
	int day = (int)(days - days_before_year(year));
	int month = 1;
	while (day >= days_in_month(year, month))
		day -= days_in_month(year, month++);
	return (struct civil_time){
		.year = year,
		.month = month,
		.day = day + 1,
		.hour = rest / 3600,
		.minute = rest / 60 % 60,
		.second = rest % 60,
	};
}

int civil_to_seconds(const struct civil_time *c, int64_t *ret)
{
	if (c->year < 1 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
	    c->day > days_in_month(c->year, c->month) || c->hour < 0 || c->hour > 23 ||
	    c->minute < 0 || c->minute > 59 || c->second < 0 || c->second > 59)
		return -EINVAL;
	int64_t days = days_before_year(c->year) + c->day - 1;
	for (int month = 1; month < c->month; month++)
		days += days_in_month(c->year, month);
	int rest = c->hour * 3600 + c->minute * 60 + c->second;
	*ret = days * DAY + rest;
	return 0;
}

/* A form of fixed size, which no NUL ends. */
static void put_form(char *out, const char *form, size_t size)
{
	memcpy(out, form, size);
}

static void put_digits(char *out, int width, int value)
{
	for (int i = width - 1; i >= 0; i--, value /= 10)
		out[i] = (char)('0' + value % 10);
}

void time_put_generalized(char *out, int64_t seconds)
{
	struct civil_time c = civil_of_seconds(seconds);
	put_digits(out, 4, c.year);
	put_digits(out + 4, 2, c.month);
	put_digits(out + 6, 2, c.day);
	put_digits(out + 8, 2, c.hour);
	put_digits(out + 10, 2, c.minute);
	put_digits(out + 12, 2, c.second);
	out[14] = 'Z';
}

void time_put_iso(char *out, int64_t seconds)
{
	struct civil_time c = civil_of_seconds(seconds);
	put_form(out, "0000-00-00T00:00:00Z", ISO_TIME_SIZE);
	put_digits(out, 4, c.year);
	put_digits(out + 5, 2, c.month);
	put_digits(out + 8, 2, c.day);
	put_digits(out + 11, 2, c.hour);
	put_digits(out + 14, 2, c.minute);
	put_digits(out + 17, 2, c.second);
}

void time_put_http(char *out, int64_t seconds)
{
	seconds = clamp(seconds);
	struct civil_time c = civil_of_seconds(seconds);
	int64_t days = seconds / DAY - (seconds % DAY < 0);
	int64_t weekday = ((days % 7) + 7) % 7;
	put_form(out, "xxx, 00 xxx 0000 00:00:00 GMT", HTTP_DATE_SIZE);
	memcpy(out, weekdays[weekday], 3);
	put_digits(out + 5, 2, c.day);
	memcpy(out + 8, months[c.month - 1], 3);
	put_digits(out + 12, 4, c.year);
	put_digits(out + 17, 2, c.hour);
	put_digits(out + 20, 2, c.minute);
	put_digits(out + 23, 2, c.second);
}

static int take_digits(struct cursor *c, size_t width)
{
	struct view digits = cursor_take(c, width);
	int value = 0;
	for (size_t i = 0; i < digits.size; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9') {
			cursor_fail(c);
			return 0;
		}
		value = value * 10 + (digits.data[i] - '0');
	}
	return value;
}

static void take_literal(struct cursor *c, const char *literal)
{
	struct view expected = view_of_string(literal);
	if (!view_equal(cursor_take(c, expected.size), expected))
		cursor_fail(c);
}

static int finish(const struct cursor *c, const struct civil_time *civil, int64_t *ret)
{
	if (cursor_end(c) < 0)
		return -EINVAL;
	return civil_to_seconds(civil, ret);
}

static void take_month_to_second(struct cursor *c, struct civil_time *t)
{
	t->month = take_digits(c, 2);
	t->day = take_digits(c, 2);
	t->hour = take_digits(c, 2);
	t->minute = take_digits(c, 2);
	t->second = take_digits(c, 2);
	take_literal(c, "Z");
}

int time_parse_generalized(struct view text, int64_t *ret)
{
	struct cursor c = cursor_of(text);
	struct civil_time t = {.year = take_digits(&c, 4)};
	take_month_to_second(&c, &t);
	return finish(&c, &t, ret);
}

int time_parse_utc(struct view text, int64_t *ret)
{
	struct cursor c = cursor_of(text);
	int year = take_digits(&c, 2);
	struct civil_time t = {.year = year < 50 ? 2000 + year : 1900 + year};
	take_month_to_second(&c, &t);
	return finish(&c, &t, ret);
}

static int take_month_name(struct cursor *c)
{
	struct view name = cursor_take(c, 3);
	for (int i = 0; i < 12; i++)
		if (view_equal(name, view_of(months[i], 3)))
			return i + 1;
	cursor_fail(c);
	return 0;
}

/* Its first three letters, or the whole name. */
static void take_weekday(struct cursor *c, bool whole)
{
	static const char names[7][10] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
					  "Friday", "Saturday", "Sunday"};
	for (int i = 0; i < 7; i++) {
		struct view name = view_of(names[i], whole ? strlen(names[i]) : 3);
		if (c->rest.size >= name.size && memcmp(c->rest.data, name.data, name.size) == 0) {
			(void)cursor_take(c, name.size);
			return;
		}
	}
	cursor_fail(c);
}

static void take_clock(struct cursor *c, struct civil_time *t)
{
	t->hour = take_digits(c, 2);
	take_literal(c, ":");
	t->minute = take_digits(c, 2);
	take_literal(c, ":");
	t->second = take_digits(c, 2);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static void take_imf_fixdate(struct cursor *c, struct civil_time *t)
{
	take_weekday(c, false);
	take_literal(c, ", ");
	t->day = take_digits(c, 2);
	take_literal(c, " ");
	t->month = take_month_name(c);
	take_literal(c, " ");
	t->year = take_digits(c, 4);
	take_literal(c, " ");
	take_clock(c, t);
	take_literal(c, " GMT");
}

/* Sunday, 06-Nov-94 08:49:37 GMT */
static void take_rfc850(struct cursor *c, int64_t near, struct civil_time *t)
{
	int last = civil_of_seconds(near).year + 50;
	take_weekday(c, true);
	take_literal(c, ", ");
	t->day = take_digits(c, 2);
	take_literal(c, "-");
	t->month = take_month_name(c);
	take_literal(c, "-");
	int year = take_digits(c, 2);
	t->year = last - ((last - year) % 100 + 100) % 100;
	take_literal(c, " ");
	take_clock(c, t);
	take_literal(c, " GMT");
}

/* Sun Nov  6 08:49:37 1994 */
static void take_asctime(struct cursor *c, struct civil_time *t)
{
	take_weekday(c, false);
	take_literal(c, " ");
	t->month = take_month_name(c);
	take_literal(c, " ");
	bool padded = c->rest.size > 0 && c->rest.data[0] == ' ';
	if (padded)
		take_literal(c, " ");
	t->day = take_digits(c, padded ? 1 : 2);
	take_literal(c, " ");
	take_clock(c, t);
	take_literal(c, " ");
	t->year = take_digits(c, 4);
}

int time_parse_http(struct view text, int64_t near, int64_t *ret)
{
	struct cursor c = cursor_of(text);
	struct civil_time t = {0};
	if (text.size > 3 && text.data[3] == ',')
		take_imf_fixdate(&c, &t);
	else if (text.size > 3 && text.data[3] == ' ')
		take_asctime(&c, &t);
	else
		take_rfc850(&c, near, &t);
	return finish(&c, &t, ret);
}

int time_parse_iso(struct view text, int64_t *ret)
{
	struct cursor c = cursor_of(text);
	struct civil_time t = {.year = take_digits(&c, 4)};
	take_literal(&c, "-");
	t.month = take_digits(&c, 2);
	take_literal(&c, "-");
	t.day = take_digits(&c, 2);
	if (c.rest.size > 0) {
		uint8_t separator = cursor_u8(&c);
		if (separator != 'T' && separator != ' ')
			cursor_fail(&c);
		t.hour = take_digits(&c, 2);
		take_literal(&c, ":");
		t.minute = take_digits(&c, 2);
		take_literal(&c, ":");
		t.second = take_digits(&c, 2);
		take_literal(&c, "Z");
	}
	return finish(&c, &t, ret);
}
