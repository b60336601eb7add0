#include "cli/operand.h"

#include "base/hex.h"
#include "base/timetext.h"

#include <ctype.h>

int operand_serial_octets(struct view octets, struct serial *ret)
{
	if (octets.size == 0 || octets.data[0] & 0x80)
		return -EINVAL;
	while (octets.size > 1 && octets.data[0] == 0 && !(octets.data[1] & 0x80))
		octets = view_of(octets.data + 1, octets.size - 1);
	return serial_set(ret, octets);
}

int operand_serial(struct view text, struct serial *ret)
{
	uint8_t octets[1 + 2 * LIMIT_SERIAL] = {0}; /* a zero in front: never negative */
	size_t size = 0;
	if (text.size > 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x')
		text = view_of(text.data + 2, text.size - 2);
	if (hex_parse(text, sizeof(octets) - 1, octets + 1, &size) < 0)
		return -EINVAL;
	return operand_serial_octets(view_of(octets, size + 1), ret);
}

int operand_reason(struct view text, enum revocation_reason *ret)
{
	char packed[32];
	size_t size = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == ' ')
			continue;
		if (size == sizeof(packed))
			return -EINVAL;
		packed[size++] = (char)text.data[i];
	}
	return reason_parse(view_of(packed, size), ret);
}

int operand_duration(const char *text, int64_t *ret_us)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {
		{"us", 1},
		{"ms", 1000},
		{"s", 1000000},
		{"m", 60 * INT64_C(1000000)},
		{"h", 3600 * INT64_C(1000000)},
		{"d", 86400 * INT64_C(1000000)},
	};
	char *unit;
	errno = 0;
	long long number = strtoll(text, &unit, 10);
	if (errno || unit == text || !isdigit((unsigned char)*text) || number > 1000000000)
		return -EINVAL;
	for (size_t i = 0; i < array_size(units); i++) {
		if (strcmp(unit, units[i].name) == 0) {
			*ret_us = number * units[i].us;
			return 0;
		}
	}
	return -EINVAL;
}

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
