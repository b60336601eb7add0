/* What the head of a request says. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST };

/* How the body that follows the head is framed. */
enum http_framing {
	HTTP_NO_BODY, /* neither Content-Length nor Transfer-Encoding */
	HTTP_SIZED_BODY, /* content_length octets, 0 … LIMIT_REQUEST_BODY */
	HTTP_CHUNKED_BODY, /* chunked.h */
};

struct http_request {
	enum http_method method;
	unsigned minor; /* 0 for HTTP/1.0, 1 for HTTP/1.1 and what came after it (P-54) */
	bool keep_alive; /* 1.1 without "Connection: close"; never 1.0 (P-45) */
	bool expect_continue; /* 1.1 with a body, whose sender waits for HTTP_CONTINUE (reply.h) */
	struct view host; /* of the field Host, which may be empty; data is NULL where absent */
	enum http_framing framing; /* any method may have a body: read it to stay in step */
	uint32_t content_length;
	struct view target; /* as written */
	struct view path; /* of the target, not decoded, from its first slash, without ?query */
	/* Field values without the white space around them; data is NULL where absent. Of a field
	 * that came twice the last counts, because a proxy adds its own below; but the tags of all
	 * If-None-Match count, and the first LIMIT_HTTP_TAG_FIELDS of them are here. */
	unsigned tag_fields; /* how many there were */
	struct view if_none_match[LIMIT_HTTP_TAG_FIELDS];
	struct view content_type, if_modified_since;
	struct view origin; /* who had a browser send it (RFC 6454): for the admin listener */
	struct view
		forwarded_for; /* X-Forwarded-For: only recorded, trust is the caller's (P-51) */
	size_t head_size; /* octets up to and with the empty line: the body starts there */
};

/* Whether it has any condition of those that mean something here (reply.h). */
static inline bool http_is_conditional(const struct http_request *request)
{
	return request->tag_fields > 0 || request->if_modified_since.data;
}
