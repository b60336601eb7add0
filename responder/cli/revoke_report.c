/* What was done, and what the database says now. */
#include "base/hex.h"
#include "cli/revoke.h"
#include "tool/output.h"

#include <stdio.h>

static const struct {
	const char *done, *unchanged;
} outcomes[] = {
	[ACTION_REVOKE] = {"revoked", "was revoked already"},
	[ACTION_HOLD] = {"put on hold", "was on hold already"},
	[ACTION_RELEASE] = {"released: good again", "was good already"},
};

static const char *status_name(enum cert_status status)
{
	return status == CERT_GOOD ? "good" : status == CERT_REVOKED ? "revoked" : "held";
}

/* Of certificates or an issuer by itself: what the database says of it. */
static void add_members(const struct revocation *revocation, const struct target *target,
			struct json_object *document)
{
	const struct recorded *after = &target->after;
	if (target->where)
		output_json_string(document, "file", target->where);
	output_json_bool(document, "changed", target->changed);
	output_json_string(document, "issuer", target->issuer->record.name);
	if (!revocation->issuer_itself)
		output_json_hex(document, "serial", serial_view(&target->serial));
	output_json_string(document, "status", status_name(after->status));
	output_json_number(document, "version", after->version);
	output_json_time(document, "revoked_at", after->revoked_at);
	output_json_string(document, "reason", reason_name(after->reason));
	if (revocation->issuer_itself)
		return;
	output_json_time(document, "invalidity_at", after->invalidity_at);
	output_json_time(document, "not_after", after->not_after);
}

static struct json_object *target_document(const struct revocation *revocation, size_t i)
{
	const struct target *target = &revocation->targets[i];
	struct json_object *document = json_object_new_object();
	if (!revocation->each_recorded || revocation->issuer_itself)
		add_members(revocation, target, document);
	else
		output_json_string(document, "issuer", target->issuer->record.name);
	if (revocation->each_recorded)
		output_json_number(document, "certificates_revoked", (int64_t)revocation->revoked);
	return document;
}

/* The call's form decides between one object and a list, not what files hold. */
static void report_json(const struct revocation *revocation)
{
	const struct command_line *line = revocation->line;
	if (line->operand_count <= 1 && !option_given(line, OPTION_ALL_IN_FILE)) {
		output_json(target_document(revocation, 0));
		return;
	}
	struct json_object *documents = json_object_new_array();
	for (size_t i = 0; i < revocation->count; i++)
		json_object_array_add(documents, target_document(revocation, i));
	output_json(documents);
}

static void print_time(const char *before, int64_t seconds)
{
	char text[ISO_TIME_SIZE + 1] = "";
	if (seconds == TIME_NONE)
		return;
	time_put_iso(text, seconds);
	printf(", %s %s", before, text);
}

static void print_target(const struct revocation *revocation, const struct target *target)
{
	char serial[2 * LIMIT_SERIAL + 1];
	const char *reason = reason_name(target->after.reason);
	cleanup(memory_freep) char *where = output_text_new(target->where ? target->where : "");
	hex_put(serial, serial_view(&target->serial));
	printf("%s%s", where ? where : "", target->where ? ": " : "");
	if (revocation->issuer_itself)
		printf("issuer \"%s\": ", target->issuer->record.name);
	else
		printf("serial %s of issuer \"%s\": ", serial, target->issuer->record.name);
	printf("%s", target->changed ? outcomes[revocation->action].done
				     : outcomes[revocation->action].unchanged);
	print_time("since", target->after.revoked_at);
	printf("%s%s", reason ? ", " : "", reason ? reason : "");
	print_time("invalid since", target->after.invalidity_at);
	printf(", version %lld\n", (long long)target->after.version);
}

static void print_recorded(const struct revocation *revocation)
{
	const char *issuer = revocation->targets[0].issuer->record.name;
	if (revocation->revoked)
		printf("issuer \"%s\": %llu of its certificates revoked\n", issuer,
		       (unsigned long long)revocation->revoked);
	else
		printf("issuer \"%s\": no certificate is recorded that was not revoked already\n",
		       issuer);
}

void revocation_report(const struct revocation *revocation)
{
	if (option_given(revocation->line, OPTION_JSON)) {
		report_json(revocation);
		return;
	}
	if (!revocation->each_recorded || revocation->issuer_itself)
		for (size_t i = 0; i < revocation->count; i++)
			print_target(revocation, &revocation->targets[i]);
	if (revocation->each_recorded)
		print_recorded(revocation);
}
