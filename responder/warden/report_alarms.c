#include "warden/report_alarms.h"

#include "ipc/control.h"

#include <string.h>

static const char *text_of(struct json_object *alarm, const char *member)
{
	const char *text = json_object_get_string(json_object_object_get(alarm, member));
	return text ? text : "";
}

static bool is_same(struct json_object *a, struct json_object *b)
{
	static const char *const members[] = {"kind", "issuer", "text"};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(text_of(a, members[i]), text_of(b, members[i])) != 0)
			return false;
	return true;
}

static bool is_listed(struct json_object *list, struct json_object *alarm)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (is_same(json_object_array_get_idx(list, i), alarm))
			return true;
	return false;
}

void report_alarms_add(struct json_object *list, struct json_object *report)
{
	struct json_object *alarms = json_object_object_get(report, "alarms");
	if (!json_object_is_type(alarms, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(alarms); i++) {
		struct json_object *alarm = json_object_array_get_idx(alarms, i);
		if (json_object_is_type(alarm, json_type_object) && !is_listed(list, alarm))
			(void)json_object_array_add(list, json_object_get(alarm));
	}
}

void report_alarms_add_own(struct json_object *list, const struct alarms *alarms)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	buffer_put_u8(&text, '{');
	alarms_put_json(alarms, CONTROL_PACKET, &text);
	buffer_put(&text, "}", 2);
	struct json_object *report =
		buffer_result(&text) == 0 ? json_tokener_parse((const char *)text.data) : NULL;
	if (report)
		report_alarms_add(list, report);
	json_object_put(report);
}
