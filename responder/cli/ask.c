/* `ask`: an OCSP client for people and monitors. It prints only what is proven; everything else is
 * "no authentic answer". */
#include "base/clock.h"
#include "base/hex.h"
#include "base/timetext.h"
#include "cli/certinput.h"
#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/ocsp_client.h"
#include "cli/operand.h"
#include "cli/output.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum ask_status { ASK_GOOD = 0, ASK_REVOKED = 3, ASK_UNKNOWN = 4, ASK_NO_ANSWER = 5 };

struct asking {
	const struct command_line *line;
	char url_text[2400];
	struct client_url url;
	bool get;
	int64_t timeout_us, skew_us;
	struct ocsp_question question;
	struct buffer request;
	struct client_reply reply;
	struct ocsp_answer answer;
};

static void asking_deinit(struct asking *asking)
{
	ocsp_question_deinit(&asking->question);
	X509_free(asking->question.certificate);
	X509_free(asking->question.issuer);
	buffer_deinit(&asking->request);
	client_reply_deinit(&asking->reply);
	ocsp_answer_deinit(&asking->answer);
}

static int usage(struct fault *fault, const char *text)
{
	return fault_set(fault, STATUS_USAGE, "ask: %s", text);
}

static int read_method(struct asking *asking, struct fault *fault)
{
	const char *method = asking->line->values[OPTION_METHOD];
	asking->get = method && strcasecmp(method, "get") == 0;
	if (method && !asking->get && strcasecmp(method, "post") != 0)
		return usage(fault, "--method: get or post");
	if (option_given(asking->line, OPTION_NONCE) && option_given(asking->line, OPTION_NO_NONCE))
		return usage(fault, "--nonce and --no-nonce contradict each other");
	asking->question.nonce = option_given(asking->line, OPTION_NONCE);
	return 0;
}

static int read_hash(struct asking *asking, struct fault *fault)
{
	static const struct {
		const char *name;
		const EVP_MD *(*digest)(void);
	} hashes[] = {
		{"sha1", EVP_sha1},
		{"sha256", EVP_sha256},
		{"sha384", EVP_sha384},
		{"sha512", EVP_sha512},
	};
	const char *name = asking->line->values[OPTION_HASH];
	for (size_t i = 0; i < array_size(hashes); i++)
		if (strcasecmp(name ? name : "sha1", hashes[i].name) == 0)
			asking->question.hash = hashes[i].digest();
	return asking->question.hash ? 0 : usage(fault, "--hash: sha1, sha256, sha384 or sha512");
}

static int read_times(struct asking *asking, struct fault *fault)
{
	const char *timeout = asking->line->values[OPTION_TIMEOUT];
	const char *skew = asking->line->values[OPTION_SKEW];
	asking->timeout_us = 10 * SECOND_US;
	asking->skew_us = 5 * SECOND_US;
	if (timeout &&
	    (operand_duration(timeout, &asking->timeout_us) < 0 || asking->timeout_us == 0))
		return usage(fault, "--timeout: a duration like 10s");
	if (skew && operand_duration(skew, &asking->skew_us) < 0)
		return usage(fault, "--skew: a duration like 5s");
	return 0;
}

static int load_certificate(const char *path, X509 **ret, struct fault *fault)
{
	cleanup(certinput_closep) struct certinput *file = NULL;
	struct view der = {0};
	unsigned line = 0;
	int r = certinput_open(path, &file, fault);
	if (r == 0)
		r = certinput_next(file, &der, &line, fault);
	if (r == CERTINPUT_END)
		return fault_set(fault, -EINVAL, "%s: holds no certificate", path);
	if (r)
		return r;
	const unsigned char *p = der.data;
	*ret = d2i_X509(NULL, &p, (long)der.size);
	ERR_clear_error();
	return *ret ? 0 : fault_set(fault, -EBADMSG, "%s: not a readable certificate", path);
}

