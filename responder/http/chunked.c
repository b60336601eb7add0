/* A machine over octets for the lines, and over runs of octets for the data. Positions within a
 * line are `part`; a chunk extension is skipped, but only whole octets that a header could have. */
#include "http/chunked.h"

#include "http/syntax.h"

/* Where in a chunk-size line or a trailer line. */
enum part {
	PART_START = 0,
	PART_DIGITS, /* at least one digit of the size */
	PART_NAME, /* a trailer's field name */
	PART_TEXT, /* an extension, or a trailer's value */
	PART_CR, /* the CR at the end of a line that said something */
	PART_LAST_CR, /* the CR of the empty line that ends the body */
};

static int digit_of(uint8_t octet)
{
	if (octet >= '0' && octet <= '9')
		return octet - '0';
	octet |= 0x20;
	return octet >= 'a' && octet <= 'f' ? octet - 'a' + 10 : -1;
}

static bool is_text(uint8_t octet)
{
	return (octet >= 0x20 && octet != 0x7f) || octet == '\t';
}

static void enter(struct http_chunked *c, enum http_chunk_state state)
{
	c->state = state;
	c->part = PART_START;
	c->line = 0;
}

static int take_digit(struct http_chunked *c, int digit)
{
	c->chunk = c->chunk * 16 + (uint32_t)digit;
	c->part = PART_DIGITS;
	return c->chunk > LIMIT_REQUEST_BODY - c->body_size ? 413 : 0;
}

/* 1*HEXDIG, then CRLF or an extension that begins with its semicolon: no white space before it. */
static int take_size_octet(struct http_chunked *c, uint8_t octet)
{
	if (++c->line > LIMIT_HTTP_CHUNK_LINE)
		return 400;
	int digit = digit_of(octet);
	if (c->part <= PART_DIGITS && digit >= 0)
		return take_digit(c, digit);
	if (c->part == PART_DIGITS && octet == ';')
		c->part = PART_TEXT;
	else if ((c->part == PART_DIGITS || c->part == PART_TEXT) && octet == '\r')
		c->part = PART_CR;
	else if (c->part == PART_CR && octet == '\n')
		enter(c, c->chunk ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER);
	else if (c->part != PART_TEXT || !is_text(octet))
		return 400;
	return 0;
}

static int take_end_octet(struct http_chunked *c, uint8_t octet)
{
	if (c->part == PART_START && octet == '\r')
		c->part = PART_CR;
	else if (c->part == PART_CR && octet == '\n')
		enter(c, HTTP_CHUNK_SIZE);
	else
		return 400;
	return 0;
}

static int take_trailer_octet(struct http_chunked *c, uint8_t octet)
{
	if (++c->trailers > LIMIT_HTTP_TRAILERS)
		return 431;
	if (c->part == PART_START && octet == '\r')
		c->part = PART_LAST_CR;
	else if (c->part <= PART_NAME && http_is_token_octet(octet))
		c->part = PART_NAME;
	else if (c->part == PART_NAME && octet == ':')
		c->part = PART_TEXT;
	else if (c->part == PART_TEXT && octet == '\r')
		c->part = PART_CR;
	else if (c->part == PART_CR && octet == '\n')
		c->part = PART_START;
	else if (c->part == PART_LAST_CR && octet == '\n')
		enter(c, HTTP_CHUNK_DONE);
	else if (c->part != PART_TEXT || !is_text(octet))
		return 400;
	return 0;
}

static int take_line_octet(struct http_chunked *c, uint8_t octet)
{
	switch (c->state) {
	case HTTP_CHUNK_SIZE:
		return take_size_octet(c, octet);
	case HTTP_CHUNK_END:
		return take_end_octet(c, octet);
	case HTTP_CHUNK_TRAILER:
		return take_trailer_octet(c, octet);
	case HTTP_CHUNK_DATA:
	case HTTP_CHUNK_DONE:
		break;
	}
	return 400;
}

/* Bounded by LIMIT_REQUEST_BODY already when the size was read. */
static size_t take_data(struct http_chunked *c, struct view bytes, uint8_t *body)
{
	size_t size = bytes.size < c->chunk ? bytes.size : c->chunk;
	memmove(body + c->body_size, bytes.data, size);
	c->body_size += (uint32_t)size;
	c->chunk -= (uint32_t)size;
	if (c->chunk == 0)
		enter(c, HTTP_CHUNK_END);
	return size;
}

int http_chunked_decode(struct http_chunked *c, struct view bytes, uint8_t *body, size_t *ret_used)
{
	size_t used = 0;
	while (used < bytes.size && c->state != HTTP_CHUNK_DONE) {
		if (c->state == HTTP_CHUNK_DATA) {
			used += take_data(c, http_from(bytes, used), body);
			continue;
		}
		int result = take_line_octet(c, bytes.data[used++]);
		if (result)
			return result;
	}
	*ret_used = used;
	return c->state == HTTP_CHUNK_DONE ? 0 : HTTP_INCOMPLETE;
}
