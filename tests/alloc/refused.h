/* Around calls of the product in a fuzz target, which runs a second time with its requests for memory refused in turn
 * (refuse/NAME): see alloc.h. Elsewhere these say nothing. */
#pragma once

#ifdef STILLGOOD_REFUSE
#include "alloc/alloc.h"
#define REFUSED alloc_refused()
#define SERVE() alloc_serve()
#define SPARE(function) alloc_spare(function)
#else
#define INSIDE(call) call
#define INSIDE_RESULT(call) (call)
#define OUTSIDE
#define REFUSED false
#define SERVE()
#define SPARE(function)
#endif
