#include "base/timetext.h"
#include "client/asking.h"
#include "tool/certname.h"
#include "tool/output.h"

#include <stdio.h>

static const char *hash_name(const struct asking *asking)
{
	return asking->wish->hash_name ? asking->wish->hash_name : "sha1";
}

static const char *nonce_text(const struct asking *asking)
{
	return asking->question.nonce == OCSP_NONCE_NONE ? "none sent"
	       : asking->answer.nonce_echoed             ? "repeated"
							 : "sent, but not repeated";
}

/* ---- for people ---- */

static void print_time(const char *title, int64_t seconds)
{
	char text[ISO_TIME_SIZE + 1] = "";
	if (seconds == TIME_NONE)
		return;
	time_put_iso(text, seconds);
	printf("  %-14s %s\n", title, text);
}

static void print_finding(const struct asking *asking, unsigned i)
{
	const struct ocsp_finding *finding = &asking->answer.findings[i];
	const char *reason = reason_name(finding->reason);
	cleanup(memory_freep) char *name = output_text_new(asking->names[i]);
	printf("%s: ", name ? name : "");
	if (!finding->proven) {
		printf("no authentic answer\n");
		return;
	}
	printf("%s%s%s\n", ask_status_name(ask_status_of(finding)), reason ? ", " : "",
	       reason ? reason : "");
	print_time("revoked", finding->revoked_at);
	print_time("invalid", finding->invalidity_at);
	print_time("this update", finding->this_update);
	print_time("next update", finding->next_update);
	print_time("archive cutoff", finding->archive_cutoff);
	if (finding->cert_hash)
		printf("  %-14s is that of this certificate\n", "hash");
}

static void print_answer(const struct asking *asking)
{
	const struct ocsp_answer *answer = &asking->answer;
	printf("answer\n");
	print_time("produced", answer->produced_at);
	printf("  %-14s %s (%s, %s)\n", "signed by", answer->signer ? answer->signer : "",
	       answer->delegated ? "delegate" : "the CA itself", answer->algorithm);
	if (answer->delegated && !answer->nocheck)
		printf("  %-14s the delegate has no id-pkix-ocsp-nocheck: it may be revoked "
		       "itself\n",
		       "");
	printf("  %-14s %s\n", "nonce", nonce_text(asking));
	printf("  %-14s %s, %s, %zu octets in %.1f ms (connected in %.1f ms)\n", "asked",
	       asking->url_text, asking->wish->get ? "GET" : "POST", asking->reply.body.size,
	       (double)asking->reply.total_us / 1000, (double)asking->reply.connect_us / 1000);
}

static void print_phase(const char *title, int64_t from_us, int64_t to_us)
{
	if (to_us > 0)
		printf("  %-14s %8.2f ms\n", title, (double)(to_us - from_us) / 1000);
}

static void print_details(const struct asking *asking, bool proven)
{
	const struct ocsp_answer *answer = &asking->answer;
	const struct client_reply *reply = &asking->reply;
	if (proven) {
		printf("signer\n  %-14s %s\n", "serial",
		       answer->signer_serial ? answer->signer_serial : "");
		print_time("until", answer->signer_not_after);
		printf("  %-14s %s\n", "responder ID", answer->by_name ? "name" : "key hash");
	}
	printf("exchange\n  %-14s %zu octets, %u CertIDs with %s\n", "request",
	       asking->request.size, asking->question.count, hash_name(asking));
	if (reply->status)
		printf("  %-14s HTTP %u, %zu octets\n", "reply", reply->status, reply->body.size);
	print_phase("resolve", 0, reply->resolve_us);
	print_phase("connect", reply->resolve_us, reply->connect_us);
	print_phase("send", reply->connect_us, reply->send_us);
	print_phase("wait", reply->send_us, reply->first_octet_us);
	print_phase("receive", reply->first_octet_us, reply->first_octet_us ? reply->total_us : 0);
	print_phase("verify", 0, asking->verify_us);
}

