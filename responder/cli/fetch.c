/* `fetch`: a running instance asks for the CRLs that it follows or watches now, and this waits for what comes of
 * each. */
#include "base/limits.h"
#include "cli/instance.h"
#include "tool/output.h"

#include <stdio.h>
#include <time.h>

/* Longer than fetch_timeout and import_timeout by default; what goes on after it goes on without us. */
#define PATIENCE_S 900
#define LOOK_MS 250L

/* The fetcher's list, of a status document; NULL: there is none. */
static struct json_object *sources_of(struct json_object *document)
{
	struct json_object *rooms = json_object_object_get(document, "rooms");
	for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++) {
		struct json_object *room = json_object_array_get_idx(rooms, i);
		if (strcmp(instance_text(room, "name"), "fetcher") == 0)
			return json_object_object_get(json_object_object_get(room, "status"),
						      "sources");
	}
	return NULL;
}

static bool is_same(struct json_object *a, struct json_object *b)
{
	static const char *const members[] = {"kind", "issuer", "url"};
	for (size_t i = 0; i < array_size(members); i++)
		if (strcmp(instance_text(a, members[i]), instance_text(b, members[i])) != 0)
			return false;
	return true;
}

static int64_t fetches_before(struct json_object *sources, struct json_object *like)
{
	for (size_t i = 0; sources && i < json_object_array_length(sources); i++) {
		struct json_object *source = json_object_array_get_idx(sources, i);
		if (is_same(source, like))
			return json_object_get_int64(json_object_object_get(source, "fetches"));
	}
	return 0;
}

static bool is_over(struct json_object *source, struct json_object *before)
{
	return strcmp(instance_text(source, "state"), "resting") == 0 &&
	       json_object_get_int64(json_object_object_get(source, "fetches")) >
		       fetches_before(before, source);
}

/* Of this issuer, or NULL: of all. */
static struct json_object *choose(struct json_object *sources, const char *issuer)
{
	struct json_object *chosen = json_object_new_array();
	for (size_t i = 0; sources && i < json_object_array_length(sources); i++) {
		struct json_object *source = json_object_array_get_idx(sources, i);
		if (!issuer || strcmp(instance_text(source, "issuer"), issuer) == 0)
			(void)json_object_array_add(chosen, json_object_get(source));
	}
	return chosen;
}

static bool all_over(struct json_object *chosen, struct json_object *before)
{
	for (size_t i = 0; i < json_object_array_length(chosen); i++)
		if (!is_over(json_object_array_get_idx(chosen, i), before))
			return false;
	return true;
}

/* 0 with those that were asked for; -ETIMEDOUT, or another -errno, with a fault. */
static int await(const char *path, const char *issuer, struct json_object *before,
		 struct json_object **ret, struct fault *fault)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
	for (long waited = 0; waited < PATIENCE_S * 1000L; waited += LOOK_MS) {
		cleanup(output_json_freep) struct json_object *document = NULL;
		int result = instance_ask(path, "status", &document, fault);
		if (result)
			return result;
		struct json_object *chosen = choose(sources_of(document), issuer);
		if (all_over(chosen, before)) {
			*ret = chosen;
			return 0;
		}
		json_object_put(chosen);
		(void)nanosleep(&pause, NULL);
	}
	return fault_set(fault, -ETIMEDOUT, "%s: it still fetches; see `stillgood status`", path);
}

static bool is_failing(struct json_object *source)
{
	return json_object_get_boolean(json_object_object_get(source, "failing"));
}

static void print_one(struct json_object *source)
{
	const char *error = instance_text(source, "error"),
		   *outcome = instance_text(source, "outcome");
	printf("%s %s: %s\n", instance_text(source, "issuer"), instance_text(source, "url"),
	       is_failing(source) ? error
	       : *outcome         ? outcome
				  : "nothing new");
}

/* Gives the exit status. */
static int print(const struct command_line *line, struct json_object *chosen)
{
	bool failing = false;
	for (size_t i = 0; i < json_object_array_length(chosen); i++) {
		struct json_object *source = json_object_array_get_idx(chosen, i);
		failing = failing || is_failing(source);
		if (!option_given(line, OPTION_JSON))
			print_one(source);
	}
	if (option_given(line, OPTION_JSON)) {
		struct json_object *document = json_object_new_object();
		(void)json_object_object_add(document, "sources", json_object_get(chosen));
		output_json(document);
	}
	return failing ? STATUS_REFUSED : STATUS_DONE;
}

/* How many are asked for now. */
static int ask(const char *path, const char *issuer, int64_t *ret, struct fault *fault)
{
	cleanup(output_json_freep) struct json_object *answer = NULL;
	char words[LIMIT_ISSUER_NAME + 16];
	if (issuer && strlen(issuer) > LIMIT_ISSUER_NAME)
		return fault_set(fault, -EINVAL, "no issuer has so long a name");
	(void)snprintf(words, sizeof(words), "fetch%s%s", issuer ? " " : "", issuer ? issuer : "");
	int result = instance_ask(path, words, &answer, fault);
	if (result == 0)
		*ret = json_object_get_int64(json_object_object_get(answer, "fetching"));
	return result;
}

int command_fetch(const struct command_line *line, struct fault *fault)
{
	const char *issuer = line->operand_count ? line->operands[0] : NULL;
	cleanup(memory_freep) char *path = NULL;
	cleanup(output_json_freep) struct json_object *before = NULL, *chosen = NULL;
	int64_t count = 0;
	int result = instance_find(line, &path, fault);
	if (result == 0)
		result = instance_ask(path, "status", &before, fault);
	if (result == 0)
		result = ask(path, issuer, &count, fault);
	if (result == 0 && count == 0)
		result = fault_set(fault, -ENOENT,
				   "%s: no CRL of the issuer \"%s\" is fetched there", path,
				   issuer ? issuer : "");
	if (result == 0)
		result = await(path, issuer, sources_of(before), &chosen, fault);
	return result ? result : print(line, chosen);
}
