#include "base/clock.h"
#include "cli/ask.h"
#include "cli/operand.h"

#include <openssl/x509v3.h>
#include <stdio.h>

static int usage(struct fault *fault, const char *text)
{
	return fault_set(fault, STATUS_USAGE, "ask: %s", text);
}

/* By POST a nonce is worth its price: the answer is made now. By GET it would spoil what GET is for,
 * the caches on the way. */
static int read_method(struct asking *asking, struct fault *fault)
{
	const char *method = asking->line->values[OPTION_METHOD];
	asking->get = method && strcasecmp(method, "get") == 0;
	if (method && !asking->get && strcasecmp(method, "post") != 0)
		return usage(fault, "--method: get or post");
	if (option_given(asking->line, OPTION_NONCE) && option_given(asking->line, OPTION_NO_NONCE))
		return usage(fault, "--nonce and --no-nonce contradict each other");
	asking->question.nonce = option_given(asking->line, OPTION_NONCE) ? OCSP_NONCE_REQUIRED
				 : asking->get || option_given(asking->line, OPTION_NO_NONCE)
					 ? OCSP_NONCE_NONE
					 : OCSP_NONCE_OFFERED;
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

static void strings_freep(STACK_OF(OPENSSL_STRING) * *strings)
{
	X509_email_free(*strings);
}

/* The first http location of a certificate's authority information access, "" without one. */
static void locate(X509 *certificate, char *out, size_t size)
{
	cleanup(strings_freep) STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);
	*out = '\0';
	for (int i = 0; !*out && i < sk_OPENSSL_STRING_num(urls); i++)
		if (strncasecmp(sk_OPENSSL_STRING_value(urls, i), "http://", 7) == 0)
			(void)snprintf(out, size, "%s", sk_OPENSSL_STRING_value(urls, i));
}

/* One request goes to one place. */
static int agree_on_location(struct asking *asking, struct fault *fault)
{
	const struct ocsp_question *question = &asking->question;
	if (option_given(asking->line, OPTION_SERIAL))
		return fault_set(fault, -EINVAL,
				 "a serial number does not say where its status is answered; give "
				 "--url");
	locate(question->certificates[0], asking->url_text, sizeof(asking->url_text));
	if (!*asking->url_text)
		return fault_set(fault, -EINVAL,
				 "%s: does not say where its status is answered; give --url",
				 asking->names[0]);
	for (unsigned i = 1; i < question->count; i++) {
		char other[sizeof(asking->url_text)];
		locate(question->certificates[i], other, sizeof(other));
		if (strcmp(other, asking->url_text) != 0)
			return fault_set(fault, -EINVAL,
					 "%s: is not answered where %s is; ask by itself or give "
					 "--url",
					 asking->names[i], asking->names[0]);
	}
	return 0;
}

static int find_url(struct asking *asking, struct fault *fault)
{
	const char *given = asking->line->values[OPTION_URL];
	int r = given ? 0 : agree_on_location(asking, fault);
	if (given)
		(void)snprintf(asking->url_text, sizeof(asking->url_text), "%s", given);
	return r ? r : client_url_parse(asking->url_text, &asking->url, fault);
}

static int check_usage(const struct asking *asking, struct fault *fault)
{
	const struct command_line *line = asking->line;
	static const enum command_option files[] = {OPTION_RESPOUT, OPTION_REQOUT};
	if (line->operand_count == 0 && !option_given(line, OPTION_SERIAL))
		return usage(fault, "CERT… is missing, or --serial SERIAL");
	if (!option_given(line, OPTION_ISSUER))
		return usage(fault, "--issuer FILE, the CA's certificate, is missing");
	if (option_given(line, OPTION_PROMETHEUS) &&
	    (option_given(line, OPTION_JSON) || option_given(line, OPTION_VERBOSE)))
		return usage(fault, "--prometheus goes without --json and --verbose");
	for (size_t i = 0; i < array_size(files); i++)
		if (option_given(line, files[i]) && strcmp(line->values[files[i]], "-") == 0)
			return usage(fault, "standard output is for the report; give a file's name "
					    "to --reqout and --respout");
	return 0;
}

static int keep_request(const struct asking *asking, struct fault *fault)
{
	const char *path = asking->line->values[OPTION_REQOUT];
	return path ? ask_write_file(path, buffer_view(&asking->request), fault) : 0;
}

int ask_prepare(struct asking *asking, struct fault *fault)
{
	int r = check_usage(asking, fault);
	if (r == 0)
		r = read_method(asking, fault);
	if (r == 0)
		r = read_hash(asking, fault);
	if (r == 0)
		r = read_times(asking, fault);
	if (r == 0)
		r = ask_load(asking, fault);
	if (r == 0)
		r = find_url(asking, fault);
	if (r == 0)
		r = ocsp_question_write(&asking->question, &asking->request, fault);
	if (r == 0)
		r = keep_request(asking, fault);
	return r;
}
