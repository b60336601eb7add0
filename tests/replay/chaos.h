/* Random scenarios, judged by the oracle alone. */
#pragma once

#include <stdint.h>

/* Runs so many seeds from 1 on, or where `seed` is not 0 that one alone. 0, or 1 with the seed and the broken
 * requirement on standard error. */
int chaos_run(uint64_t worlds, uint64_t seed);
/* So many, short, from `seed` on: again and again, and each time another request for memory is refused. */
int chaos_refuse_memory(uint64_t seeds, uint64_t seed);
