/* What commands print: lines for people, one JSON document for programs, errors as one line.
 *
 * Text that came from certificates, files or the database goes through output_text(): UTF-8 stays
 * as it is, control characters become \xNN, so nothing can move a terminal's cursor. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <json-c/json.h>

/* Exit statuses; 3 and above are those of `ask`. */
enum exit_status {
	STATUS_DONE = 0,
	STATUS_REFUSED = 1,
	STATUS_USAGE = 2,
};

/* What makes a word plural: "s" unless there is one of it. */
static inline const char *output_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* "stillgood: TEXT" on standard error. */
void output_error(const struct fault *fault);
void output_note(const char *format, ...) printf_like(1, 2);

/* Appends `text` made harmless. */
void output_text(struct buffer *out, struct view text);
/* The same as a new string, NULL without memory. */
char *output_text_new(const char *text);

/* Prints and frees the document; what names and times print as is in json_object's own escapes. */
void output_json(struct json_object *document);

static inline void output_json_freep(struct json_object **object)
{
	json_object_put(*object);
}

/* Adds a member; NULL text becomes null. */
void output_json_string(struct json_object *object, const char *key, const char *text);
void output_json_view(struct json_object *object, const char *key, struct view text);
void output_json_hex(struct json_object *object, const char *key, struct view bytes);
/* 1994-11-06T08:49:37Z, or null for TIME_NONE. */
void output_json_time(struct json_object *object, const char *key, int64_t seconds);
void output_json_number(struct json_object *object, const char *key, int64_t number);
void output_json_bool(struct json_object *object, const char *key, bool value);
