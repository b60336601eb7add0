#include "tool/output.h"

#include "base/hex.h"
#include "base/record.h"
#include "base/timetext.h"

#include <stdarg.h>
#include <stdio.h>

void output_text(struct buffer *out, struct view text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];
		/* U+0080 … U+009F are control characters too: C2 80 … C2 9F in UTF-8. */
		bool c1 = c >= 0x80 && c <= 0x9f && i > 0 && text.data[i - 1] == 0xc2;
		if (c < 0x20 || c == 0x7f || c1)
			buffer_printf(out, "\\x%02X", c);
		else
			buffer_put_u8(out, c);
	}
}

char *output_text_new(const char *text)
{
	struct buffer out = {0};
	output_text(&out, view_of_string(text));
	buffer_put_u8(&out, '\0');
	if (buffer_result(&out) == 0)
		return (char *)out.data;
	buffer_deinit(&out);
	return NULL;
}

static void print_line(FILE *file, const char *prefix, const char *text)
{
	cleanup(memory_freep) char *harmless = output_text_new(text);
	(void)fprintf(file, "%s%s\n", prefix, harmless ? harmless : "out of memory");
}

void output_error(const struct fault *fault)
{
	print_line(stderr, "stillgood: ", fault->text);
}

void output_note(const char *format, ...)
{
	struct fault text;
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text.text, sizeof(text.text), format, arguments);
	va_end(arguments);
	print_line(stderr, "", text.text);
}

void output_json(struct json_object *document)
{
	const int flags =
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;
	puts(json_object_to_json_string_ext(document, flags));
	json_object_put(document);
}

void output_json_string(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text ? json_object_new_string(text) : NULL);
}

void output_json_view(struct json_object *object, const char *key, struct view text)
{
	json_object_object_add(object, key,
			       json_object_new_string_len((const char *)text.data, (int)text.size));
}

void output_json_hex(struct json_object *object, const char *key, struct view bytes)
{
	cleanup(memory_freep) char *digits = malloc(bytes.size * 2 + 1);
	if (digits)
		hex_put(digits, bytes);
	output_json_string(object, key, digits);
}

void output_json_time(struct json_object *object, const char *key, int64_t seconds)
{
	char text[ISO_TIME_SIZE + 1] = "";
	if (seconds != TIME_NONE)
		time_put_iso(text, seconds);
	output_json_string(object, key, seconds == TIME_NONE ? NULL : text);
}

void output_json_number(struct json_object *object, const char *key, int64_t number)
{
	json_object_object_add(object, key, json_object_new_int64(number));
}

void output_json_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}
