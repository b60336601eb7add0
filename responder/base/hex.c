#include "base/hex.h"

#include <errno.h>

void hex_put(char *out, struct view bytes)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < bytes.size; i++) {
		*out++ = digits[bytes.data[i] >> 4];
		*out++ = digits[bytes.data[i] & 15];
	}
	*out = '\0';
}

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_parse(struct view text, size_t most, uint8_t *out, size_t *ret_size)
{
	size_t digits = 0, colons = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == ':')
			colons++;
		else if (digit_value(text.data[i]) >= 0)
			digits++;
		else
			return -EINVAL;
	}
	if (digits == 0 || (digits + 1) / 2 > most || (colons > 0 && digits % 2))
		return -EINVAL;

	size_t size = 0;
	bool half = digits % 2 == 1;
	uint8_t value = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == ':') {
			/* Colons stand between whole octets: AA:BB, never A:AB or AA::BB. */
			if (half || size == 0 || i + 1 == text.size || text.data[i - 1] == ':')
				return -EINVAL;
			continue;
		}
		value = (uint8_t)(value << 4 | digit_value(text.data[i]));
		half = !half;
		if (!half) {
			out[size++] = value;
			value = 0;
		}
	}
	*ret_size = size;
	return 0;
}
