#include "warden/report.h"

#include "base/timetext.h"
#include "warden/report_alarms.h"

#include <json-c/json.h>

/* A room's own words, or {} if they are no JSON object. */
static struct json_object *parse_report(const struct room *room, bool *ret_answered)
{
	struct json_object *report = NULL;
	struct json_tokener *tokener = json_tokener_new();
	*ret_answered = false;
	if (tokener && room->answered)
		report = json_tokener_parse_ex(tokener, (const char *)room->report.data,
					       (int)room->report.size);
	if (tokener)
		json_tokener_free(tokener);
	if (!json_object_is_type(report, json_type_object)) {
		json_object_put(report);
		return json_object_new_object();
	}
	*ret_answered = true;
	return report;
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
	(void)json_object_object_add(object, key, json_object_new_string(text));
}

static void add_number(struct json_object *object, const char *key, int64_t value)
{
	(void)json_object_object_add(object, key, json_object_new_int64(value));
}

static void add_bool(struct json_object *object, const char *key, bool value)
{
	(void)json_object_object_add(object, key, json_object_new_boolean(value));
}

/* What it said itself when it was ready: a room that is not honest any more cannot take it back. */
static struct json_object *locks_object(const struct room *room)
{
	struct json_object *locks = json_tokener_parse(room->locks);
	if (json_object_is_type(locks, json_type_object))
		return locks;
	json_object_put(locks);
	return json_object_new_object();
}

/* Takes `report` over. */
static struct json_object *room_object(const struct room *room, bool answered,
				       struct json_object *report)
{
	struct json_object *object = json_object_new_object();
	add_text(object, "name", room->name);
	add_number(object, "pid", room->pid);
	add_number(object, "restarts", room->restarts);
	add_text(object, "state", room_state_name(room->state));
	add_text(object, "user", room_user(room));
	(void)json_object_object_add(object, "locks", locks_object(room));
	add_bool(object, "answered", answered);
	(void)json_object_object_add(object, "status", report);
	return object;
}

/* The ledger's report says whether the instance may receive traffic: it sees the database and the
 * signers. */
static const char *ledger_reason(struct json_object *report)
{
	struct json_object *ready, *reason;
	if (json_object_object_get_ex(report, "ready", &ready) && json_object_get_boolean(ready))
		return "";
	if (json_object_object_get_ex(report, "reason", &reason) &&
	    json_object_get_string_len(reason) > 0)
		return json_object_get_string(reason);
	return "the ledger is not ready";
}

struct readiness {
	bool ready;
	char reason[LIMIT_READINESS_REASON + 64];
	struct json_object *degraded; /* the ledger's words, or NULL */
	struct json_object *alarms; /* of all rooms */
};

static void not_ready(struct readiness *readiness, const char *name, const char *reason)
{
	if (!readiness->ready)
		return; /* the first reason stands */
	readiness->ready = false;
	(void)snprintf(readiness->reason, sizeof(readiness->reason), "%s%s%s", name,
		       *name ? " " : "", reason);
}

static void judge_room(struct readiness *readiness, const struct room *room, bool answered,
		       struct json_object *report)
{
	if (!room_counts(room))
		return;
	if (room_place(room->kind) == ROOM_LOOKS_ON) { /* nobody's answers need it */
		report_alarms_add(readiness->alarms, report);
		return;
	}
	if (room->state != ROOM_RUNNING)
		not_ready(readiness, room->name, "is not running");
	else if (!answered)
		not_ready(readiness, room->name, "does not answer");
	else if (room_place(room->kind) == ROOM_IS_THE_LEDGER && *ledger_reason(report))
		not_ready(readiness, "", ledger_reason(report));
	if (room_place(room->kind) == ROOM_IS_THE_LEDGER)
		readiness->degraded = json_object_get(json_object_object_get(report, "degraded"));
	report_alarms_add(readiness->alarms, report);
}

static struct json_object *rooms_array(struct rooms *rooms, struct readiness *readiness)
{
	struct json_object *array = json_object_new_array();
	for (unsigned i = 0; i < rooms_count(rooms); i++) {
		const struct room *room = rooms_at(rooms, i);
		bool answered;
		struct json_object *report = parse_report(room, &answered);
		judge_room(readiness, room, answered, report);
		(void)json_object_array_add(array, room_object(room, answered, report));
	}
	return array;
}

static struct json_object *listen_array(const struct conf *conf)
{
	struct json_object *array = json_object_new_array();
	for (unsigned i = 0; i < conf->server.listen.count; i++)
		(void)json_object_array_add(array,
					    json_object_new_string(conf->server.listen.each[i]));
	return array;
}

static struct json_object *issuers_array(const struct conf *conf)
{
	struct json_object *array = json_object_new_array();
	for (unsigned i = 0; i < conf->issuer_count; i++)
		(void)json_object_array_add(array, json_object_new_string(conf->issuers[i].name));
	return array;
}

/* Those that answer good for a serial number without a row (P-22). */
static struct json_object *crl_only_array(const struct conf *conf)
{
	struct json_object *array = json_object_new_array();
	for (unsigned i = 0; i < conf->issuer_count; i++)
		if (!conf->issuers[i].policy.complete)
			(void)json_object_array_add(array,
						    json_object_new_string(conf->issuers[i].name));
	return array;
}

static void add_option(void *context, const char *name, const char *value)
{
	static const char *const shown[] = {"profile", "validity", "nonce",        "unassigned",
					    "expired", "complete", "retired_until"};
	for (size_t i = 0; i < array_size(shown); i++)
		if (strcmp(name, shown[i]) == 0)
			add_text(context, name, value);
}

/* What a person asks first of each issuer's options. */
static struct json_object *policies_array(const struct conf *conf)
{
	struct json_object *array = json_object_new_array();
	for (unsigned i = 0; i < conf->issuer_count; i++) {
		struct json_object *policy = json_object_new_object();
		add_text(policy, "issuer", conf->issuers[i].name);
		conf_each_issuer_option(&conf->issuers[i], CONF_ALL, add_option, policy);
		(void)json_object_array_add(array, policy);
	}
	return array;
}

void report_render(const struct report_instance *instance, struct buffer *out)
{
	const struct conf *conf = instance->conf;
	char started[ISO_TIME_SIZE + 1] = {0};
	struct readiness readiness = {.ready = true, .alarms = json_object_new_array()};
	report_alarms_add_own(readiness.alarms, instance->alarms);
	if (instance->draining)
		not_ready(&readiness, "", "draining");
	struct json_object *list = rooms_array(instance->rooms, &readiness);
	struct json_object *document = json_object_new_object();
	time_put_iso(started, instance->started_at);
	add_text(document, "version", STILLGOOD_VERSION);
	add_number(document, "pid", getpid());
	add_text(document, "started_at", started);
	add_bool(document, "ready", readiness.ready);
	add_text(document, "reason", readiness.reason);
	(void)json_object_object_add(document, "degraded",
				     readiness.degraded ? readiness.degraded
							: json_object_new_string(""));
	add_bool(document, "draining", instance->draining);
	(void)json_object_object_add(document, "listen", listen_array(conf));
	(void)json_object_object_add(document, "issuers", issuers_array(conf));
	(void)json_object_object_add(document, "crl_only", crl_only_array(conf));
	(void)json_object_object_add(document, "policies", policies_array(conf));
	(void)json_object_object_add(document, "alarms", readiness.alarms);
	(void)json_object_object_add(document, "rooms", list);
	buffer_put_string(out, json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN));
	buffer_put_u8(out, '\n');
	json_object_put(document);
}
