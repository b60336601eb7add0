#include "client/asking.h"

#include "base/clock.h"
#include "tool/output.h"

#include <stdio.h>

static void asking_deinit(struct asking *asking)
{
	ocsp_question_deinit(&asking->question);
	for (size_t i = 0; i < array_size(asking->question.certificates); i++) {
		X509_free(asking->question.certificates[i]);
		ASN1_INTEGER_free(asking->question.serials[i]);
		free(asking->names[i]);
	}
	X509_free(asking->question.issuer);
	buffer_deinit(&asking->request);
	client_reply_deinit(&asking->reply);
	ocsp_answer_deinit(&asking->answer);
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

/* What is not declared as an OCSP response may be a login page or an error in disguise. */
static int check_reply(const struct asking *asking, struct fault *fault)
{
	static const char type[] = "application/ocsp-response";
	const char *said = asking->reply.content_type;
	size_t size = strcspn(said, "; \t");
	if (asking->reply.status != 200)
		return fault_set(fault, -EPROTO, "%s: HTTP status %u", asking->url_text,
				 asking->reply.status);
	if (size != strlen(type) || strncasecmp(said, type, size) != 0)
		return fault_set(fault, -EPROTO, "%s: answers with Content-Type \"%s\"",
				 asking->url_text, said);
	return 0;
}

static int send_question(struct asking *asking, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer path = {0};
	struct client_exchange exchange = {.url = &asking->url,
					   .timeout_us = asking->wish->timeout_us};
	if (asking->wish->get) {
		int result = encode_path(buffer_view(&asking->request), &path, fault);
		if (result)
			return result;
		exchange.get_suffix = buffer_view(&path);
	} else {
		exchange.post_body = buffer_view(&asking->request);
	}
	int result = client_exchange_run(&exchange, &asking->reply, fault);
	if (result)
		return result;
	return check_reply(asking, fault);
}

static int verify(struct asking *asking, struct fault *fault)
{
	struct moment begin = clock_now();
	int result = ocsp_answer_read(&asking->question, buffer_view(&asking->reply.body),
				      wall_seconds(begin.wall_us),
				      asking->wish->skew_us / SECOND_US, &asking->answer, fault);
	asking->verify_us = clock_now().mono_us - begin.mono_us;
	return result;
}

static int refuse(const struct asking *asking, const struct fault *fault)
{
	output_error(fault);
	ask_report(asking, fault);
	return ASK_NO_ANSWER;
}

/* What is not proven of one certificate, while the answer as a whole is authentic. */
static void complain(const struct asking *asking)
{
	for (unsigned i = 0; i < asking->question.count; i++) {
		const struct ocsp_finding *finding = &asking->answer.findings[i];
		struct fault fault;
		if (finding->proven)
			continue;
		fault_set(&fault, 0, "%s: %s", asking->names[i], finding->fault.text);
		output_error(&fault);
	}
}

static int prepare(struct asking *asking, struct fault *fault)
{
	int result = ask_load(asking, fault);
	if (result == 0)
		result = ask_locate(asking, fault);
	if (result == 0)
		result = ocsp_question_write(&asking->question, &asking->request, fault);
	if (result == 0)
		result = ask_write_file(asking->wish->reqout, buffer_view(&asking->request), fault);
	return result;
}

int ask(const struct ask_wish *wish, struct fault *fault)
{
	cleanup(asking_deinit) struct asking asking = {
		.wish = wish, .question = {.hash = wish->hash, .nonce = wish->nonce}};
	int result = prepare(&asking, fault);
	if (result)
		return result;
	if (send_question(&asking, fault))
		return refuse(&asking, fault);
	/* What came, proven or not: whoever keeps it may want to see why it is not. */
	result = ask_write_file(wish->respout, buffer_view(&asking.reply.body), fault);
	if (result == 0)
		result = verify(&asking, fault);
	if (result < 0)
		return result;
	if (result)
		return refuse(&asking, fault);
	complain(&asking);
	ask_report(&asking, NULL);
	return (int)ask_status_worst(&asking);
}
