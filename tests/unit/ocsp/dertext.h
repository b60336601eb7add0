/* DER as text for tests: hex octets, white space, `{ … }` for a length and the content it counts,
 * and `*N` after an octet to repeat it. "30{02{01} 04{00*20}}" is SEQUENCE { 1, 20 zero octets }. */
#pragma once

#include "unit.h"

static void der_text_compile(const char **text, struct buffer *out);

static void der_text_put_length(struct buffer *out, size_t length)
{
	if (length >= 0x100) {
		buffer_put_u8(out, 0x82);
		buffer_put_u16(out, (uint16_t)length);
		return;
	}
	if (length >= 0x80)
		buffer_put_u8(out, 0x81);
	buffer_put_u8(out, (uint8_t)length);
}

static void der_text_nest(const char **text, struct buffer *out)
{
	struct buffer content = {0};
	der_text_compile(text, &content);
	assert_int_equal(*(*text)++, '}');
	assert_true(content.size < 0x10000);
	der_text_put_length(out, content.size);
	buffer_put_view(out, buffer_view(&content));
	buffer_deinit(&content);
}

static void der_text_octet(const char **text, struct buffer *out)
{
	char digits[3] = {(*text)[0], (*text)[1], 0};
	char *end = NULL;
	uint8_t octet = (uint8_t)strtoul(digits, &end, 16);
	assert_ptr_equal(end, digits + 2);
	*text += 2;
	unsigned long count = 1;
	if (**text == '*') {
		count = strtoul(*text + 1, &end, 10);
		*text = end;
	}
	while (count-- > 0)
		buffer_put_u8(out, octet);
}

static void der_text_compile(const char **text, struct buffer *out)
{
	while (**text && **text != '}') {
		if (**text == ' ' || **text == '\n') {
			(*text)++;
		} else if (**text == '{') {
			(*text)++;
			der_text_nest(text, out);
		} else {
			der_text_octet(text, out);
		}
	}
}

/* An exact allocation, so that a read past its end is caught. */
static struct view der_text(const char *text)
{
	struct buffer out = {0};
	der_text_compile(&text, &out);
	assert_int_equal(*text, 0);
	assert_int_equal(buffer_result(&out), 0);
	uint8_t *exact = malloc(out.size ? out.size : 1);
	assert_non_null(exact);
	if (out.size)
		memcpy(exact, out.data, out.size);
	struct view view = view_of(exact, out.size);
	buffer_deinit(&out);
	return view;
}

static void der_text_free(struct view *der)
{
	free((void *)(uintptr_t)der->data);
}
