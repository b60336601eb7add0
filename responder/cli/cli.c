#include "cli/cli.h"

#include "cli/arguments.h"
#include "cli/connect.h"
#include "tool/output.h"

#include <locale.h>
#include <stdio.h>

static int finish(const struct command_line *line, int result, const struct fault *fault)
{
	if (result < 0 || result == STATUS_USAGE)
		output_error(fault);
	if (result == STATUS_USAGE)
		arguments_print_hint(line);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, "stillgood: standard output: %s\n", strerror(errno));
		return STATUS_REFUSED;
	}
	return result < 0 ? STATUS_REFUSED : result;
}

/* ARGUMENTS_…, as an exit status where it is the end. */
static int status_of(int result)
{
	return result == ARGUMENTS_WRONG ? STATUS_USAGE : STATUS_DONE;
}

int cli_main(int argc, char **argv)
{
	struct fault fault = {""};
	struct command_line line;
	/* Texts of libraries are for the log and for tests; only the character set is the user's. */
	(void)setlocale(LC_CTYPE, "");
	int result = arguments_read(argc, argv, &line, &fault);
	result = result ? status_of(result) : line.command->run(&line, &fault);
	return finish(&line, result, &fault);
}

bool cli_serve_arguments(int argc, char **argv, const char **ret_path, int *ret_status)
{
	struct fault fault = {""};
	struct command_line line;
	int result = arguments_read(argc, argv, &line, &fault);
	if (result)
		*ret_status = finish(&line, status_of(result), &fault);
	else
		*ret_path = option_given(&line, OPTION_CONFIG) ? line.values[OPTION_CONFIG]
							       : DEFAULT_CONFIGURATION;
	return result == 0;
}
