/* Health for monitors and load balancers that may know everything: each reason with its words. */
#pragma once

#include "admin/reply.h"
#include "admin/request.h"

#include <json-c/json.h>

/* This room turns, and so does the warden's table of rooms. */
void health_alive(const struct admin_request *request, struct json_object *document,
		  struct moment now, struct admin_reply *reply);
/* /readyz: may this instance receive traffic? /readyz/NAME: is this issuer answered? */
void health_ready(const struct admin_request *request, struct json_object *document,
		  struct moment now, struct admin_reply *reply);
