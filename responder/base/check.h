/* What must be true, or the program is wrong (never what input may say). Live in debug, sanitizer, fuzz
 * and simulation builds; in a release it is not evaluated. */
#pragma once

#include <assert.h>

#ifdef NDEBUG
#define check(condition) ((void)sizeof((condition) ? 1 : 0))
#else
#define check(condition) assert(condition)
#endif
