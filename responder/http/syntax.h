/* Inside the room: the pieces of HTTP's grammar that several files read (RFC 9110, 5.6). */
#pragma once

#include "base/bytes.h"

/* Whether an octet may stand in a token. */
bool http_is_token_octet(uint8_t octet);
/* How many octets at the beginning are a token; 0: none. */
size_t http_token_size(struct view text);
/* How many octets at the beginning are a host, with a port or without (RFC 3986, 3.2.2 and 3.2.3);
 * 0: none. A comma stands in no name here, so that two hosts joined into one are refused like two
 * (P-46, P-54). */
size_t http_host_size(struct view text);
/* Without spaces and tabs at both ends. */
struct view http_trim(struct view text);

/* Octets from `from` on, which is at most text.size. */
static inline struct view http_from(struct view text, size_t from)
{
	return from == 0 ? text : view_of(text.data + from, text.size - from);
}

/* The position of an octet, or text.size. */
static inline size_t http_find(struct view text, uint8_t octet)
{
	const uint8_t *at = text.size ? memchr(text.data, octet, text.size) : NULL;
	return at ? (size_t)(at - text.data) : text.size;
}

/* Takes the next element of a comma-separated list without the white space around it; empty
 * elements come out empty. False at the end. Not for lists whose elements may quote commas. */
bool http_next_element(struct view *list, struct view *ret);
