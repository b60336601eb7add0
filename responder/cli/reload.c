/* `reload`: asks a running instance to take its configuration anew (warden/reload.h), and says what came of it. */
#include "cli/instance.h"
#include "tool/output.h"

#include <stdio.h>

/* As long as a start may take, and what the instance does after it. */
#define PATIENCE_S 430

static void print_each(FILE *to, const char *head, struct json_object *document, const char *key)
{
	struct json_object *list = json_object_object_get(document, key);
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		(void)fprintf(to, "%s%s\n", head,
			      json_object_get_string(json_object_array_get_idx(list, i)));
}

static void print_text(struct json_object *document, bool done)
{
	struct json_object *changed = json_object_object_get(document, "changed");
	print_each(stderr, "not reloaded: ", document, "reasons");
	print_each(stderr, "warning: ", document, "warnings");
	print_each(stderr, "only a restart changes: ", document, "restart");
	if (done)
		printf("%s\n", json_object_get_boolean(changed) ? "Reloaded." : "Nothing changed.");
	else
		(void)fprintf(stderr, "Everything is as before.\n");
}

int command_reload(const struct command_line *line, struct fault *fault)
{
	cleanup(memory_freep) char *path = NULL;
	cleanup(output_json_freep) struct json_object *document = NULL;
	int result = instance_find(line, &path, fault);
	if (result == 0)
		result = instance_ask_for(path, "reload", PATIENCE_S, &document, fault);
	if (result)
		return result;
	bool done = json_object_get_boolean(json_object_object_get(document, "reloaded"));
	if (option_given(line, OPTION_JSON))
		output_json(json_object_get(document));
	else
		print_text(document, done);
	return done ? STATUS_DONE : STATUS_REFUSED;
}
