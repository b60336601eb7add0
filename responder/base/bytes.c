#include "base/bytes.h"

#include <errno.h>
#include <stdarg.h>

struct view view_of_string(const char *text)
{
	return view_of(text, strlen(text));
}

bool view_equal(struct view a, struct view b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static uint8_t lower(uint8_t octet)
{
	return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet + ('a' - 'A')) : octet;
}

bool view_equal_nocase(struct view a, struct view b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

int view_compare(struct view a, struct view b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common ? memcmp(a.data, b.data, common) : 0;
	if (order != 0)
		return order;
	return (a.size > b.size) - (a.size < b.size);
}

struct cursor cursor_of(struct view bytes)
{
	return (struct cursor){.rest = bytes};
}

void cursor_fail(struct cursor *c)
{
	c->failed = true;
	c->rest = (struct view){0};
}

struct view cursor_take(struct cursor *c, size_t size)
{
	if (c->failed || size > c->rest.size) {
		cursor_fail(c);
		return (struct view){0};
	}
	struct view taken = view_of(c->rest.data, size);
	if (size > 0)
		c->rest.data += size;
	c->rest.size -= size;
	return taken;
}

static uint64_t cursor_integer(struct cursor *c, size_t size)
{
	struct view octets = cursor_take(c, size);
	uint64_t value = 0;
	for (size_t i = 0; i < octets.size; i++)
		value = value << 8 | octets.data[i];
	return value;
}

uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_integer(c, 1);
}

uint16_t cursor_u16(struct cursor *c)
{
	return (uint16_t)cursor_integer(c, 2);
}

uint32_t cursor_u32(struct cursor *c)
{
	return (uint32_t)cursor_integer(c, 4);
}

uint64_t cursor_u64(struct cursor *c)
{
	return cursor_integer(c, 8);
}

int64_t cursor_i64(struct cursor *c)
{
	return (int64_t)cursor_integer(c, 8);
}

bool cursor_bool(struct cursor *c)
{
	uint8_t value = cursor_u8(c);
	if (value > 1)
		cursor_fail(c);
	return value == 1;
}

struct view cursor_take_sized(struct cursor *c, size_t most)
{
	uint32_t size = cursor_u32(c);
	if (size > most) {
		cursor_fail(c);
		return (struct view){0};
	}
	return cursor_take(c, size);
}

int cursor_end(const struct cursor *c)
{
	return c->failed || c->rest.size > 0 ? -EBADMSG : 0;
}

uint8_t *buffer_reserve(struct buffer *b, size_t size)
{
	if (b->failed)
		return NULL;
	if (size > SIZE_MAX / 2 - b->size || (b->most && b->size + size > b->most)) {
		b->failed = true;
		return NULL;
	}
	if (b->size + size > b->capacity || !b->data) {
		size_t capacity = b->capacity ? b->capacity : 64;
		while (capacity < b->size + size)
			capacity *= 2;
		uint8_t *data = realloc(b->data, capacity);
		if (!data) {
			b->failed = true;
			return NULL;
		}
		b->data = data;
		b->capacity = capacity;
	}
	return b->data + b->size;
}

void buffer_put(struct buffer *b, const void *data, size_t size)
{
	uint8_t *room = buffer_reserve(b, size);
	if (!room || size == 0)
		return;
	memcpy(room, data, size);
	b->size += size;
}

void buffer_put_view(struct buffer *b, struct view bytes)
{
	buffer_put(b, bytes.data, bytes.size);
}

void buffer_put_string(struct buffer *b, const char *text)
{
	buffer_put(b, text, strlen(text));
}

static void buffer_put_integer(struct buffer *b, uint64_t value, size_t size)
{
	uint8_t *room = buffer_reserve(b, size);
	if (!room)
		return;
	for (size_t i = 0; i < size; i++)
		room[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
	b->size += size;
}

void buffer_put_u8(struct buffer *b, uint8_t value)
{
	buffer_put_integer(b, value, 1);
}

void buffer_put_u16(struct buffer *b, uint16_t value)
{
	buffer_put_integer(b, value, 2);
}

void buffer_put_u32(struct buffer *b, uint32_t value)
{
	buffer_put_integer(b, value, 4);
}

void buffer_put_u64(struct buffer *b, uint64_t value)
{
	buffer_put_integer(b, value, 8);
}

void buffer_put_i64(struct buffer *b, int64_t value)
{
	buffer_put_integer(b, (uint64_t)value, 8);
}

void buffer_put_bool(struct buffer *b, bool value)
{
	buffer_put_u8(b, value ? 1 : 0);
}

void buffer_put_sized(struct buffer *b, struct view bytes)
{
	if (bytes.size > UINT32_MAX) {
		b->failed = true;
		return;
	}
	buffer_put_u32(b, (uint32_t)bytes.size);
	buffer_put_view(b, bytes);
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	va_list again;
	va_copy(again, arguments);
	int size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	/* vsnprintf wants room for a NUL, which does not count against the bound. */
	size_t most = b->most;
	b->most = most ? most + 1 : 0;
	uint8_t *room = size < 0 ? NULL : buffer_reserve(b, (size_t)size + 1);
	b->most = most;
	if (room) {
		(void)vsnprintf((char *)room, (size_t)size + 1, format, again);
		b->size += (size_t)size;
	}
	va_end(again);
}

void buffer_consume(struct buffer *b, size_t size)
{
	if (size >= b->size) {
		b->size = 0;
		return;
	}
	if (size == 0)
		return;
	memmove(b->data, b->data + size, b->size - size);
	b->size -= size;
}

void buffer_reset(struct buffer *b)
{
	b->size = 0;
	b->failed = false;
}

void buffer_deinit(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){0};
}

int buffer_result(const struct buffer *b)
{
	if (!b->failed)
		return 0;
	return b->most ? -EMSGSIZE : -ENOMEM;
}
