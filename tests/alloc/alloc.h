/* Memory that is refused on purpose (doc/faults.md row 28). The product's calls of malloc, calloc and realloc come here
 * (the linker's --wrap), and so do OpenSSL's where it was told so. Only what the product asks for while it was entered is
 * counted, not what the harness around it does. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* From now on: after `first` - 1 requests that are served, `count` in a row are refused. 0: none. */
void alloc_refuse(uint64_t first, uint64_t count);
/* Requests since then. */
uint64_t alloc_requests(void);
/* Has anything been refused since then? */
bool alloc_refused(void);
/* OpenSSL's memory comes from here too; before anything else of it is called. */
void alloc_take_openssl(void);

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
