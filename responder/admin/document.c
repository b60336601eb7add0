#include "admin/document.h"

#include <string.h>

struct json_object *document_member(struct json_object *object, const char *name)
{
	struct json_object *member = NULL;
	if (json_object_is_type(object, json_type_object))
		(void)json_object_object_get_ex(object, name, &member);
	return member;
}

struct json_object *document_list(struct json_object *object, const char *name)
{
	struct json_object *member = document_member(object, name);
	return json_object_is_type(member, json_type_array) ? member : NULL;
}

size_t document_length(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

struct json_object *document_at(struct json_object *list, size_t index)
{
	return index < document_length(list) ? json_object_array_get_idx(list, index) : NULL;
}

const char *document_text(struct json_object *object, const char *name)
{
	struct json_object *member = document_member(object, name);
	return json_object_is_type(member, json_type_string) ? json_object_get_string(member) : "";
}

const char *document_written(struct json_object *value, struct buffer *out)
{
	const char *text = value ? json_object_get_string(value) : "";
	if (text)
		return text;
	out->failed = true;
	return "";
}

bool document_true(struct json_object *object, const char *name)
{
	struct json_object *member = document_member(object, name);
	return json_object_is_type(member, json_type_boolean) && json_object_get_boolean(member);
}

int64_t document_number(struct json_object *object, const char *name)
{
	struct json_object *member = document_member(object, name);
	return json_object_is_type(member, json_type_int) ? json_object_get_int64(member) : 0;
}

struct json_object *document_named(struct json_object *list, const char *member, const char *text)
{
	for (size_t i = 0; i < document_length(list); i++)
		if (strcmp(document_text(document_at(list, i), member), text) == 0)
			return document_at(list, i);
	return NULL;
}

struct json_object *document_room(struct json_object *document, const char *name)
{
	struct json_object *rooms = document_list(document, "rooms");
	for (size_t i = 0; i < document_length(rooms); i++) {
		struct json_object *room = document_at(rooms, i);
		if (strncmp(document_text(room, "name"), name, strlen(name)) == 0)
			return document_member(room, "status");
	}
	return NULL;
}
