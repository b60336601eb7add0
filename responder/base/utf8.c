#include "base/utf8.h"

static size_t size_by(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t utf8_size(struct view text)
{
	uint8_t first = text.data[0];
	size_t size = size_by(first);
	if (size > text.size)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((text.data[i] & 0xc0) != 0x80)
			return 0;
	bool overlong =
		(first == 0xe0 && text.data[1] < 0xa0) || (first == 0xf0 && text.data[1] < 0x90);
	bool surrogate = first == 0xed && text.data[1] >= 0xa0;
	bool beyond = first == 0xf4 && text.data[1] >= 0x90;
	return overlong || surrogate || beyond ? 0 : size;
}
