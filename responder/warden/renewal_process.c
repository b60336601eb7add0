#include "warden/renewal_process.h"

#include "warden/privilege.h"
#include "warden/spawn.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define VARIABLES 10

/* All that it is given: nothing of the warden's own environment may be a secret that it hears of. */
static int make_environment(const struct renewal_call *call, char *ret[VARIABLES])
{
	const char *const values[VARIABLES - 1][2] = {
		{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		{"LANG", "C.UTF-8"},
		{"STILLGOOD_ISSUER", call->issuer->name},
		{"STILLGOOD_SIGNER", call->signer.name},
		{"STILLGOOD_CERTIFICATE",
		 call->signer.certificate ? call->signer.certificate : call->signer.key},
		{"STILLGOOD_CA", call->issuer->certificate},
		{"STILLGOOD_NOT_AFTER", call->not_after},
		{"STILLGOOD_CONF", call->conf_path},
	};
	size_t count = 0;
	for (size_t i = 0; i < VARIABLES - 1 && values[i][0]; i++)
		if (asprintf(&ret[count++], "%s=%s", values[i][0], values[i][1]) < 0)
			return -ENOMEM;
	ret[count] = NULL;
	return 0;
}

static int become(const struct users *users)
{
	const struct passwd *own = privilege_may_switch() ? getpwnam(RENEW_USER) : NULL;
	return own && users->separate ? privilege_become(own->pw_uid, own->pw_gid)
				      : users_become(users, ROOM_LEDGER);
}

static int take_descriptors(int output)
{
	int nothing = open("/dev/null", O_RDONLY);
	if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		return -errno;
	(void)close_range(3, ~0u, 0);
	return 0;
}

static void run(const void *context, int output)
{
	const struct renewal_call *call = context;
	char *environment[VARIABLES];
	char shell[] = "sh", option[] = "-c";
	char *const arguments[] = {shell, option, (char *)call->command, NULL};
	(void)setsid();
	spawn_default_signals();
	int result = make_environment(call, environment);
	if (result == 0)
		result = become(call->users);
	if (result == 0)
		result = take_descriptors(output);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)umask(077);
	if (result == 0 && chdir("/") == 0)
		(void)execve("/bin/sh", arguments, environment);
}

int renewal_process_start(const struct renewal_call *call, pid_t *ret_pid, int *ret_fd)
{
	return spawn_piped(run, call, ret_pid, ret_fd);
}
