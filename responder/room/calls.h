/* Which system calls a room may make once it is open: the one table (calls.c), as a filter that the kernel
 * applies (seccomp). */
#pragma once

#include "base/result.h"

#include <stdbool.h>

/* Groups, beyond what every room needs: it lives, reads, writes and waits on descriptors that it has. */
enum calls {
	CALLS_ACCEPT = 1, /* connections come to it */
	CALLS_CONNECT = 2, /* it makes some: sockets of the Internet and of this machine */
	CALLS_FILES = 4, /* opens files to read them, and libraries */
	CALLS_JOURNAL = 8, /* writes files that it was given */
	CALLS_SECRETS = 16, /* keeps memory from being swapped */
	CALLS_MODULE =
		32, /* a stranger's module that speaks to a token: threads, files of its own */
	CALLS_HANDOVER = 256, /* makes files in memory, and seals them, to hand them over */
};

/* From here on this process may make the calls of these groups only, and what it executes, too, for good.
 * What a well-behaved library may try though it can do without is refused with an error; anything else
 * kills the process with SIGSYS. 0 or -errno: not possible here. */
must_check int calls_restrict(unsigned groups);
/* Does this kernel have such filters? */
bool calls_possible(void);
