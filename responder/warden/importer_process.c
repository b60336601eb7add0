#include "warden/importer_process.h"

#include "base/log.h"
#include "warden/kind.h"
#include "warden/privilege.h"
#include "warden/spawn.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define ENVIRONMENT_MOST 64u
/* Beside those who answer it takes what they leave. */
#define NICENESS 10

static int become(const struct users *users)
{
	const struct passwd *own = privilege_may_switch() ? getpwnam(IMPORTER_USER) : NULL;
	if (!own || !users->separate)
		return users_become(users, ROOM_LEDGER);
	if (setenv("HOME", own->pw_dir, 1) < 0) /* libpq looks there for files of its own */
		return -errno;
	return privilege_become(own->pw_uid, own->pw_gid);
}

/* Standard error stays: its log is the warden's. */
static int take_descriptors(const struct importer_call *call, int options, int output)
{
	/* Out of the way first: any may have another's place. */
	int crl = fcntl(call->crl, F_DUPFD_CLOEXEC, 16);
	int conf = fcntl(options, F_DUPFD_CLOEXEC, 16);
	int out = fcntl(output, F_DUPFD_CLOEXEC, 16);
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (crl < 0 || conf < 0 || out < 0 || nothing < 0 || dup2(nothing, 0) < 0 ||
	    dup2(out, 1) < 0 || dup2(crl, IMPORTER_CRL_FD) < 0 || dup2(conf, IMPORTER_CONF_FD) < 0)
		return -errno;
	(void)close_range(IMPORTER_CONF_FD + 1, ~0u, 0);
	return 0;
}

static void take_signals(void)
{
	sigset_t none;
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run(const struct importer_call *call, int options, int output)
{
	char *environment[ENVIRONMENT_MOST];
	const char *const arguments[] = {ROOM_ARGV0, IMPORTER_NAME, call->kind, call->issuer, NULL};
	(void)setsid();
	take_signals();
	int result = take_descriptors(call, options, output);
	if (result == 0)
		result = become(call->users);
	(void)setpriority(PRIO_PROCESS, 0, NICENESS);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (result == 0) {
		/* What a room has that speaks to the database. */
		kind_environment(ROOM_LEDGER, environ, ENVIRONMENT_MOST, environment);
		(void)execve(SPAWN_EXECUTABLE, (char *const *)arguments, environment);
		result = -errno;
	}
	log_error("the importer cannot be started: %s", strerror(-result));
	_exit(127);
}

int importer_process_start(const struct importer_call *call, pid_t *ret_pid, int *ret_fd)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	cleanup(descriptor_closep) int ours = ends[0], theirs = ends[1], options = -1;
	int result = spawn_options(CONF_IMPORTER, call->conf, &options);
	if (result < 0)
		return result;
	if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	pid_t pid = spawn_fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run(call, options, theirs);
	*ret_pid = pid;
	*ret_fd = ours;
	ours = -1;
	return 0;
}
