/* `accept-history`: shows what a running instance remembers as revoked and the database has lost, and lets
 * an operator accept that the database is right (I-10). */
#include "cli/instance.h"

#include <stdio.h>

struct lost {
	const struct command_line *line;
	char *path; /* of the socket */
	struct json_object *rows;
	int64_t count;
	bool replaced; /* what answers is a database that is not believed at all */
};

static void lost_deinit(struct lost *lost)
{
	free(lost->path);
	json_object_put(lost->rows);
}

/* ---- asking ---- */

static int64_t number_of(struct json_object *object, const char *key)
{
	return json_object_get_int64(json_object_object_get(object, key));
}

static int take_page(struct lost *lost, struct json_object *page, struct fault *fault)
{
	struct json_object *rows = json_object_object_get(page, "lost");
	if (!json_object_is_type(rows, json_type_array))
		return fault_set(fault, -EBADMSG, "%s: what answers there is not stillgood",
				 lost->path);
	if (!json_object_get_boolean(json_object_object_get(page, "settled")))
		return fault_set(fault, -EAGAIN,
				 "the database is being read, and what it has lost is not known "
				 "yet; try again");
	for (size_t i = 0; i < json_object_array_length(rows); i++)
		(void)json_object_array_add(lost->rows,
					    json_object_get(json_object_array_get_idx(rows, i)));
	lost->count = number_of(page, "count");
	lost->replaced = json_object_get_boolean(json_object_object_get(page, "replaced"));
	return 0;
}

/* All of them, page by page. */
static int ask_lost(struct lost *lost, struct fault *fault)
{
	int64_t next = 0;
	lost->rows = json_object_new_array();
	do {
		cleanup(output_json_freep) struct json_object *page = NULL;
		char question[40];
		(void)snprintf(question, sizeof(question), "lost %lld", (long long)next);
		int result = instance_ask(lost->path, question, &page, fault);
		if (result == 0)
			result = take_page(lost, page, fault);
		if (result)
			return result;
		int64_t before = next;
		next = number_of(page, "next");
		if (next != 0 && next <= before)
			return fault_set(fault, -EBADMSG, "%s: its pages do not end", lost->path);
	} while (next);
	return 0;
}

/* ---- showing ---- */

static void print_row(struct json_object *row)
{
	cleanup(memory_freep) char *issuer = output_text_new(instance_text(row, "issuer"));
	const char *serial = instance_text(row, "serial"), *reason = instance_text(row, "reason");
	printf("%s  %s%s  %s %s%s%s  database: %s\n", issuer ? issuer : "",
	       *serial ? "serial " : "the issuer itself", serial, instance_text(row, "status"),
	       instance_text(row, "revoked_at"), *reason ? " " : "", reason,
	       instance_text(row, "database"));
}

static void print_count(const struct lost *lost)
{
	if (lost->replaced)
		printf("The database that answers is of an older timeline than the one that was "
		       "read: a server that a promotion has replaced. Nothing of it is "
		       "believed.\n");
	else if (lost->count == 0)
		printf("Nothing is lost: the database names everything that is remembered as "
		       "revoked.\n");
	else
		printf("%lld revocation%s missing in the database and stay%s in force here.\n",
		       (long long)lost->count, lost->count == 1 ? " is" : "s are",
		       lost->count == 1 ? "s" : "");
}

static void print_lost(struct lost *lost)
{
	for (size_t i = 0; i < json_object_array_length(lost->rows); i++)
		print_row(json_object_array_get_idx(lost->rows, i));
	print_count(lost);
}

static void print_json(struct lost *lost, int64_t accepted)
{
	struct json_object *document = json_object_new_object();
	output_json_number(document, "count", lost->count);
	output_json_number(document, "accepted", accepted);
	output_json_bool(document, "older_timeline", lost->replaced);
	(void)json_object_object_add(document, "lost", json_object_get(lost->rows));
	output_json(document);
}

/* ---- accepting ---- */

static int confirm(const struct lost *lost, struct fault *fault)
{
	char answer[16] = "";
	if (option_given(lost->line, OPTION_YES))
		return 0;
	if (!isatty(STDIN_FILENO))
		return fault_set(fault, STATUS_USAGE,
				 "accept-history: what is forgotten may become good, so it asks on "
				 "a terminal; without one say --yes");
	if (lost->replaced) {
		output_note("The older timeline is believed from then on; what it has lost stays "
			    "revoked until that is accepted too.");
		(void)fprintf(stderr, "Type \"yes\" to go back to it: ");
	} else {
		output_note("%lld revocation%s forgotten; the database then says what these are: "
			    "good, where it does not know better.",
			    (long long)lost->count, lost->count == 1 ? " is" : "s are");
		output_note("--show lists them.");
		(void)fprintf(stderr, "Type \"yes\" to forget them: ");
	}
	if (fgets(answer, sizeof(answer), stdin) && strcmp(answer, "yes\n") == 0)
		return 0;
	return fault_set(fault, -ECANCELED, "not confirmed: nothing was changed");
}

/* As many as were told: more of them were not seen by anybody. */
static int accept(const struct lost *lost, int64_t *ret, struct fault *fault)
{
	cleanup(output_json_freep) struct json_object *answer = NULL;
	char words[40];
	(void)snprintf(words, sizeof(words), "accept-history %lld", (long long)lost->count);
	int result = instance_ask(lost->path, words, &answer, fault);
	if (result)
		return result;
	*ret = number_of(answer, "accepted");
	return *ret == lost->count
		       ? 0
		       : fault_set(fault, -EAGAIN,
				   "what is lost has changed meanwhile, nothing was accepted; look "
				   "again with --show");
}

static int accept_lost(struct lost *lost, struct fault *fault)
{
	int64_t accepted = 0;
	bool any = lost->count || lost->replaced;
	int result = any ? confirm(lost, fault) : 0;
	if (result == 0 && any)
		result = accept(lost, &accepted, fault);
	if (result)
		return result;
	if (option_given(lost->line, OPTION_JSON))
		print_json(lost, accepted);
	else if (lost->replaced)
		printf("The older timeline is accepted; --show tells what it has lost once it was "
		       "read.\n");
	else if (accepted)
		printf("%lld revocation%s forgotten.\n", (long long)accepted,
		       accepted == 1 ? "" : "s");
	else
		print_count(lost);
	return STATUS_DONE;
}

int command_accept_history(const struct command_line *line, struct fault *fault)
{
	cleanup(lost_deinit) struct lost lost = {.line = line};
	int result = instance_find(line, &lost.path, fault);
	if (result == 0)
		result = ask_lost(&lost, fault);
	if (result)
		return result;
	if (!option_given(line, OPTION_SHOW))
		return accept_lost(&lost, fault);
	if (option_given(line, OPTION_JSON))
		print_json(&lost, 0);
	else
		print_lost(&lost);
	return STATUS_DONE;
}
