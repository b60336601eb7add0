/* `drain`: asks a running instance to send its clients away, without turning any away: a load balancer that
 * probes /readyz takes it out, and whoever comes all the same is served. `--off` takes it back. */
#include "cli/instance.h"
#include "tool/output.h"

#include <stdio.h>

/* What the fronts say after the word has reached them: their messages stay in order. */
struct fronts {
	int64_t connections;
	const char *silent; /* the name of one that did not say */
};

static void count_front(struct fronts *fronts, struct json_object *room, bool draining)
{
	struct json_object *status = json_object_object_get(room, "status");
	struct json_object *said = NULL, *connections = NULL;
	if (strncmp(instance_text(room, "name"), "front", 5) != 0)
		return;
	(void)json_object_object_get_ex(status, "draining", &said);
	(void)json_object_object_get_ex(status, "connections", &connections);
	if (said && json_object_get_boolean(said) == draining)
		fronts->connections += json_object_get_int64(connections);
	else
		fronts->silent = instance_text(room, "name");
}

static int ask_fronts(const char *path, bool draining, struct json_object **ret_document,
		      struct fronts *ret, struct fault *fault)
{
	int result = instance_ask(path, "status", ret_document, fault);
	if (result)
		return result;
	struct json_object *rooms = json_object_object_get(*ret_document, "rooms");
	for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++)
		count_front(ret, json_object_array_get_idx(rooms, i), draining);
	return ret->silent ? fault_set(fault, -EAGAIN,
				       "%s: %s has not confirmed it; it will be told again when "
				       "it is started anew",
				       path, ret->silent)
			   : 0;
}

static void print_json(bool draining, const struct fronts *fronts)
{
	struct json_object *document = json_object_new_object();
	(void)json_object_object_add(document, "draining", json_object_new_boolean(draining));
	output_json_number(document, "connections", fronts->connections);
	output_json(document);
}

static void print_text(bool draining, const struct fronts *fronts)
{
	if (draining)
		printf("Draining: /readyz says 503 and answers end their connections; "
		       "%lld %s open.\n",
		       (long long)fronts->connections,
		       fronts->connections == 1 ? "connection is" : "connections are");
	else
		printf("Not draining.\n");
}

int command_drain(const struct command_line *line, struct fault *fault)
{
	cleanup(memory_freep) char *path = NULL;
	cleanup(output_json_freep) struct json_object *answer = NULL, *document = NULL;
	struct fronts fronts = {0};
	bool draining = !option_given(line, OPTION_OFF);
	int result = instance_find(line, &path, fault);
	if (result == 0)
		result = instance_ask(path, draining ? "drain" : "drain off", &answer, fault);
	if (result == 0)
		result = ask_fronts(path, draining, &document, &fronts, fault);
	if (result)
		return result;
	if (option_given(line, OPTION_JSON))
		print_json(draining, &fronts);
	else
		print_text(draining, &fronts);
	return STATUS_DONE;
}