/* A question about a certificate of another CA would be answered "unknown", or worse. */
static int check_issuer(const struct asking *asking, struct fault *fault)
{
	EVP_PKEY *key = X509_get0_pubkey(asking->question.issuer);
	bool named = X509_NAME_cmp(X509_get_issuer_name(asking->question.certificate),
				   X509_get_subject_name(asking->question.issuer)) == 0;
	bool issued = named && key && X509_verify(asking->question.certificate, key) == 1;
	ERR_clear_error();
	if (issued)
		return 0;
	return fault_set(fault, -EINVAL, "%s: not issued by the CA of %s",
			 asking->line->operands[0], asking->line->values[OPTION_ISSUER]);
}

static void strings_freep(STACK_OF(OPENSSL_STRING) * *strings)
{
	X509_email_free(*strings);
}

/* The first http location of the certificate's authority information access. */
static int find_url(struct asking *asking, struct fault *fault)
{
	const char *given = asking->line->values[OPTION_URL];
	cleanup(strings_freep) STACK_OF(OPENSSL_STRING) *urls =
		given ? NULL : X509_get1_ocsp(asking->question.certificate);
	for (int i = 0; !given && i < sk_OPENSSL_STRING_num(urls); i++)
		if (strncasecmp(sk_OPENSSL_STRING_value(urls, i), "http://", 7) == 0)
			given = sk_OPENSSL_STRING_value(urls, i);
	if (!given)
		return fault_set(fault, -EINVAL,
				 "%s: does not say where its status is answered; give --url",
				 asking->line->operands[0]);
	(void)snprintf(asking->url_text, sizeof(asking->url_text), "%s", given);
	return client_url_parse(given, &asking->url, fault);
}

static int prepare(struct asking *asking, struct fault *fault)
{
	if (!option_given(asking->line, OPTION_ISSUER))
		return usage(fault, "--issuer FILE, the CA's certificate, is missing");
	int r = read_method(asking, fault);
	if (r == 0)
		r = read_hash(asking, fault);
	if (r == 0)
		r = read_times(asking, fault);
	if (r == 0)
		r = load_certificate(asking->line->operands[0], &asking->question.certificate,
				     fault);
	if (r == 0)
		r = load_certificate(asking->line->values[OPTION_ISSUER], &asking->question.issuer,
				     fault);
	if (r == 0)
		r = check_issuer(asking, fault);
	if (r == 0)
		r = find_url(asking, fault);
	if (r == 0)
		r = ocsp_question_write(&asking->question, &asking->request, fault);
	return r;
}

/* Base64 with what a path may not hold escaped (RFC 6960, A.1). */
static int encode_path(struct view request, struct buffer *out, struct fault *fault)
{
	size_t size = (request.size + 2) / 3 * 4;
	cleanup(memory_freep) unsigned char *base64 = malloc(size + 1);
	if (!base64)
		return fault_set(fault, -ENOMEM, "out of memory");
	EVP_EncodeBlock(base64, request.data, (int)request.size);
	for (size_t i = 0; i < size; i++) {
		if (strchr("+/=", base64[i]))
			buffer_printf(out, "%%%02X", base64[i]);
		else
			buffer_put_u8(out, base64[i]);
	}
	return buffer_result(out);
}

static int send_question(struct asking *asking, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer path = {0};
	struct client_exchange exchange = {.url = &asking->url, .timeout_us = asking->timeout_us};
	if (asking->get) {
		int r = encode_path(buffer_view(&asking->request), &path, fault);
		if (r)
			return r;
		exchange.get_suffix = buffer_view(&path);
	} else {
		exchange.post_body = buffer_view(&asking->request);
	}
	int r = client_exchange_run(&exchange, &asking->reply, fault);
	if (r)
		return r;
	if (asking->reply.status != 200)
		return fault_set(fault, -EPROTO, "%s: HTTP status %u", asking->url_text,
				 asking->reply.status);
	return 0;
}

static enum ask_status exit_status_of(enum ocsp_status status)
{
	return status == OCSP_GOOD ? ASK_GOOD : status == OCSP_REVOKED ? ASK_REVOKED : ASK_UNKNOWN;
}

