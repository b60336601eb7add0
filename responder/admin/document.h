/* Looking into the warden's document (warden/control_socket.h), whatever it holds: what is not there, or is
 * something else, is NULL. */
#pragma once

#include "base/bytes.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A member of an object; NULL too where `object` is no object. */
struct json_object *document_member(struct json_object *object, const char *name);
/* The same, if it is an array. */
struct json_object *document_list(struct json_object *object, const char *name);
/* An array's element. */
struct json_object *document_at(struct json_object *list, size_t index);
size_t document_length(struct json_object *list);
/* The first element whose member has this text. */
struct json_object *document_named(struct json_object *list, const char *member, const char *text);
/* What the first room whose name begins so says of itself. */
struct json_object *document_room(struct json_object *document, const char *name);
/* A member's text; "" where there is none. */
const char *document_text(struct json_object *object, const char *name);
/* 0 where there is none. */
int64_t document_number(struct json_object *object, const char *name);
/* Of any kind, as JSON has it; "" for NULL. Without memory "" and out->failed: nothing of it may be shown. */
const char *document_written(struct json_object *value, struct buffer *out);
bool document_true(struct json_object *object, const char *name);
