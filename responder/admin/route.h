/* What there is on the admin listener: the one table of paths.
 *
 *   request ──▶ route ──question()──▶ window ──▶ the warden's document ──make()──▶ reply
 *                └── without a question: make() at once */
#pragma once

#include "admin/reply.h"
#include "admin/request.h"

#include <json-c/json.h>

#define ADMIN_READS (1u << HTTP_GET | 1u << HTTP_HEAD)
#define ADMIN_WRITES (1u << HTTP_POST)

struct admin_route {
	const char *path;
	bool below; /* PATH/SOMETHING is its, too */
	unsigned methods; /* ADMIN_READS, ADMIN_WRITES */
	/* The line that the warden is asked (window.h). 0, or a status of HTTP: nothing is asked, and
	 * that is the answer. NULL: it needs none. */
	int (*question)(const struct admin_request *request, struct buffer *line);
	/* `document`: what the warden said, an object; NULL without a question. `reply` is empty, with
	 * status 200. */
	void (*make)(const struct admin_request *request, struct json_object *document,
		     struct moment now, struct admin_reply *reply);
};

/* Finds the route, and sets request->below. NULL: there is none (404). */
const struct admin_route *admin_route_find(struct admin_request *request);
