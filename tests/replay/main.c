/* replay SCENARIO… runs scenarios; replay --random SECONDS [SEED] runs random ones;
 * replay --refuse-memory SECONDS [SEED] runs them without some memory. */
#include "chaos.h"
#include "script.h"

#include "base/compiler.h"

int main(int argc, char **argv)
{
	int status = 0;
	if (argc >= 3 && strcmp(argv[1], "--random") == 0)
		return chaos_run(strtod(argv[2], NULL), argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
	if (argc >= 3 && strcmp(argv[1], "--refuse-memory") == 0)
		return chaos_refuse_memory(strtod(argv[2], NULL),
					   argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
	if (argc < 2) {
		(void)fputs("usage: replay SCENARIO… | --random SECONDS [SEED] | --refuse-memory "
			    "SECONDS [SEED]\n",
			    stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		status |= script_run(argv[i]);
	return status;
}
