/* `ask`: the options of the client in client/. */
#include "client/ask.h"
#include "base/clock.h"
#include "cli/command.h"
#include "tool/operand.h"

static int usage(struct fault *fault, const char *text)
{
	return fault_set(fault, STATUS_USAGE, "ask: %s", text);
}

/* By POST a nonce is worth its price: the answer is made now. By GET it would spoil what GET is for,
 * the caches on the way. */
static int read_method(const struct command_line *line, struct ask_wish *wish, struct fault *fault)
{
	const char *method = line->values[OPTION_METHOD];
	wish->get = method && strcasecmp(method, "get") == 0;
	if (method && !wish->get && strcasecmp(method, "post") != 0)
		return usage(fault, "--method: get or post");
	if (option_given(line, OPTION_NONCE) && option_given(line, OPTION_NO_NONCE))
		return usage(fault, "--nonce and --no-nonce contradict each other");
	wish->nonce = option_given(line, OPTION_NONCE)                   ? OCSP_NONCE_REQUIRED
		      : wish->get || option_given(line, OPTION_NO_NONCE) ? OCSP_NONCE_NONE
									 : OCSP_NONCE_OFFERED;
	return 0;
}

static int read_hash(const struct command_line *line, struct ask_wish *wish, struct fault *fault)
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
	const char *name = line->values[OPTION_HASH] ? line->values[OPTION_HASH] : "sha1";
	wish->hash_name = name;
	for (size_t i = 0; i < array_size(hashes); i++)
		if (strcasecmp(name, hashes[i].name) == 0)
			wish->hash = hashes[i].digest();
	return wish->hash ? 0 : usage(fault, "--hash: sha1, sha256, sha384 or sha512");
}

static int read_times(const struct command_line *line, struct ask_wish *wish, struct fault *fault)
{
	const char *timeout = line->values[OPTION_TIMEOUT];
	const char *skew = line->values[OPTION_SKEW];
	wish->timeout_us = 10 * SECOND_US;
	wish->skew_us = 5 * SECOND_US;
	if (timeout && (operand_duration(timeout, &wish->timeout_us) < 0 || wish->timeout_us == 0))
		return usage(fault, "--timeout: a duration like 10s");
	if (skew && operand_duration(skew, &wish->skew_us) < 0)
		return usage(fault, "--skew: a duration like 5s");
	return 0;
}

static int check_usage(const struct command_line *line, struct fault *fault)
{
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

int command_ask(const struct command_line *line, struct fault *fault)
{
	struct ask_wish wish = {
		.paths = line->operands,
		.path_count = line->operand_count,
		.serials = line->values[OPTION_SERIAL],
		.issuer = line->values[OPTION_ISSUER],
		.url = line->values[OPTION_URL],
		.respout = line->values[OPTION_RESPOUT],
		.reqout = line->values[OPTION_REQOUT],
		.verbose = option_given(line, OPTION_VERBOSE),
		.form = option_given(line, OPTION_PROMETHEUS) ? ASK_PROMETHEUS
			: option_given(line, OPTION_JSON)     ? ASK_JSON
							      : ASK_TEXT,
	};
	int result = check_usage(line, fault);
	if (result == 0)
		result = read_method(line, &wish, fault);
	if (result == 0)
		result = read_hash(line, &wish, fault);
	if (result == 0)
		result = read_times(line, &wish, fault);
	return result ? result : ask(&wish, fault);
}
