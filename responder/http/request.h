/* The head of an HTTP/1.0 or 1.1 request, as strict as P-46 asks: whatever two parsers could read
 * differently is refused, and the connection closes. Pure; nothing is copied or allocated, all
 * views point into the bytes that were parsed (RFC 9112, sections 2, 3, 5, 6). */
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
	bool has_host;
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
	struct view
		forwarded_for; /* X-Forwarded-For: only recorded, trust is the caller's (P-51) */
	size_t head_size; /* octets up to and with the empty line: the body starts there */
};

/* How far a head was looked through, so that a byte at a time costs no more than all at once.
 * Zero-initialise it for each request; the bytes may move in memory between the calls. */
struct http_scan {
	size_t seen; /* octets that hold no end of the head */
	size_t line; /* where the line begins that `seen` lies in */
};

/* Whether it has any condition of those that mean something here (reply.h). */
static inline bool http_is_conditional(const struct http_request *request)
{
	return request->tag_fields > 0 || request->if_modified_since.data;
}

/* A positive result: more bytes are needed. */
#define HTTP_INCOMPLETE 1

/* Parses the head at the beginning of `bytes`, which may hold more (body, pipelined requests).
 * 0; HTTP_INCOMPLETE; or the status of the refusal that the caller answers (http_put_refusal())
 * before it closes the connection: 400, 405, 413, 414, 417 or 431. A prefix of a request is never
 * taken for a complete one. */
must_check int http_request_parse(struct http_scan *scan, struct view bytes,
				  struct http_request *ret);

/* Whether a Content-Type is application/ocsp-request, for strict_content_type (P-43); parameters
 * are ignored. Otherwise that option answers 415. */
bool http_is_ocsp_request(struct view content_type);
