#include "ocsp/der.h"

#include "base/timetext.h"

#include <errno.h>

/* Four octets of length are more than any input that we accept can need. */
#define MOST_LENGTH_OCTETS 4

uint8_t der_peek(const struct cursor *c)
{
	return c->rest.size > 0 ? c->rest.data[0] : 0;
}

/* The long form: the minimal number of octets, and only where the short form does not do. */
static size_t read_long_length(struct cursor *c, size_t octet_count)
{
	if (octet_count == 0 || octet_count > MOST_LENGTH_OCTETS) {
		cursor_fail(c);
		return 0;
	}
	struct view octets = cursor_take(c, octet_count);
	size_t length = 0;
	for (size_t i = 0; i < octets.size; i++)
		length = length << 8 | octets.data[i];
	if (length < 0x80 || (octet_count > 1 && length >> (8 * (octet_count - 1)) == 0))
		cursor_fail(c);
	return length;
}

static size_t read_length(struct cursor *c)
{
	uint8_t first = cursor_u8(c);
	if (first < 0x80)
		return first;
	return read_long_length(c, first & 0x7f);
}

struct der_value der_any(struct cursor *c)
{
	struct view start = c->rest;
	uint8_t tag = cursor_u8(c);
	if (tag == 0 || (tag & 0x1f) == 0x1f) /* end-of-contents; a tag of several octets */
		cursor_fail(c);
	size_t length = read_length(c);
	struct view content = cursor_take(c, length);
	if (c->failed)
		return (struct der_value){0};
	return (struct der_value){
		.tag = tag,
		.whole = view_of(start.data, start.size - c->rest.size),
		.content = content,
	};
}

static struct der_value take(struct cursor *c, uint8_t tag)
{
	if (der_peek(c) != tag)
		cursor_fail(c);
	return der_any(c);
}

struct view der_take(struct cursor *c, uint8_t tag)
{
	return take(c, tag).content;
}

struct view der_take_whole(struct cursor *c, uint8_t tag)
{
	return take(c, tag).whole;
}

struct cursor der_enter(struct cursor *c, uint8_t tag)
{
	struct cursor inner = cursor_of(der_take(c, tag));
	if (c->failed)
		cursor_fail(&inner);
	return inner;
}

void der_leave(struct cursor *c, const struct cursor *inner)
{
	if (cursor_end(inner) < 0)
		cursor_fail(c);
}

/* Each arc is in base 128, the last octet without the high bit, without leading zeros. */
static bool oid_is_well_formed(struct view oid)
{
	if (oid.size == 0 || oid.data[oid.size - 1] & 0x80)
		return false;
	for (size_t i = 0; i < oid.size; i++)
		if (oid.data[i] == 0x80 && (i == 0 || !(oid.data[i - 1] & 0x80)))
			return false;
	return true;
}

struct view der_oid(struct cursor *c)
{
	struct view oid = der_take(c, DER_OID);
	if (!oid_is_well_formed(oid)) {
		cursor_fail(c);
		return (struct view){0};
	}
	return oid;
}

bool der_boolean(struct cursor *c)
{
	struct view content = der_take(c, DER_BOOLEAN);
	if (content.size != 1 || (content.data[0] != 0x00 && content.data[0] != 0xff)) {
		cursor_fail(c);
		return false;
	}
	return content.data[0] == 0xff;
}

int64_t der_time(struct cursor *c)
{
	struct der_value value = der_any(c);
	int64_t seconds = 0;
	int result = -EINVAL;
	if (value.tag == DER_UTC_TIME)
		result = time_parse_utc(value.content, &seconds);
	else if (value.tag == DER_GENERALIZED_TIME)
		result = time_parse_generalized(value.content, &seconds);
	if (result < 0)
		cursor_fail(c);
	return seconds;
}

bool der_is(struct view bytes, uint8_t tag)
{
	struct cursor c = cursor_of(bytes);
	(void)der_take(&c, tag);
	return cursor_end(&c) == 0;
}

void der_put(struct der_writer *w, const void *data, size_t size)
{
	w->size += size;
	if (w->end && size > 0)
		memcpy(w->end - w->size, data, size);
}

void der_put_view(struct der_writer *w, struct view bytes)
{
	der_put(w, bytes.data, bytes.size);
}

void der_put_u8(struct der_writer *w, uint8_t octet)
{
	der_put(w, &octet, 1);
}

void der_put_header(struct der_writer *w, uint8_t tag, size_t since)
{
	size_t length = w->size - since;
	if (length < 0x80) {
		der_put_u8(w, (uint8_t)length);
	} else {
		uint8_t octet_count = 0;
		for (; length > 0; length >>= 8, octet_count++)
			der_put_u8(w, (uint8_t)length);
		der_put_u8(w, 0x80 | octet_count);
	}
	der_put_u8(w, tag);
}

void der_put_time(struct der_writer *w, int64_t seconds)
{
	size_t since = w->size;
	char text[GENERALIZED_TIME_SIZE] = {0};
	if (w->end) /* counting needs no text */
		time_put_generalized(text, seconds);
	der_put(w, text, sizeof(text));
	der_put_header(w, DER_GENERALIZED_TIME, since);
}

void der_append(struct buffer *out, void (*template)(struct der_writer *w, const void *fields),
		const void *fields)
{
	struct der_writer count = {0};
	template(&count, fields);
	uint8_t *room = buffer_reserve(out, count.size);
	if (!room)
		return;
	struct der_writer writer = {.end = room + count.size};
	template(&writer, fields);
	out->size += count.size;
}
