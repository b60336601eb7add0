/* One executable: the supervisor (`stillgood serve`), the rooms that it starts, and the operator's
 * commands. */
#include "base/compiler.h"
#include "cli/check_steps.h"
#include "cli/cli.h"
#include "cli/importer.h"
#include "warden/kind.h"
#include "warden/title.h"
#include "warden/warden.h"

static int serve(int argc, char **argv)
{
	const char *path = NULL;
	int status = 0;
	if (!cli_serve_arguments(argc, argv, &path, &status))
		return status;
	/* The title takes the place of the arguments. */
	cleanup(memory_freep) char *copy = strdup(path);
	if (!copy)
		return 1;
	title_set(argc, argv, "stillgood: warden");
	return warden_serve(copy, check_steps);
}

int main(int argc, char **argv)
{
	enum room_kind kind;
	unsigned index;
	if (kind_parse(argc, argv, &kind, &index) == 0)
		return room_run(kind_plan(kind), kind, index, CONTROL_FD, CONTROL_CONF_FD);
	if (importer_named(argc, argv))
		return importer_run(argv[2], argv[3]);
	if (argc >= 2 && strcmp(argv[1], "serve") == 0)
		return serve(argc, argv);
	return cli_main(argc, argv);
}
