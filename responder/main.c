/* One executable: the supervisor (`stillgood serve`), the rooms that it starts, and the operator's
 * commands. */
#include "base/compiler.h"
#include "cli/cli.h"
#include "warden/launch.h"
#include "warden/title.h"
#include "warden/warden.h"

#include <getopt.h>

#define CONF_PATH "/etc/stillgood/stillgood.conf"

static int serve_usage(const char *what)
{
	(void)fprintf(stderr, "stillgood serve: %s; see: stillgood serve --help\n", what);
	return 2;
}

/* argv[0] is "serve". 0, or the exit status of a usage error; *ret_help: asked for help. */
static int serve_options(int argc, char **argv, const char **ret_path, bool *ret_help)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":c:h", options, NULL)) != -1;) {
		if (option == 'c')
			*ret_path = optarg;
		else if (option == 'h')
			*ret_help = true;
		else
			return serve_usage(option == ':' ? "the option needs a file"
							 : "unknown option");
	}
	return optind < argc ? serve_usage("no operands are expected") : 0;
}

static int serve(int argc, char **argv)
{
	const char *path = CONF_PATH;
	bool help = false;
	int status = serve_options(argc - 1, argv + 1, &path, &help);
	if (help)
		return cli_main(argc, argv);
	if (status != 0)
		return status;
	/* The title takes the place of the arguments. */
	cleanup(memory_freep) char *copy = strdup(path);
	if (!copy)
		return 1;
	title_set(argc, argv, "stillgood: warden");
	return warden_serve(copy);
}

int main(int argc, char **argv)
{
	enum room_kind kind;
	unsigned index;
	if (kind_parse(argc, argv, &kind, &index) == 0)
		return launch_room(kind, index);
	if (argc >= 2 && strcmp(argv[1], "serve") == 0)
		return serve(argc, argv);
	return cli_main(argc, argv);
}
