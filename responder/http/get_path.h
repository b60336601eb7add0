/* From the path of a GET to the DER of an OCSP request (P-40 … P-42).
 *
 * A path is {any prefix}/{base64}, and base64 itself may contain slashes, so a slash alone does not
 * say where the request begins. What does is the DER: a request is a SEQUENCE and SEQUENCEs say
 * their length. The rule:
 *
 *   1. Percent-decode the whole path exactly once. A bad escape is an error. `+` stays `+`.
 *   2. After every slash, from the left, read base64 (either alphabet). The first place where a
 *      SEQUENCE with a minimal length begins whose last octet is the path's last is the request.
 *      "Last" leaves out the padding, whole, part or missing, and then any slashes.
 *   3. Bits that the last digit has to spare are zero.
 *
 * So doubled slashes before the request, slashes inside and after it, prefixes, and any mixture of
 * raw and escaped characters give the same bytes, and dots mean nothing. Work is linear. */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

/* What a path asks for. */
enum http_page {
	HTTP_PAGE_OCSP, /* everything but the others */
	HTTP_PAGE_ROOT, /* "/": a short plain page (P-40) */
	HTTP_PAGE_HEALTH, /* "/healthz" */
	HTTP_PAGE_READY, /* "/readyz" */
	HTTP_PAGE_READY_ISSUER, /* "/readyz/" and the name of an issuer */
};

/* `path` is struct http_request's. A POST is OCSP on every path: ask for GET and HEAD only. */
enum http_page http_page_of(struct view path);

/* The name in the path of an HTTP_PAGE_READY_ISSUER, its escapes undone once; `out` has LIMIT_GET_PATH
 * octets. 0, or HTTP_BAD_PATH for a bad escape. */
must_check int http_page_issuer(struct view path, uint8_t *out, struct view *ret);

/* A positive result: no OCSP request in this path; the answer is malformedRequest (P-42). */
#define HTTP_BAD_PATH 1

/* Decodes a path of at most LIMIT_GET_PATH octets into `out`, which has LIMIT_GET_PATH octets; the
 * DER (one whole SEQUENCE, not looked into) is the view. 0 or HTTP_BAD_PATH, which leaves *ret
 * untouched and `out` with anything. */
must_check int http_get_path_decode(struct view path, uint8_t *out, struct view *ret);
