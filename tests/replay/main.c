/* replay SCENARIO… runs scenarios; replay --random WORLDS [SEED] runs random ones;
 * replay --refuse-memory SEEDS [SEED] runs them without some memory. */
#include "chaos.h"
#include "script.h"

#include "base/compiler.h"

int main(int argc, char **argv)
{
	int status = 0;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	if (argc >= 3 && strcmp(argv[1], "--random") == 0)
		return chaos_run(count, seed);
	if (argc >= 3 && strcmp(argv[1], "--refuse-memory") == 0)
		return chaos_refuse_memory(count, seed ? seed : 1);
	if (argc < 2) {
		(void)fputs("usage: replay SCENARIO… | --random WORLDS [SEED] | --refuse-memory "
			    "SEEDS [SEED]\n",
			    stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		status |= script_run(argv[i]);
	return status;
}
