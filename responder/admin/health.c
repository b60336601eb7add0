#include "admin/health.h"

#include "admin/document.h"
#include "base/result.h"

void health_alive(const struct admin_request *request, struct json_object *document,
		  struct moment now, struct admin_reply *reply)
{
	(void)request;
	(void)document;
	(void)now;
	admin_reply_say(reply, 200, NULL);
}

/* ---- what there is to say ---- */

static void put_line(struct buffer *out, const char *issuer, const char *text)
{
	buffer_printf(out, "%s%s%s\n", issuer, *issuer ? ": " : "", text);
}

/* One CA's trouble, or everybody's. NULL: all of them. */
static bool concerns(struct json_object *alarm, const char *issuer)
{
	const char *of = document_text(alarm, "issuer");
	return !issuer || !*of || strcmp(of, issuer) == 0;
}

static void put_alarms(struct json_object *document, const char *issuer, struct buffer *out)
{
	struct json_object *alarms = document_list(document, "alarms");
	for (size_t i = 0; i < document_length(alarms); i++) {
		struct json_object *alarm = document_at(alarms, i);
		if (concerns(alarm, issuer))
			put_line(out, document_text(alarm, "issuer"), document_text(alarm, "text"));
	}
}

static void put_readiness(struct json_object *document, struct admin_reply *reply)
{
	bool ready = document_true(document, "ready");
	const char *reason = document_text(document, "reason");
	admin_reply_say(reply, ready ? 200 : 503, !ready && *reason ? reason : NULL);
}

/* ---- one issuer ---- */

static bool is_issuer(struct json_object *document, const char *name)
{
	struct json_object *issuers = document_list(document, "issuers");
	for (size_t i = 0; i < document_length(issuers); i++) {
		struct json_object *one = document_at(issuers, i);
		if (json_object_is_type(one, json_type_string) &&
		    strcmp(json_object_get_string(one), name) == 0)
			return true;
	}
	return false;
}

/* These stop the answers about their issuer, as enum issuer_readiness has it; another alarm about it is a
 * warning. */
static bool stops_answers(struct json_object *alarm)
{
	static const char *const kinds[] = {"issuer_missing", "issuer_key", "issuer_unreadable",
					    "signer_expired", "crl_lapsed"};
	for (size_t i = 0; i < array_size(kinds); i++)
		if (strcmp(document_text(alarm, "kind"), kinds[i]) == 0)
			return true;
	return false;
}

static bool is_stopped(struct json_object *document, const char *issuer)
{
	struct json_object *alarms = document_list(document, "alarms");
	for (size_t i = 0; i < document_length(alarms); i++) {
		struct json_object *alarm = document_at(alarms, i);
		if (strcmp(document_text(alarm, "issuer"), issuer) == 0 && stops_answers(alarm))
			return true;
	}
	return false;
}

/* The name in a path: NULL (out->failed) where it cannot be one. */
static const char *name_of(struct view below, struct buffer *out)
{
	if (admin_decode(below, false, out) < 0 || memchr(out->data, '\0', out->size))
		return NULL;
	buffer_put_u8(out, '\0');
	return buffer_result(out) == 0 ? (const char *)out->data : NULL;
}

static void ready_one(struct view below, struct json_object *document, struct admin_reply *reply)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	const char *name = name_of(below, &text);
	if (buffer_result(&text) < 0) {
		admin_reply_say(reply, 500, NULL);
		return;
	}
	if (!name || !is_issuer(document, name)) {
		admin_reply_say(reply, 404, "no issuer of this name is configured");
		return;
	}
	if (is_stopped(document, name))
		admin_reply_say(reply, 503, "this issuer is not answered");
	else
		put_readiness(document, reply);
	put_alarms(document, name, &reply->body);
}

void health_ready(const struct admin_request *request, struct json_object *document,
		  struct moment now, struct admin_reply *reply)
{
	(void)now;
	if (request->below.size > 0) {
		ready_one(request->below, document, reply);
		return;
	}
	put_readiness(document, reply);
	put_alarms(document, NULL, &reply->body);
}
