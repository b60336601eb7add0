/* `explain`: why a running instance gives the answer that it gives about a certificate. */
#include "cli/explain.h"

#include "cli/instance.h"
#include "tool/certinput.h"
#include "tool/explain_words.h"

#include <stdio.h>

/* As those of `ask`. */
enum { EXPLAINED_GOOD = 0, EXPLAINED_REVOKED = 3, EXPLAINED_UNKNOWN = 4, EXPLAINED_OTHER = 5 };

/* ---- what is asked ---- */

static int take_certificate(void *context, struct view der, unsigned line, unsigned number,
			    struct fault *fault)
{
	(void)line;
	if (number > 0)
		return fault_set(fault, -EINVAL,
				 "it holds several certificates, and nothing says which is meant");
	return explain_words_of_certificate(der, context, fault);
}

static int words_of_file(const char *path, struct buffer *words, struct fault *fault)
{
	cleanup(certinput_closep) struct certinput *file = NULL;
	struct fault why = {""};
	int result = certinput_open(path, &file, fault);
	if (result)
		return result;
	result = certinput_each(file, take_certificate, words, &why);
	bool named = strncmp(why.text, path, strlen(path)) == 0;
	if (result)
		return fault_set(fault, result, "%s%s%s", named ? "" : path, named ? "" : ": ",
				 why.text);
	return 0;
}

static int words_of_line(const struct command_line *line, struct buffer *words, struct fault *fault)
{
	const char *issuer = line->values[OPTION_ISSUER], *serial = line->values[OPTION_SERIAL];
	struct fault why = {""};
	if (line->operand_count == 1 && !issuer && !serial)
		return words_of_file(line->operands[0], words, fault);
	if (line->operand_count > 0 || !issuer || !serial)
		return fault_set(fault, STATUS_USAGE,
				 "explain: takes a certificate file, or --issuer and --serial");
	int result = explain_words_of_serial(view_of_string(issuer), view_of_string(serial), words,
					     &why);
	return result ? fault_set(fault, result, "--issuer %s --serial: %s", issuer, why.text) : 0;
}

/* ---- asking ---- */

static struct json_object *signers_of(struct json_object *room, const char *issuer)
{
	struct json_object *issuers =
		json_object_object_get(json_object_object_get(room, "status"), "issuers");
	if (strncmp(instance_text(room, "name"), "signer", 6) != 0 ||
	    !json_object_is_type(issuers, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(issuers); i++) {
		struct json_object *each = json_object_array_get_idx(issuers, i);
		if (strcmp(instance_text(each, "name"), issuer) == 0)
			return json_object_object_get(each, "signers");
	}
	return NULL;
}

/* Which certificate would sign, and until when, only signers know. */
static void add_signer(struct json_object *document, struct json_object *status)
{
	const char *issuer = instance_text(document, "issuer");
	struct json_object *rooms = json_object_object_get(status, "rooms"), *signers = NULL;
	for (size_t i = 0; rooms && !signers && i < json_object_array_length(rooms); i++)
		signers = signers_of(json_object_array_get_idx(rooms, i), issuer);
	for (size_t i = 0; signers && i < json_object_array_length(signers); i++) {
		struct json_object *each = json_object_array_get_idx(signers, i);
		if (strcmp(instance_text(each, "state"), "current") == 0)
			(void)json_object_object_add(document, "signer", json_object_get(each));
	}
}

static int ask_instance(const char *path, struct buffer *words, struct json_object **ret,
			struct fault *fault)
{
	cleanup(output_json_freep) struct json_object *status = NULL;
	struct fault unheard = {""};
	buffer_put_u8(words, '\0');
	if (buffer_result(words) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	int result = instance_ask(path, (const char *)words->data, ret, fault);
	if (result)
		return result;
	if (instance_ask(path, "status", &status, &unheard) == 0)
		add_signer(*ret, status);
	return 0;
}

static int status_of(const char *answer)
{
	if (strcmp(answer, "good") == 0)
		return EXPLAINED_GOOD;
	if (strcmp(answer, "revoked") == 0)
		return EXPLAINED_REVOKED;
	return strcmp(answer, "unknown") == 0 ? EXPLAINED_UNKNOWN : EXPLAINED_OTHER;
}

int command_explain(const struct command_line *line, struct fault *fault)
{
	cleanup(memory_freep) char *path = NULL;
	cleanup(buffer_deinit) struct buffer words = {0};
	cleanup(output_json_freep) struct json_object *document = NULL;
	int result = words_of_line(line, &words, fault);
	if (result == 0)
		result = instance_find(line, &path, fault);
	if (result == 0)
		result = ask_instance(path, &words, &document, fault);
	if (result)
		return result;
	result = status_of(instance_text(document, "answer"));
	if (option_given(line, OPTION_JSON))
		output_json(json_object_get(document));
	else
		explain_print(document);
	return result;
}
