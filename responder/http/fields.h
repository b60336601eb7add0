/* Inside the room: the header lines of a request (RFC 9112, section 5). */
#pragma once

#include "http/head.h"

/* What the lines said, beyond what goes straight into the request. */
struct http_fields {
	struct http_request *request;
	unsigned count;
	bool has_length, has_coding;
	bool close; /* Connection: close */
	bool length_too_large; /* Content-Length above LIMIT_REQUEST_BODY */
	bool expects, expects_other; /* Expect: 100-continue; anything else */
};

/* Takes one line without its CRLF. 0, 400 or 431. */
must_check int http_take_field(struct http_fields *fields, struct view line);
