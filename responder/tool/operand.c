#include "tool/operand.h"

#include "base/hex.h"

#include <ctype.h>

int operand_serial_octets(struct view octets, struct serial *ret)
{
	if (octets.size == 0 || octets.data[0] & 0x80)
		return -EINVAL;
	while (octets.size > 1 && octets.data[0] == 0 && !(octets.data[1] & 0x80))
		octets = view_of(octets.data + 1, octets.size - 1);
	return serial_set(ret, octets);
}

static int read_digits(struct view text, struct serial *ret)
{
	uint8_t octets[1 + 2 * LIMIT_SERIAL] = {0}; /* a zero in front: never negative */
	size_t size = 0;
	if (hex_parse(text, sizeof(octets) - 1, octets + 1, &size) < 0)
		return -EINVAL;
	return operand_serial_octets(view_of(octets, size + 1), ret);
}

int operand_serial(struct view text, struct serial *ret)
{
	if (text.size > 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x')
		text = view_of(text.data + 2, text.size - 2);
	return read_digits(text, ret);
}

/* ---- a serial number as people paste it ---- */

/* More than any serial number takes in any form. */
#define PASTED_SIZE ((size_t)4 * LIMIT_SERIAL)

static bool take_prefix(struct view *text, const char *prefix)
{
	size_t size = strlen(prefix);
	if (text->size < size || strncasecmp((const char *)text->data, prefix, size) != 0)
		return false;
	*text = view_of(text->data + size, text->size - size);
	return true;
}

static struct view trim(struct view text)
{
	while (text.size > 0 && isspace(text.data[0]))
		text = view_of(text.data + 1, text.size - 1);
	while (text.size > 0 && isspace(text.data[text.size - 1]))
		text.size--;
	return text;
}

/* Blanks and dashes stand where colons do: "00 F3 A1", "00: F3: A1", "00-F3-A1". */
static int read_hexadecimal(struct view text, struct serial *ret)
{
	uint8_t packed[PASTED_SIZE];
	size_t size = 0;
	for (size_t i = 0; i < text.size; i++) {
		bool blank = isspace(text.data[i]), dash = text.data[i] == '-';
		if (blank && size > 0 && packed[size - 1] == ':')
			continue;
		packed[size++] = blank || dash ? ':' : text.data[i];
	}
	return read_digits(view_of(packed, size), ret);
}

static int read_decimal(struct view digits, struct serial *ret)
{
	uint8_t octets[1 + LIMIT_SERIAL] = {0}; /* a zero in front: never negative */
	if (digits.size == 0)
		return -EINVAL;
	for (size_t i = 0; i < digits.size; i++) {
		unsigned carry = (unsigned)digits.data[i] - '0';
		if (carry > 9)
			return -EINVAL;
		for (size_t k = sizeof(octets); k-- > 0; carry >>= 8) {
			carry += octets[k] * 10u;
			octets[k] = (uint8_t)carry;
		}
		if (carry)
			return -EINVAL;
	}
	return operand_serial_octets(view_of(octets, sizeof(octets)), ret);
}

int operand_serial_pasted(struct view whole, struct serial *ret, struct fault *fault)
{
	struct view text = trim(whole);
	int shown = whole.size > 80 ? 80 : (int)whole.size;
	const char *begin = (const char *)whole.data;
	if (text.size >= PASTED_SIZE)
		return fault_set(fault, -EINVAL, "%.*s…: too long for a serial number", shown,
				 begin);
	(void)take_prefix(&text, "serial="); /* as `openssl x509 -serial` prints it */
	if (text.size > 0 && text.data[0] == '-')
		return fault_set(
			fault, -EINVAL,
			"%.*s: a serial number is never negative; leave the sign out, and "
			"the number is read as positive (00 stands in front where its first "
			"bit is set)",
			shown, begin);
	bool decimal = take_prefix(&text, "decimal:");
	if (!decimal && !take_prefix(&text, "\\x"))
		(void)take_prefix(&text, "0x");
	if ((decimal ? read_decimal(trim(text), ret) : read_hexadecimal(trim(text), ret)) == 0)
		return 0;
	return fault_set(fault, -EINVAL,
			 "%.*s: not a serial number of up to %d octets, hexadecimal like 0A:BC or "
			 "0xABC, or decimal:2748",
			 shown, begin, LIMIT_SERIAL);
}

int operand_reason(struct view text, enum revocation_reason *ret)
{
	static const char digits[] = "0123456789";
	char packed[32 + 1];
	size_t size = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == ' ')
			continue;
		if (size == sizeof(packed) - 1)
			return -EINVAL;
		packed[size++] = (char)text.data[i];
	}
	packed[size] = '\0';
	if (size > 0 && size < 3 && strspn(packed, digits) == size) {
		enum revocation_reason number = (enum revocation_reason)strtol(packed, NULL, 10);
		if (!reason_name(number))
			return -EINVAL;
		*ret = number;
		return 0;
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
