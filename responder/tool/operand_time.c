/* Times as operators and index files write them. */
#include "base/timetext.h"
#include "tool/operand.h"

#include <ctype.h>

static int two_digits(struct cursor *c)
{
	struct view digits = cursor_take(c, 2);
	if (c->failed || !isdigit(digits.data[0]) || !isdigit(digits.data[1])) {
		cursor_fail(c);
		return 0;
	}
	return (digits.data[0] - '0') * 10 + digits.data[1] - '0';
}

static size_t leading_digits(struct view text)
{
	size_t n = 0;
	while (n < text.size && isdigit(text.data[n]))
		n++;
	return n;
}

static void skip_fraction(struct cursor *c)
{
	if (c->rest.size == 0 || (c->rest.data[0] != '.' && c->rest.data[0] != ','))
		return;
	(void)cursor_u8(c);
	size_t digits = leading_digits(c->rest);
	if (digits == 0)
		cursor_fail(c);
	(void)cursor_take(c, digits);
}

/* Z, +hhmm or -hhmm: what must be subtracted, in seconds. */
static int take_offset(struct cursor *c)
{
	uint8_t sign = cursor_u8(c);
	if (sign == 'Z')
		return 0;
	if (sign != '+' && sign != '-')
		cursor_fail(c);
	int hours = two_digits(c), minutes = two_digits(c);
	if (hours > 14 || minutes > 59)
		cursor_fail(c);
	int offset = hours * 3600 + minutes * 60;
	return sign == '-' ? -offset : offset;
}

int operand_asn1_time(struct view text, int64_t *ret)
{
	/* 10: YYMMDDHHMM, 12: YYMMDDHHMMSS, 14: YYYYMMDDHHMMSS. */
	size_t digits = leading_digits(text);
	if (digits != 10 && digits != 12 && digits != 14)
		return -EINVAL;
	struct cursor c = cursor_of(text);
	struct civil_time t = {.year = two_digits(&c)};
	if (digits == 14)
		t.year = t.year * 100 + two_digits(&c);
	else
		t.year += t.year < 50 ? 2000 : 1900;
	t.month = two_digits(&c);
	t.day = two_digits(&c);
	t.hour = two_digits(&c);
	t.minute = two_digits(&c);
	if (digits > 10)
		t.second = two_digits(&c);
	if (digits == 14)
		skip_fraction(&c);
	int offset = take_offset(&c);
	int64_t seconds;
	if (cursor_end(&c) < 0 || civil_to_seconds(&t, &seconds) < 0)
		return -EINVAL;
	if (seconds - offset < TIME_LEAST || seconds - offset > TIME_MOST)
		return -EINVAL;
	*ret = seconds - offset;
	return 0;
}

/* ---- the time of a command line ---- */

/* +09:00, +0900, +09, Z. */
static int take_zone(struct cursor *c)
{
	uint8_t sign = cursor_u8(c);
	if (sign == 'Z' || sign == 'z')
		return 0;
	if (sign != '+' && sign != '-')
		cursor_fail(c);
	int hours = two_digits(c), minutes = 0;
	if (c->rest.size > 0 && c->rest.data[0] == ':')
		(void)cursor_u8(c);
	if (c->rest.size > 0)
		minutes = two_digits(c);
	if (hours > 14 || minutes > 59)
		cursor_fail(c);
	int offset = hours * 3600 + minutes * 60;
	return sign == '-' ? -offset : offset;
}

static void take_mark(struct cursor *c, const char *marks)
{
	uint8_t mark = cursor_u8(c);
	if (mark == '\0' || !strchr(marks, mark))
		cursor_fail(c);
}

static void take_date(struct cursor *c, struct civil_time *t)
{
	t->year = two_digits(c) * 100;
	t->year += two_digits(c);
	take_mark(c, "-");
	t->month = two_digits(c);
	take_mark(c, "-");
	t->day = two_digits(c);
}

/* T or a blank, HH:MM, :SS and a fraction where they are. */
static void take_clock(struct cursor *c, struct civil_time *t)
{
	take_mark(c, "Tt ");
	t->hour = two_digits(c);
	take_mark(c, ":");
	t->minute = two_digits(c);
	if (c->rest.size > 0 && c->rest.data[0] == ':') {
		(void)cursor_u8(c);
		t->second = two_digits(c);
		skip_fraction(c);
	}
	if (c->rest.size > 0 && c->rest.data[0] == ' ')
		(void)cursor_u8(c);
}

static int read_iso(struct view text, int64_t *ret)
{
	struct cursor c = cursor_of(text);
	struct civil_time t = {0};
	int64_t seconds;
	take_date(&c, &t);
	bool bare = c.rest.size == 0; /* a date alone is the beginning of that day in UTC */
	if (!bare && c.rest.data[0] != '\0' && strchr("Tt ", c.rest.data[0]))
		take_clock(&c, &t);
	int offset = bare ? 0 : take_zone(&c);
	if (cursor_end(&c) < 0 || civil_to_seconds(&t, &seconds) < 0)
		return -EINVAL;
	if (seconds - offset < TIME_LEAST || seconds - offset > TIME_MOST)
		return -EINVAL;
	*ret = seconds - offset;
	return 0;
}

int operand_time(const char *text, int64_t now, int64_t *ret)
{
	int64_t ago_us;
	if (strcmp(text, "now") == 0) {
		*ret = now;
		return 0;
	}
	if (*text == '-' && operand_duration(text + 1, &ago_us) == 0) {
		*ret = now - ago_us / 1000000;
		return 0;
	}
	return read_iso(view_of_string(text), ret);
}
