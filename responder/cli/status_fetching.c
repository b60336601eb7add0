/* `status`: the HTTP caches that are told, and the CRLs that are followed or watched. */
#include "cli/instance.h"
#include "cli/status.h"
#include "tool/output.h"

static bool is_true(struct json_object *object, const char *key)
{
	return json_object_get_boolean(json_object_object_get(object, key));
}

static void print_cache(FILE *out, struct json_object *cache)
{
	cleanup(memory_freep) char *name = output_text_new(instance_text(cache, "name"));
	cleanup(memory_freep) char *failure = output_text_new(instance_text(cache, "failure"));
	const char *unpurged = instance_text(cache, "unpurged");
	(void)fprintf(out, "  %-16s ", name ? name : "");
	if (strcmp(unpurged, "0") == 0)
		(void)fprintf(out, "told all, %s purges\n", instance_text(cache, "purges"));
	else
		(void)fprintf(out, "%s to be told, the first for %s ms%s%s\n", unpurged,
			      instance_text(cache, "oldest_unpurged_ms"),
			      failure && *failure ? ": " : "", failure ? failure : "");
}

static void print_source(FILE *out, struct json_object *source)
{
	cleanup(memory_freep) char *issuer = output_text_new(instance_text(source, "issuer"));
	cleanup(memory_freep) char *url = output_text_new(instance_text(source, "url"));
	cleanup(memory_freep) char *error = output_text_new(instance_text(source, "error"));
	const char *next = instance_text(source, "next_update"),
		   *again = instance_text(source, "next_fetch");
	(void)fprintf(out, "  %-16s %s %s: ", issuer ? issuer : "",
		      strcmp(instance_text(source, "kind"), "watch") == 0 ? "compared" : "recorded",
		      url ? url : "");
	bool ended = strcmp(instance_text(source, "validity"), "lapsed") == 0;
	if (is_true(source, "failing"))
		(void)fprintf(out, "fails, %s; the last that was taken ", error ? error : "");
	(void)fprintf(out, "%s ", ended ? "has ended" : "ends");
	(void)fprintf(out, "%s", *next ? next : "at no time that is known");
	if (*again)
		(void)fprintf(out, ", fetched again at %s", again);
	(void)fprintf(out, "\n");
}

static void print_each(FILE *out, struct json_object *status, const char *key, const char *title,
		       void (*print)(FILE *out, struct json_object *one))
{
	struct json_object *list = json_object_object_get(status, key);
	size_t count =
		json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	if (count > 0)
		(void)fprintf(out, "%s\n", title);
	for (size_t i = 0; i < count; i++)
		print(out, json_object_array_get_idx(list, i));
}

void status_fetching_print(FILE *out, struct json_object *rooms)
{
	for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++) {
		struct json_object *room = json_object_array_get_idx(rooms, i);
		struct json_object *status = json_object_object_get(room, "status");
		const char *omitted = instance_text(status, "sources_omitted");
		if (strcmp(instance_text(room, "name"), "fetcher") != 0)
			continue;
		print_each(out, status, "caches", "caches", print_cache);
		print_each(out, status, "sources", "CRLs", print_source);
		if (*omitted && strcmp(omitted, "0") != 0)
			(void)fprintf(out, "  and %s more\n", omitted);
	}
}
