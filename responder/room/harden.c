#include "room/harden.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int harden_process(void)
{
	const struct rlimit none = {0, 0};
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, SANITIZED, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

static void ignore_each(const int *numbers, size_t count)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	for (size_t i = 0; i < count; i++)
		(void)sigaction(numbers[i], &ignore, NULL);
}

void harden_signals(void)
{
	static const int commands[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP};
	ignore_each(commands, array_size(commands));
	harden_stray_signals();
}

void harden_stray_signals(void)
{
	static const int strays[] = {SIGPIPE, SIGALRM,   SIGVTALRM, SIGPROF, SIGIO,  SIGPWR,
				     SIGXFSZ, SIGSTKFLT, SIGTTIN,   SIGTTOU, SIGXCPU};
	ignore_each(strays, array_size(strays));
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		ignore_each(&number, 1);
}
