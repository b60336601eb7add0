/* Private to page*.c. */
#pragma once

#include "admin/document.h"
#include "admin/hour.h"
#include "admin/html.h"
#include "admin/page_words.h"

/* How the instance is (page_status.c): everything but the form. `document`: as `status` has it. */
void page_put_header(struct json_object *document, struct buffer *out);
void page_put_alarms(struct json_object *document, struct buffer *out);
void page_put_status(struct json_object *document, const struct hour *hour, struct moment now,
		     struct buffer *out);
/* The CRLs of an issuer, and the HTTP caches that are told (page_outside.c). */
void page_put_crls(struct json_object *document, const char *issuer, struct buffer *out);
void page_put_caches(struct json_object *document, struct buffer *out);
/* What an instance has explained, or {"error":…} (page_answer.c). `status`: the latest; or NULL. */
void page_put_answer(struct json_object *explained, struct json_object *status, struct moment now,
		     struct buffer *out);
void page_put_problem(const char *text, struct buffer *out);

/* "<dt>NAME</dt><dd>" … "</dd>" is for the caller; nothing where the member is missing or empty. */
void page_put_term(struct buffer *out, const char *name, const char *text);
/* Days from now until a time; `*ret` may be negative. False: it is no time. */
bool page_days_left(const char *time, struct moment now, long *ret);
