/* Which files and ports a process may reach by name, whoever's they are: Landlock, where the kernel has it.
 * Its header is older than the kernel on some systems, so its calls and constants are here. */
#pragma once

#include "base/result.h"

#include <stdbool.h>

/* What stays possible beside the rules. */
#define LANDLOCK_MAY_CONNECT 1u /* by TCP, and to abstract sockets */

/* The kernel's version of it; 0: it has none, or it is switched off. */
unsigned landlock_version(void);
/* A descriptor of rules, that allow nothing yet; or -errno. */
must_check int landlock_new(unsigned version, unsigned may);
/* To read a file, or a folder with all beneath. 0 (also where nothing is there) or -errno. */
must_check int landlock_allow(int rules, const char *path);
/* For good. 0 or -errno. */
must_check int landlock_restrict(int rules);
