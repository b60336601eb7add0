/* One frame as it travels on a channel: length of what follows (u32, big-endian) · type (u8) · payload. */
#pragma once

#include "base/bytes.h"

#define FRAME_HEADER 5u

/* Appends one; the payload is under LIMIT_FRAME. Look at buffer_result(). */
void frame_put(struct buffer *out, uint8_t type, struct view payload);
/* Takes one whole frame off `bytes`. False: none is there yet, and *wanted is how many octets the frame has
 * in all (0: unknown); or its header is wrong and `bytes` has failed. */
bool frame_take(struct cursor *bytes, uint8_t *type, struct view *payload, size_t *wanted);
