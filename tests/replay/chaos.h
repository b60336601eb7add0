/* Random scenarios, judged by the oracle alone. */
#pragma once

#include <stdint.h>

/* Runs seeds from `seed` on (0: from 1) for so many seconds, or that one seed alone where it is not
 * 0. 0, or 1 with the seed and the broken requirement on standard error. */
int chaos_run(double seconds, uint64_t seed);
/* The same, short, again and again, and each time another request for memory is refused. */
int chaos_refuse_memory(double seconds, uint64_t seed);
