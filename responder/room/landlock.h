/* Which files and ports a process may reach by name, whoever's they are: Landlock, where the kernel has it.
 * Its header is older than the kernel on some systems, so its calls and constants are here. */
#pragma once

#include "base/result.h"

#include <stdbool.h>

/* What a rule gives: beneath a folder, or of one file. */
enum landlock_access { LANDLOCK_READ, LANDLOCK_WRITE };

/* What stays possible beside the rules. */
#define LANDLOCK_MAY_CONNECT 1u /* by TCP, and to abstract sockets */

/* The kernel's version of it; 0: it has none, or it is switched off. */
unsigned landlock_version(void);
/* A descriptor of rules, that allow nothing yet; or -errno. */
must_check int landlock_new(unsigned version, unsigned may);
/* 0 (also where nothing is there) or -errno. */
must_check int landlock_allow(int rules, unsigned version, const char *path,
			      enum landlock_access access);
/* For good. 0 or -errno. */
must_check int landlock_restrict(int rules);
