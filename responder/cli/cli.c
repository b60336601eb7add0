#include "cli/cli.h"

#include "cli/arguments.h"
#include "cli/output.h"

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

int cli_main(int argc, char **argv)
{
	struct fault fault = {""};
	struct command_line line;
	/* Texts of libraries are for the log and for tests; only the character set is the user's. */
	(void)setlocale(LC_CTYPE, "");
	int r = arguments_read(argc, argv, &line, &fault);
	if (r == ARGUMENTS_ANSWERED)
		r = STATUS_DONE;
	else if (r == ARGUMENTS_WRONG)
		r = STATUS_USAGE;
	else if (r == 0)
		r = line.command->run(&line, &fault);
	return finish(&line, r, &fault);
}
