/* The chunked body of a request (RFC 9112, section 7.1), decoded as it arrives: strict framing,
 * every part bounded, chunk extensions and trailers ignored. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"
#include "http/request.h"

enum http_chunk_state {
	HTTP_CHUNK_SIZE, /* in a chunk-size line, its CRLF included */
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_END, /* the CRLF after the data */
	HTTP_CHUNK_TRAILER, /* lines up to the empty one */
	HTTP_CHUNK_DONE,
};

/* Zero-initialise it for each body. */
struct http_chunked {
	enum http_chunk_state state;
	uint32_t body_size; /* octets written so far */
	uint32_t chunk; /* octets left of this chunk */
	unsigned line; /* octets of this line */
	unsigned trailers; /* octets of all trailer lines */
	unsigned part; /* where in the line we are: chunked.c */
};

/* Takes the next bytes and appends what they carry to `body` (LIMIT_REQUEST_BODY octets) at
 * body_size. `body` may lie in the same memory as `bytes`, at or before it (decoding in place).
 * 0 when the body is complete, HTTP_INCOMPLETE when all bytes are used up and more are needed, in
 * both cases with *ret_used set; or 400, 413 (body too large) or 431 (trailers too large), after
 * which the connection closes. */
must_check int http_chunked_decode(struct http_chunked *c, struct view bytes, uint8_t *body,
				   size_t *ret_used);