static const char *status_name(enum ocsp_status status)
{
	return status == OCSP_GOOD ? "good" : status == OCSP_REVOKED ? "revoked" : "unknown";
}

static void print_time(const char *title, int64_t seconds)
{
	char text[ISO_TIME_SIZE + 1] = "";
	if (seconds == TIME_NONE)
		return;
	time_put_iso(text, seconds);
	printf("  %-12s %s\n", title, text);
}

static void report(const struct asking *asking)
{
	const struct ocsp_answer *answer = &asking->answer;
	const char *reason = reason_name(answer->reason);
	cleanup(memory_freep) char *file = output_text_new(asking->line->operands[0]);
	printf("%s: %s%s%s\n", file ? file : "", status_name(answer->status), reason ? ", " : "",
	       reason ? reason : "");
	print_time("revoked", answer->revoked_at);
	print_time("invalid", answer->invalidity_at);
	print_time("this update", answer->this_update);
	print_time("next update", answer->next_update);
	print_time("produced", answer->produced_at);
	printf("  %-12s %s (%s, %s)\n", "signed by", answer->signer ? answer->signer : "",
	       answer->delegated ? "delegate" : "the CA itself", answer->algorithm);
	printf("  %-12s %s\n", "nonce", answer->nonce_echoed ? "repeated" : "none sent");
	printf("  %-12s %s, %s, %zu octets in %.1f ms (connected in %.1f ms)\n", "asked",
	       asking->url_text, asking->get ? "GET" : "POST", asking->reply.body.size,
	       (double)asking->reply.total_us / 1000, (double)asking->reply.connect_us / 1000);
}

static void report_json(const struct asking *asking, const struct fault *refused)
{
	const struct ocsp_answer *answer = &asking->answer;
	struct json_object *document = json_object_new_object();
	output_json_string(document, "status", refused ? "none" : status_name(answer->status));
	output_json_string(document, "url", asking->url_text);
	output_json_string(document, "method", asking->get ? "get" : "post");
	output_json_number(document, "http_status", asking->reply.status);
	output_json_number(document, "octets", (int64_t)asking->reply.body.size);
	output_json_number(document, "connect_us", asking->reply.connect_us);
	output_json_number(document, "total_us", asking->reply.total_us);
	if (refused) {
		output_json_string(document, "error", refused->text);
	} else {
		output_json_time(document, "revoked_at", answer->revoked_at);
		output_json_string(document, "reason", reason_name(answer->reason));
		output_json_time(document, "invalidity_at", answer->invalidity_at);
		output_json_time(document, "this_update", answer->this_update);
		output_json_time(document, "next_update", answer->next_update);
		output_json_time(document, "produced_at", answer->produced_at);
		output_json_string(document, "signer", answer->signer);
		output_json_bool(document, "delegated", answer->delegated);
		output_json_string(document, "algorithm", answer->algorithm);
		output_json_bool(document, "nonce", answer->nonce_echoed);
	}
	output_json(document);
}

static int refuse(const struct asking *asking, const struct fault *fault)
{
	output_error(fault);
	if (option_given(asking->line, OPTION_JSON))
		report_json(asking, fault);
	return ASK_NO_ANSWER;
}

int command_ask(const struct command_line *line, struct fault *fault)
{
	cleanup(asking_deinit) struct asking asking = {.line = line};
	int r = prepare(&asking, fault);
	if (r)
		return r;
	if (send_question(&asking, fault))
		return refuse(&asking, fault);
	r = ocsp_answer_read(&asking.question, buffer_view(&asking.reply.body),
			     wall_seconds(clock_now().wall_us), asking.skew_us / SECOND_US,
			     &asking.answer, fault);
	if (r < 0)
		return r;
	if (r)
		return refuse(&asking, fault);
	if (option_given(line, OPTION_JSON))
		report_json(&asking, NULL);
	else
		report(&asking);
	return (int)exit_status_of(asking.answer.status);
}
