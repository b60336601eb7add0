/* The page for people: how the instance is, what it does, and why it answers what it answers. It works
 * without scripts; a small one of its own keeps it up to date. It can change nothing. */
#pragma once

#include "admin/reply.h"
#include "admin/request.h"

#include <json-c/json.h>

/* Routes: GET and POST of "/", and what these load. */
int page_question(const struct admin_request *request, struct buffer *line);
void page_make(const struct admin_request *request, struct json_object *document, struct moment now,
	       struct admin_reply *reply);
void page_style(const struct admin_request *request, struct json_object *document,
		struct moment now, struct admin_reply *reply);
void page_script(const struct admin_request *request, struct json_object *document,
		 struct moment now, struct admin_reply *reply);
void page_icon(const struct admin_request *request, struct json_object *document, struct moment now,
	       struct admin_reply *reply);
