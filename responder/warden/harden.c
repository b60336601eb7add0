#include "warden/harden.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* LeakSanitizer looks at its own process with ptrace. */
#ifdef __SANITIZE_ADDRESS__
#define DUMPABLE 1
#else
#define DUMPABLE 0
#endif

int harden_process(void)
{
	const struct rlimit none = {0, 0};
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, DUMPABLE, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}
