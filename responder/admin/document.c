#include "admin/document.h"

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

bool document_true(struct json_object *object, const char *name)
{
	struct json_object *member = document_member(object, name);
	return json_object_is_type(member, json_type_boolean) && json_object_get_boolean(member);
}
