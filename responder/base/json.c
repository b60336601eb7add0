#include "base/json.h"

#include "base/utf8.h"

#include <inttypes.h>

/* Others may have chosen the text: what is no UTF-8 would make the whole unreadable. */
static void put_character(struct buffer *out, struct view character)
{
	uint8_t c = character.data[0];
	if (character.size == 0)
		buffer_put_string(out, "\\ufffd");
	else if (c == '"' || c == '\\')
		buffer_printf(out, "\\%c", c);
	else if (c < 0x20)
		buffer_printf(out, "\\u%04x", c);
	else
		buffer_put_view(out, character);
}

void json_put_string(struct buffer *out, const char *string)
{
	buffer_put_u8(out, '"');
	for (struct view text = view_of_string(string); text.size > 0;) {
		size_t size = utf8_size(text), step = size ? size : 1;
		put_character(out, view_of(text.data, size));
		text = view_of(text.data + step, text.size - step);
	}
	buffer_put_u8(out, '"');
}

void json_put_number(struct buffer *out, const char *name, uint64_t value)
{
	buffer_printf(out, ",\"%s\":%" PRIu64, name, value);
}