static void report_text(const struct asking *asking, bool proven)
{
	if (proven) {
		for (unsigned i = 0; i < asking->question.count; i++)
			print_finding(asking, i);
		print_answer(asking);
	}
	if (asking->wish->verbose)
		print_details(asking, proven);
}

/* ---- for programs ---- */

static void add_exchange(const struct asking *asking, struct json_object *document)
{
	const struct client_reply *reply = &asking->reply;
	output_json_string(document, "url", asking->url_text);
	output_json_string(document, "method", asking->wish->get ? "get" : "post");
	output_json_string(document, "hash", hash_name(asking));
	output_json_bool(document, "nonce_sent", asking->question.nonce != OCSP_NONCE_NONE);
	output_json_number(document, "request_octets", (int64_t)asking->request.size);
	output_json_number(document, "http_status", reply->status);
	output_json_number(document, "octets", (int64_t)reply->body.size);
	output_json_number(document, "resolve_us", reply->resolve_us);
	output_json_number(document, "connect_us", reply->connect_us);
	output_json_number(document, "send_us", reply->send_us);
	output_json_number(document, "first_octet_us", reply->first_octet_us);
	output_json_number(document, "total_us", reply->total_us);
	output_json_number(document, "verify_us", asking->verify_us);
}

static void add_answer(const struct ocsp_answer *answer, struct json_object *document)
{
	output_json_time(document, "produced_at", answer->produced_at);
	output_json_string(document, "signer", answer->signer);
	output_json_string(document, "signer_serial", answer->signer_serial);
	output_json_time(document, "signer_not_after", answer->signer_not_after);
	output_json_bool(document, "delegated", answer->delegated);
	output_json_bool(document, "nocheck", answer->nocheck);
	output_json_string(document, "responder_id", answer->by_name ? "name" : "key");
	output_json_string(document, "algorithm", answer->algorithm);
	output_json_bool(document, "nonce", answer->nonce_echoed);
}

static struct json_object *finding_json(const struct asking *asking, unsigned i)
{
	const struct ocsp_finding *finding = &asking->answer.findings[i];
	struct json_object *object = json_object_new_object();
	const ASN1_INTEGER *serial = ocsp_question_serial(&asking->question, i);
	bool file = asking->question.certificates[i] != NULL;
	output_json_string(object, "file", file ? asking->names[i] : NULL);
	output_json_hex(object, "serial",
			view_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
	output_json_string(object, "status", ask_status_name(ask_status_of(finding)));
	if (!finding->proven) {
		if (*finding->fault.text) /* else the whole answer was refused */
			output_json_string(object, "error", finding->fault.text);
		return object;
	}
	output_json_time(object, "revoked_at", finding->revoked_at);
	output_json_string(object, "reason", reason_name(finding->reason));
	output_json_time(object, "invalidity_at", finding->invalidity_at);
	output_json_time(object, "this_update", finding->this_update);
	output_json_time(object, "next_update", finding->next_update);
	output_json_time(object, "archive_cutoff", finding->archive_cutoff);
	output_json_bool(object, "cert_hash", finding->cert_hash);
	return object;
}

static void report_json(const struct asking *asking, const struct fault *refused)
{
	struct json_object *document = json_object_new_object();
	struct json_object *certificates = json_object_new_array();
	enum ask_status status = refused ? ASK_NO_ANSWER : ask_status_worst(asking);
	output_json_string(document, "status", ask_status_name(status));
	add_exchange(asking, document);
	if (refused)
		output_json_string(document, "error", refused->text);
	else
		add_answer(&asking->answer, document);
	for (unsigned i = 0; i < asking->question.count; i++)
		json_object_array_add(certificates, finding_json(asking, i));
	json_object_object_add(document, "certificates", certificates);
	output_json(document);
}

void ask_report(const struct asking *asking, const struct fault *refused)
{
	if (asking->wish->form == ASK_PROMETHEUS)
		ask_report_metrics(asking, !refused);
	else if (asking->wish->form == ASK_JSON)
		report_json(asking, refused);
	else
		report_text(asking, !refused);
}
