/* The head of an HTTP/1.0 or 1.1 request, as strict as P-46 asks: whatever two parsers could read
 * differently is refused, and the connection closes. Pure; nothing is copied or allocated, all
 * views point into the bytes that were parsed (RFC 9112, sections 2, 3, 5, 6). */
#pragma once

#include "http/head.h"

/* How far a head was looked through, so that a byte at a time costs no more than all at once.
 * Zero-initialise it for each request; the bytes may move in memory between the calls. */
struct http_scan {
	size_t seen; /* octets that hold no end of the head */
	size_t line; /* where the line begins that `seen` lies in */
};

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
