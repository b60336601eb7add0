/* What a route answers, and how it is written: HTTP/1.1, one reply a connection. */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"

/* May load nothing, run nothing, be framed by nobody. */
#define ADMIN_STRICT_POLICY "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
#define ADMIN_PLAIN "text/plain; charset=utf-8"

/* Zero-initialised, with a status, it is an empty text. */
struct admin_reply {
	unsigned status;
	const char *type; /* of the body; NULL: ADMIN_PLAIN */
	const char *policy; /* Content-Security-Policy; NULL: ADMIN_STRICT_POLICY */
	const char *allow; /* methods, with 405; else NULL */
	struct buffer body;
};

/* One line as the whole body, with the status' own words where `text` is NULL. */
void admin_reply_say(struct admin_reply *reply, unsigned status, const char *text);
/* The reply's octets; without the body for HEAD. Look at buffer_result(). */
void admin_reply_write(const struct admin_reply *reply, bool no_body, struct moment now,
		       struct buffer *out);
void admin_reply_deinit(struct admin_reply *reply);
