#include "cli/signer_conf.h"

#include <unistd.h>

static const char defaults[] = "[database]\nconninfo = none\n[issuer \"-\"]\ncertificate = -\n"
			       "signer_certificate = -\nsigner_key = -\n";

int signer_conf_load(const struct command_line *line, struct conf **ret, struct fault *fault)
{
	const char *path = line->values[OPTION_CONFIG];
	if (!path && access(DEFAULT_CONFIGURATION, F_OK) < 0)
		return conf_parse("defaults", view_of_string(defaults), CONF_ALL, ret, fault);
	return conf_load(path ? path : DEFAULT_CONFIGURATION, ret, fault);
}
