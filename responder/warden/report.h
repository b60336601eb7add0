/* The document that `status` shows, put together from what the rooms reported
 * (control_socket.h). */
#pragma once

#include "base/alarms.h"
#include "warden/rooms.h"

/* What it is about. */
struct report_instance {
	const struct conf *conf;
	struct rooms *rooms;
	int64_t started_at; /* seconds since 1970 */
	bool draining;
	const struct alarms *alarms; /* the warden's own */
};

/* Appends the document and LF. */
void report_render(const struct report_instance *instance, struct buffer *out);
