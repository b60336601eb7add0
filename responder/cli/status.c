/* `status`: asks a running instance and shows its document. */
#include "cli/instance.h"
#include "tool/output.h"

#include <stdio.h>

/* A scalar member as " key=value", on a new line where this one is full. */
static void print_member(const char *key, struct json_object *value, size_t *column)
{
	const size_t width = 78, indent = 4;
	cleanup(memory_freep) char *text = output_text_new(json_object_get_string(value));
	size_t size = text ? strlen(key) + strlen(text) + 2 : 0;
	if (!text || !*text)
		return;
	if (*column == 0 || *column + size > width) {
		printf("%s%*s", *column ? "\n" : "", (int)indent, "");
		*column = indent;
	}
	printf(" %s=%s", key, text);
	*column += size;
}

/* What a room says of itself, without what stands in its first line. */
static void print_report(struct json_object *report)
{
	size_t column = 0;
	if (!json_object_is_type(report, json_type_object))
		return;
	json_object_object_foreach(report, key, value) {
		bool nested = json_object_is_type(value, json_type_object) ||
			      json_object_is_type(value, json_type_array);
		if (value && !nested && strcmp(key, "room") != 0 && strcmp(key, "index") != 0)
			print_member(key, value, &column);
	}
	if (column)
		printf("\n");
}

static void print_room(struct json_object *room)
{
	bool answered = json_object_get_boolean(json_object_object_get(room, "answered"));
	printf("  %-10s pid %-8s %-9s %s restarts%s\n", instance_text(room, "name"),
	       instance_text(room, "pid"), instance_text(room, "state"),
	       instance_text(room, "restarts"), answered ? "" : ", did not answer");
	print_report(json_object_object_get(room, "status"));
}

static void print_list(struct json_object *document, const char *title, const char *key)
{
	struct json_object *list = json_object_object_get(document, key);
	printf("%-10s", title);
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		printf("%s %s", i ? "," : "",
		       json_object_get_string(json_object_array_get_idx(list, i)));
	printf("\n");
}

/* "  Example CA: next, EC P-256, ready until 2027-01-01T00:00:00Z" (P-37). */
static void print_signer(const char *issuer, struct json_object *signer)
{
	static const struct {
		const char *state, *shown, *time;
	} shown[] = {{"current", "signs until", "not_after"},
		     {"ready", "ready until", "not_after"},
		     {"early", "starts at", "not_before"},
		     {"expired", "expired at", "not_after"}};
	cleanup(memory_freep) char *of = output_text_new(issuer);
	cleanup(memory_freep) char *name = output_text_new(instance_text(signer, "name"));
	for (size_t i = 0; i < array_size(shown); i++)
		if (strcmp(instance_text(signer, "state"), shown[i].state) == 0)
			printf("  %s: %s, %s, %s %s\n", of ? of : "", name ? name : "",
			       instance_text(signer, "algorithm"), shown[i].shown,
			       instance_text(signer, shown[i].time));
}

static void print_issuer(struct json_object *issuer)
{
	struct json_object *signers = json_object_object_get(issuer, "signers");
	const char *name = instance_text(issuer, "name"),
		   *warning = instance_text(issuer, "warning");
	cleanup(memory_freep) char *shown = output_text_new(name);
	for (size_t i = 0; signers && i < json_object_array_length(signers); i++)
		print_signer(name, json_object_array_get_idx(signers, i));
	if (*warning)
		printf("  warning: %s: %s\n", shown ? shown : "", warning);
}

/* All signer rooms hold the same keys: one speaks for all. */
static void print_signers(struct json_object *rooms)
{
	for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++) {
		struct json_object *room = json_object_array_get_idx(rooms, i);
		struct json_object *issuers =
			json_object_object_get(json_object_object_get(room, "status"), "issuers");
		if (strncmp(instance_text(room, "name"), "signer", 6) != 0 ||
		    !json_object_is_type(issuers, json_type_array))
			continue;
		printf("signers\n");
		for (size_t k = 0; k < json_object_array_length(issuers); k++)
			print_issuer(json_object_array_get_idx(issuers, k));
		return;
	}
}

/* P-22: a person must see where good does not mean that the certificate is known. */
static void print_crl_only(struct json_object *document)
{
	struct json_object *list = json_object_object_get(document, "crl_only");
	if (list && json_object_array_length(list) > 0)
		print_list(document, "CRL-only", "crl_only");
}

/* "ready      yes", "… yes, degraded: …", "… no: …". */
static void print_ready(struct json_object *document, bool ready)
{
	const char *words = instance_text(document, ready ? "degraded" : "reason");
	cleanup(memory_freep) char *shown = output_text_new(words);
	printf("ready      %s%s%s\n", ready ? "yes" : "no",
	       !*words ? ""
	       : ready ? ", degraded: "
		       : ": ",
	       shown ? shown : "");
}

static void print_alarms(struct json_object *document)
{
	struct json_object *list = json_object_object_get(document, "alarms");
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *alarm = json_object_array_get_idx(list, i);
		cleanup(memory_freep) char *text = output_text_new(instance_text(alarm, "text"));
		printf("alarm      %s since %s: %s\n", instance_text(alarm, "kind"),
		       instance_text(alarm, "since"), text ? text : "");
	}
}

static void print_document(struct json_object *document, bool ready)
{
	printf("stillgood  %s, pid %s, since %s\n", instance_text(document, "version"),
	       instance_text(document, "pid"), instance_text(document, "started_at"));
	print_ready(document, ready);
	print_alarms(document);
	print_list(document, "listens on", "listen");
	print_list(document, "issuers", "issuers");
	print_crl_only(document);
	struct json_object *rooms = json_object_object_get(document, "rooms");
	printf("rooms\n");
	for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++)
		print_room(json_object_array_get_idx(rooms, i));
	print_signers(rooms);
}

int command_status(const struct command_line *line, struct fault *fault)
{
	cleanup(memory_freep) char *path = NULL;
	cleanup(output_json_freep) struct json_object *document = NULL;
	int result = instance_find(line, &path, fault);
	if (result == 0)
		result = instance_ask(path, "status", &document, fault);
	if (result)
		return result;
	bool ready = json_object_get_boolean(json_object_object_get(document, "ready"));
	if (option_given(line, OPTION_JSON))
		output_json(json_object_get(document));
	else
		print_document(document, ready);
	return ready ? STATUS_DONE : STATUS_REFUSED;
}
