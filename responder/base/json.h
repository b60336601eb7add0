/* Pieces of JSON (RFC 8259) for what a room tells of itself: the rooms themselves have no JSON
 * library, and need to write only. */
#pragma once

#include "base/bytes.h"

/* A string with its quotes; each octet of `text` that is no UTF-8, which a server may have sent or a bound have cut,
 * becomes U+FFFD. */
void json_put_string(struct buffer *out, const char *text);
/* `,"name":value`: a further member of an object. */
void json_put_number(struct buffer *out, const char *name, uint64_t value);
