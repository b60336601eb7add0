#include "warden/importer_process.h"

#include "base/log.h"
#include "room/priority.h"
#include "warden/kind.h"
#include "warden/privilege.h"
#include "warden/spawn.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>

#define ENVIRONMENT_MOST 64u
/* Beside those who answer it takes what they leave. */
#define NICENESS 10

int importer_become(const struct users *users)
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

struct start {
	const struct importer_call *call;
	int options;
};

static void run(const void *context, int output)
{
	const struct start *start = context;
	const struct importer_call *call = start->call;
	char *environment[ENVIRONMENT_MOST];
	const char *const arguments[] = {ROOM_ARGV0, IMPORTER_NAME, call->kind, call->issuer, NULL};
	(void)setsid();
	spawn_default_signals();
	int result = take_descriptors(call, start->options, output);
	if (result == 0)
		result = importer_become(call->users);
	priority_yield(NICENESS);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (result == 0) {
		/* What a room has that speaks to the database. */
		kind_environment(ROOM_LEDGER, environ, ENVIRONMENT_MOST, environment);
		(void)execve(SPAWN_EXECUTABLE, (char *const *)arguments, environment);
		result = -errno;
	}
	log_error("the importer cannot be started: %s", strerror(-result));
}

int importer_process_start(const struct importer_call *call, pid_t *ret_pid, int *ret_fd)
{
	cleanup(descriptor_closep) int options = -1;
	int result = spawn_options(CONF_IMPORTER, call->conf, &options);
	const struct start start = {.call = call, .options = options};
	return result < 0 ? result : spawn_piped(run, &start, ret_pid, ret_fd);
}
