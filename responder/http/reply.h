/* The heads of our answers. All are HTTP/1.1, with Content-Length and without Server, Vary,
 * cookies or compression (P-44), and say nothing of the connection: on HTTP/1.1 that means
 * keep-alive. To close it, put HTTP_CONNECTION_CLOSE where the head ends:
 *
 *   keep-alive   head + body                                              (one piece, as stored)
 *   close        head[0, end) + HTTP_CONNECTION_CLOSE + head[end, …) + body
 *   HEAD         either without the body
 *
 * where `end` is the head's size minus HTTP_HEAD_END: the position of the last CRLF. */
#pragma once

#include "base/bytes.h"
#include "http/request.h"

#define HTTP_CONNECTION_CLOSE "Connection: close\r\n"
#define HTTP_HEAD_END 2u
#define HTTP_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

/* Room for any head that is written here. */
#define HTTP_REPLY_HEAD_SIZE 512u
#define HTTP_LINE_SIZE 80u
/* Room for a whole refusal. */
#define HTTP_REFUSAL_SIZE 512u
/* SHA-256 */
#define HTTP_ETAG_HASH_SIZE 32u

/* A Last-Modified that there is not: none that a request can name is equal to it. */
#define HTTP_NO_DATE INT64_MIN

/* What a cacheable answer's head depends on (P-48). Times are seconds since 1970. */
struct http_cacheable {
	int64_t now; /* Date */
	int64_t last_modified; /* or HTTP_NO_DATE: the field is left out */
	int64_t expires;
	uint32_t max_age; /* seconds; the caller keeps now + max_age ≤ nextUpdate */
	const uint8_t *hash; /* SHA-256 of the response: the strong ETag */
	size_t body_size;
	const char *line; /* one more field, with CRLF, at most HTTP_LINE_SIZE; NULL: none */
};

/* Where the parts of a cacheable head are that change with time. */
struct http_head_marks {
	uint16_t size; /* of the head; the other marks do not depend on last_modified and line */
	uint16_t date, expires; /* HTTP_DATE_SIZE octets each (base/timetext.h) */
	uint16_t max_age; /* the digits */
	uint16_t max_age_width; /* how many there are */
	uint16_t etag; /* its HTTP_ETAG_HASH_SIZE × 2 hexadecimal digits */
};

/* Each writer writes to HTTP_REPLY_HEAD_SIZE octets and gives back the head's size. */

/* 200 with an OCSP response that caches may keep. */
size_t http_put_cacheable(uint8_t *out, const struct http_cacheable *reply,
			  struct http_head_marks *ret_marks);
/* 304 with the same validators (P-49); body_size is not used. */
size_t http_put_not_modified(uint8_t *out, const struct http_cacheable *reply);
/* 200 with an OCSP response that no cache may keep: errors, nonces, unknown (P-20, P-50). */
size_t http_put_uncacheable(uint8_t *out, int64_t now, size_t body_size);
/* Any status of ours with a text/plain UTF-8 body, not to be cached: /, /healthz, /readyz. */
size_t http_put_plain(uint8_t *out, unsigned status, int64_t now, size_t body_size);

/* A whole reply, head with Connection: close and a one-line body, for a status that
 * http_request_parse() or http_chunked_decode() gave, or 408, 415, 503. 405 says Allow.
 * Writes to HTTP_REFUSAL_SIZE octets and gives back its size. */
size_t http_put_refusal(uint8_t *out, unsigned status, int64_t now);

/* Brings a stored cacheable head to a later `now` of the same answer, in place. Where max_age has
 * become shorter than the digits that were there, spaces follow it, which every reader of lists
 * skips. 0, or -EINVAL (nothing changed) where max_age needs more digits: write the head anew. */
must_check int http_patch_cacheable(uint8_t *head, const struct http_head_marks *marks,
				    const struct http_cacheable *reply);

/* Whether a GET or HEAD is answered with 304 (RFC 9110, 13.1 and 13.2.2): If-None-Match, by weak
 * comparison, wins over If-Modified-Since. `hash` as in struct http_cacheable; `modified`: its
 * Last-Modified where that date was never given to another answer (conditional.c), else HTTP_NO_DATE.
 * Never for POST: its answer is what was asked for, not a resource that is changed. */
bool http_is_not_modified(const struct http_request *request, const uint8_t *hash,
			  int64_t modified);
