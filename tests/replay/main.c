/* replay SCENARIO… runs scenarios; replay --random SECONDS [SEED] runs random ones. */
#include "chaos.h"
#include "script.h"

#include "base/compiler.h"

int main(int argc, char **argv)
{
	int status = 0;
	if (argc >= 3 && strcmp(argv[1], "--random") == 0)
		return chaos_run(strtod(argv[2], NULL), argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
	if (argc < 2) {
		(void)fputs("usage: replay SCENARIO… | --random SECONDS [SEED]\n", stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		status |= script_run(argv[i]);
	return status;
}
