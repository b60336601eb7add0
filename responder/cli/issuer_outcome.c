/* What became of each certificate, kept until everything is committed. */
#include "cli/issuer_adding.h"
#include "tool/output.h"

#include <stdio.h>

struct json_object *issuer_note_outcome(struct json_object *outcomes, const char *where,
					const char *name, int32_t id, const char *outcome)
{
	struct json_object *result = json_object_new_object();
	output_json_string(result, "file", where);
	output_json_string(result, "outcome", outcome);
	output_json_string(result, "name", name);
	output_json_number(result, "id", id);
	json_object_array_add(outcomes, result);
	return result;
}

static const char *member(struct json_object *object, const char *key)
{
	return json_object_get_string(json_object_object_get(object, key));
}

/* Each outcome in words: what stands before the name, and after it. */
static const struct {
	const char *outcome, *before, *after;
} outcome_words[] = {
	{"added", "registered as ", ""},
	{"unchanged", "registered already as ", ""},
	{"replaced", "replaced the certificate of ", ""},
	{"kept", "not newer than the certificate of ", ", which stays"},
	{"learnt", "another encoding of the name of ", ": learnt"},
	{"known", "this encoding of the name was known of ", ""},
};

static void print_outcome(struct json_object *result)
{
	const char *outcome = member(result, "outcome"), *until = member(result, "not_after");
	const char *was = member(result, "was_not_after");
	cleanup(memory_freep) char *where = output_text_new(member(result, "file"));
	for (size_t i = 0; i < array_size(outcome_words); i++)
		if (strcmp(outcome, outcome_words[i].outcome) == 0)
			printf("%s: %s\"%s\"%s", where ? where : "", outcome_words[i].before,
			       member(result, "name"), outcome_words[i].after);
	if (was && strcmp(outcome, "replaced") == 0)
		printf(", valid until %s instead of %s", until, was);
	else if (was)
		printf(", valid until %s (--force replaces it)", was);
	printf("\n");
}

void issuer_report(struct json_object *all, bool json)
{
	if (json) {
		output_json(json_object_get(all));
		return;
	}
	for (size_t i = 0; i < json_object_array_length(all); i++)
		print_outcome(json_object_array_get_idx(all, i));
}
