#include "warden/outcome.h"

#include "base/log.h"

void outcome_init(struct outcome *o)
{
	*o = (struct outcome){
		.reasons = json_object_new_array(),
		.warnings = json_object_new_array(),
		.restart = json_object_new_array(),
		.doubtful = json_object_new_array(),
	};
}

void outcome_deinit(struct outcome *o)
{
	json_object_put(o->reasons);
	json_object_put(o->warnings);
	json_object_put(o->restart);
	json_object_put(o->doubtful);
	*o = (struct outcome){0};
}

/* ---- what is found ---- */

static void add(struct json_object *list, const char *text)
{
	(void)json_object_array_add(list, json_object_new_string(text));
}

void outcome_refuse(struct outcome *o, const char *format, ...)
{
	char text[FAULT_TEXT_SIZE];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add(o->reasons, text);
}

static void add_doubtful(struct outcome *o, const char *issuer, const char *text)
{
	struct json_object *pair = json_object_new_array();
	add(pair, issuer);
	add(pair, text);
	(void)json_object_array_add(o->doubtful, pair);
}

void outcome_take(void *context, const struct preflight_finding *finding)
{
	struct outcome *o = context;
	char text[FAULT_TEXT_SIZE + 32];
	(void)snprintf(text, sizeof(text), "%s%s%s", finding->requirement,
		       finding->requirement[0] ? ": " : "", finding->text);
	switch (finding->consequence) {
	case SERVE_WELL:
		break;
	case SERVE_WARNED:
	case SERVE_REGARDLESS:
		add(o->warnings, text);
		break;
	case SERVE_LATER:
		add(o->other_database ? o->reasons : o->warnings, text);
		break;
	case SERVE_WITHOUT_ISSUER:
	case SERVE_REFUSED:
		if (finding->issuer[0])
			add_doubtful(o, finding->issuer, text);
		else if (finding->consequence == SERVE_REFUSED || o->other_database)
			add(o->reasons, text);
		else
			add(o->warnings, text);
		break;
	}
}

void outcome_restart(void *context, const char *section, const char *name)
{
	struct outcome *o = context;
	char text[128];
	(void)snprintf(text, sizeof(text), "[%s] %s", section, name);
	add(o->restart, text);
}

bool outcome_refused(const struct outcome *o)
{
	return json_object_array_length(o->reasons) > 0;
}

bool outcome_doubts(const struct outcome *o)
{
	return json_object_array_length(o->doubtful) > 0;
}

/* ---- one issuer's trouble ---- */

static const char *member(struct json_object *object, const char *name)
{
	const char *text = json_object_get_string(json_object_object_get(object, name));
	return text ? text : "";
}

/* By the kinds of base/alarms.h that keep an issuer from being answered. */
static bool is_trouble(struct json_object *alarm, const char *issuer)
{
	static const char *const kinds[] = {"issuer_missing", "issuer_key", "issuer_unreadable",
					    "signer_unusable", "signer_expired"};
	bool known = false;
	for (size_t i = 0; i < array_size(kinds); i++)
		known |= strcmp(member(alarm, "kind"), kinds[i]) == 0;
	return known && strcmp(member(alarm, "issuer"), issuer) == 0;
}

static bool is_in_trouble(struct json_object *report, const char *issuer)
{
	struct json_object *alarms = json_object_object_get(report, "alarms");
	size_t count =
		json_object_is_type(alarms, json_type_array) ? json_object_array_length(alarms) : 0;
	for (size_t i = 0; i < count; i++)
		if (is_trouble(json_object_array_get_idx(alarms, i), issuer))
			return true;
	return false;
}

static const char *pair_text(struct json_object *pair, size_t place)
{
	return json_object_get_string(json_object_array_get_idx(pair, place));
}

void outcome_excuse(struct outcome *o, struct view text)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *report =
		tokener ? json_tokener_parse_ex(tokener, (const char *)text.data, (int)text.size)
			: NULL;
	struct json_object *left = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(o->doubtful); i++) {
		struct json_object *pair = json_object_array_get_idx(o->doubtful, i);
		if (json_object_is_type(report, json_type_object) &&
		    is_in_trouble(report, pair_text(pair, 0)))
			add(o->warnings, pair_text(pair, 1));
		else
			(void)json_object_array_add(left, json_object_get(pair));
	}
	json_object_put(o->doubtful);
	o->doubtful = left;
	json_object_put(report);
	if (tokener)
		json_tokener_free(tokener);
}

void outcome_judge(struct outcome *o)
{
	for (size_t i = 0; i < json_object_array_length(o->doubtful); i++)
		add(o->reasons, pair_text(json_object_array_get_idx(o->doubtful, i), 1));
	json_object_put(o->doubtful);
	o->doubtful = json_object_new_array();
}

/* ---- telling ---- */

static void log_all(struct json_object *list, enum log_level level, const char *head)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		log_line(level, "%s%s", head,
			 json_object_get_string(json_object_array_get_idx(list, i)));
}

void outcome_tell(const struct outcome *o, bool changed, struct buffer *out)
{
	bool done = !outcome_refused(o);
	struct json_object *document = json_object_new_object();
	log_all(o->reasons, LOG_LEVEL_ERROR, "not reloaded: ");
	log_all(o->warnings, LOG_LEVEL_WARNING, "reload: ");
	log_all(o->restart, LOG_LEVEL_WARNING, "reload: changed only by a restart: ");
	if (done)
		log_info("%s", changed ? "reloaded" : "reload: nothing changed");
	(void)json_object_object_add(document, "reloaded", json_object_new_boolean(done));
	(void)json_object_object_add(document, "changed", json_object_new_boolean(done && changed));
	(void)json_object_object_add(document, "reasons", json_object_get(o->reasons));
	(void)json_object_object_add(document, "restart", json_object_get(o->restart));
	(void)json_object_object_add(document, "warnings", json_object_get(o->warnings));
	buffer_put_string(out, json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN));
	json_object_put(document);
}
