/* What a request to the admin listener asks, and who may ask. */
#pragma once

#include "base/result.h"
#include "http/head.h"

struct hour;

/* Valid during a call; the octets until the reply is made. */
struct admin_request {
	enum http_method method; /* HEAD is made like GET */
	struct view path; /* as it came */
	struct view below; /* of a route with `below`: what stands after its path and a slash */
	struct view query; /* what stands after the first "?" */
	struct view content_type, body;
	struct view host, origin; /* data NULL: not said */
	const struct hour *hour; /* what is remembered */
};

/* Whether the Host of a request may be answered: an address, localhost, one of `names` (a list as
 * admin_hosts; NULL: none), or none at all, which no browser sends. A name that a stranger's DNS points
 * here (rebinding) is none of these. */
bool admin_host_allowed(const char *names, struct view host);
/* Appends text from a path or a form: %XX is an octet, and + a space where `form`. 0 or -EINVAL. */
must_check int admin_decode(struct view text, bool form, struct buffer *out);
