/* `signer request`: a new key, and the request to certify it. */
#include "cli/signer_conf.h"
#include "signer/key_make.h"

#include <fcntl.h>
#include <stdio.h>

/* What is there stays: it may be the key that signs now, or the request that is on its way. */
static int open_out(const char *path, int *ret, struct fault *fault)
{
	if (!path)
		return 0;
	*ret = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return *ret >= 0 ? 0
			 : fault_set(fault, -errno, "%s: %s%s", path, strerror(errno),
				     errno == EEXIST ? "; nothing is ever replaced: name another"
						     : "");
}

static void print_json(const struct command_line *line, const struct key_wish *wish,
		       struct view request)
{
	struct json_object *document = json_object_new_object();
	output_json_string(document, "key", wish->key);
	output_json_string(document, "algorithm", wish->algorithm);
	output_json_string(document, "subject", wish->subject);
	output_json_string(document, "out", line->values[OPTION_OUT]);
	output_json_view(document, "request", request);
	output_json(document);
}

static int deliver(const struct command_line *line, const struct key_wish *wish, int fd,
		   struct view request, struct fault *fault)
{
	if (fd >= 0 && write(fd, request.data, request.size) != (ssize_t)request.size)
		return fault_set(fault, -EIO, "%s: %s; the key is made: %s",
				 line->values[OPTION_OUT], strerror(errno), wish->key);
	if (option_given(line, OPTION_JSON))
		print_json(line, wish, request);
	else if (fd < 0)
		printf("%.*s", (int)request.size, (const char *)request.data);
	output_note(
		"%s: made; when the certificate has come, prove it: stillgood signer check CERT "
		"--issuer NAME --key %s",
		wish->key, wish->key);
	return STATUS_DONE;
}

static int make(const struct command_line *line, const struct key_wish *wish, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer request = {0};
	cleanup(descriptor_closep) int fd = -1;
	int result = open_out(line->values[OPTION_OUT], &fd, fault);
	if (result == 0)
		result = key_make(wish, &request, fault);
	if (result < 0) {
		if (fd >= 0)
			(void)unlink(line->values[OPTION_OUT]);
		return result;
	}
	return deliver(line, wish, fd, buffer_view(&request), fault);
}

int command_signer_request(const struct command_line *line, struct fault *fault)
{
	cleanup(conf_freep) struct conf *conf = NULL;
	char subject[LIMIT_ISSUER_NAME + 32];
	const char *issuer = line->values[OPTION_ISSUER], *key = line->values[OPTION_KEY_AT];
	if (!key || (!issuer && !option_given(line, OPTION_SUBJECT)))
		return fault_set(fault, STATUS_USAGE,
				 "signer request: say --key, and --issuer or --subject");
	int result = signer_conf_load(line, &conf, fault);
	if (result < 0)
		return result;
	(void)snprintf(subject, sizeof(subject), "CN=%s OCSP", issuer ? issuer : "");
	const struct key_wish wish = {
		.key = key,
		.algorithm = option_given(line, OPTION_ALGORITHM) ? line->values[OPTION_ALGORITHM]
								  : key_make_algorithms[0],
		.passphrase_file = line->values[OPTION_PASSPHRASE_FILE],
		.module = conf->server.pkcs11_module,
		.subject =
			option_given(line, OPTION_SUBJECT) ? line->values[OPTION_SUBJECT] : subject,
	};
	result = passphrase_collect(wish.passphrase_file, key, true, fault);
	return result < 0 ? result : make(line, &wish, fault);
}
