/* What we ask of the compiler: results that must be used, owners that clean up after themselves,
 * printf formats that are checked, and library calls that must not come back (banned.h). */
#pragma once

#include "base/banned.h"

#include <stdlib.h>
#include <unistd.h>

#define must_check __attribute__((warn_unused_result))
#define printf_like(position, first) __attribute__((format(printf, position, first)))

/* `cleanup(thing_freep) struct thing *t = NULL;` frees t when the scope ends.
 * Handing ownership over is `*ret = t; t = NULL;`. */
#define cleanup(function) __attribute__((cleanup(function)))

/* Defines thing_freep() from thing_free(), for use with cleanup(). */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type takes none */
#define DEFINE_CLEANUP(type, free_function)               \
	static inline void free_function##p(type **owner) \
	{                                                 \
		free_function(*owner);                    \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

static inline void memory_freep(void *owner)
{
	free(*(void **)owner);
}

static inline void descriptor_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define array_size(array) (sizeof(array) / sizeof((array)[0]))

/* LeakSanitizer looks at its own process when that ends: with ptrace, and through /proc. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif
