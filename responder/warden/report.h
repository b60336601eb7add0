/* The document that `status` shows, put together from what the rooms reported
 * (control_socket.h). */
#pragma once

#include "warden/rooms.h"

/* Appends the document and LF. */
void report_render(const struct conf *conf, struct rooms *rooms, int64_t started_at,
		   struct buffer *out);
