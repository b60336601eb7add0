/* Memory that is refused on purpose (doc/faults.md row 28). Calls of malloc, calloc and realloc come here: the product's
 * by the linker's --wrap, or with ALLOC_WHOLE those of the libraries too, because then these functions take the place
 * of the C library's. Only what is asked for while the product was entered counts, not what the harness around it does.
 *
 * What is refused depends on no clock. The calls that lead to a request are its way; of each way the 1st, 2nd, 4th,
 * 8th … request is refused, alone and with those that follow it. So what was reached is the same on each machine:
 *
 *	alloc_watch();          run once: which ways there are, and how many requests came by each
 *	while (alloc_refuse_next())
 *	                        run once more: another request is refused */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>

/* From now on everything is served, and noted. */
void alloc_watch(void);
/* From now on one of the requests is refused that were noted, by its way and by how many came before by the same; none
 * that was in this process. False: none is left. */
bool alloc_refuse_next(void);
/* From now on what this function asks for is always served: of a library that cannot do without. */
void alloc_spare(void (*function)(void));
/* From now on everything is served. */
void alloc_serve(void);
/* Has anything been refused since the last of these? */
bool alloc_refused(void);
/* How many there were, in all. */
unsigned alloc_ways(void);
unsigned alloc_refusals(void);
/* On standard error: the way of what was refused last. Also comes by itself when the process aborts. */
void alloc_tell(void);

/* The product is entered, and left; it calls the harness back. */
void alloc_enter(void);
void alloc_leave(void);
int alloc_left(int result);
bool alloc_step_out(void);
void alloc_step_in(const bool *inside);

#define INSIDE(call)           \
	do {                   \
		alloc_enter(); \
		call;          \
		alloc_leave(); \
	} while (0)
#define INSIDE_RESULT(call) alloc_left((alloc_enter(), (call)))
/* First in whatever the product calls back. */
#define OUTSIDE                                                       \
	cleanup(alloc_step_in) const bool inside_ = alloc_step_out(); \
	(void)inside_
