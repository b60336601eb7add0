/* Bytes in, bytes out: a view to look at, a cursor to read with, a buffer to write to.
 *
 * Nobody does pointer arithmetic on wire data. A cursor has a sticky error: read on and check once
 * at the end; after an error every read gives zero or an empty view. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes; valid as long as what they were taken from. */
struct view {
	const uint8_t *data;
	size_t size;
};

static inline struct view view_of(const void *data, size_t size)
{
	return (struct view){.data = data, .size = size};
}

struct view view_of_string(const char *text);
bool view_equal(struct view a, struct view b);
/* ASCII letters compare without case; nothing else does. */
bool view_equal_nocase(struct view a, struct view b);
/* Order by octets, then by length. */
int view_compare(struct view a, struct view b);

struct cursor {
	struct view rest;
	bool failed;
};

struct cursor cursor_of(struct view bytes);
/* Integers are big-endian. */
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
int64_t cursor_i64(struct cursor *c);
/* Only 0 and 1 are booleans. */
bool cursor_bool(struct cursor *c);
struct view cursor_take(struct cursor *c, size_t size);
/* A 32-bit length and that many bytes; more than `most` is an error. */
struct view cursor_take_sized(struct cursor *c, size_t most);
void cursor_fail(struct cursor *c);
/* 0 if nothing failed and nothing is left, else -EBADMSG. */
must_check int cursor_end(const struct cursor *c);

/* A growing buffer with a sticky error (allocation failure, or more than `most` bytes asked for).
 * Zero-initialised it is empty and without a bound. */
struct buffer {
	uint8_t *data;
	size_t size;
	size_t capacity;
	size_t most; /* 0: no bound but memory */
	bool failed;
};

/* Room for `size` more bytes, or NULL (and failed). Does not change `size`. */
uint8_t *buffer_reserve(struct buffer *b, size_t size);
void buffer_put(struct buffer *b, const void *data, size_t size);
void buffer_put_view(struct buffer *b, struct view bytes);
void buffer_put_string(struct buffer *b, const char *text);
void buffer_put_u8(struct buffer *b, uint8_t value);
void buffer_put_u16(struct buffer *b, uint16_t value);
void buffer_put_u32(struct buffer *b, uint32_t value);
void buffer_put_u64(struct buffer *b, uint64_t value);
void buffer_put_i64(struct buffer *b, int64_t value);
void buffer_put_bool(struct buffer *b, bool value);
/* A 32-bit length and the bytes: what cursor_take_sized() reads. */
void buffer_put_sized(struct buffer *b, struct view bytes);
void buffer_printf(struct buffer *b, const char *format, ...) printf_like(2, 3);
/* Drops the first `size` bytes. */
void buffer_consume(struct buffer *b, size_t size);
/* Empties it, keeps the memory, forgets the error. */
void buffer_reset(struct buffer *b);
void buffer_deinit(struct buffer *b);
/* 0, or -ENOMEM / -EMSGSIZE when something failed. */
must_check int buffer_result(const struct buffer *b);

static inline struct view buffer_view(const struct buffer *b)
{
	return view_of(b->data, b->size);
}
