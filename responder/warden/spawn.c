#include "warden/spawn.h"

#include "base/result.h"
#include "ipc/control.h"
#include "room/harden.h"
#include "signer/vault.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define ENVIRONMENT_MOST 64u

static int write_all(int fd, struct view bytes)
{
	while (bytes.size > 0) {
		ssize_t written = write(fd, bytes.data, bytes.size);
		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0)
			bytes = view_of(bytes.data + written, bytes.size - (size_t)written);
	}
	return 0;
}

/* In memory, so that no secret touches a disk. */
int spawn_options(unsigned options, const struct conf *conf, int *ret)
{
	cleanup(descriptor_closep) int fd = memfd_create("stillgood.conf", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct buffer text = {0};
	conf_render(conf, options, true, &text);
	int result = buffer_result(&text);
	if (result == 0)
		result = write_all(fd, buffer_view(&text));
	if (text.data)
		explicit_bzero(text.data, text.size);
	buffer_deinit(&text);
	if (result == 0 && lseek(fd, 0, SEEK_SET) < 0)
		result = -errno;
	if (result < 0)
		return result;
	*ret = fd;
	fd = -1;
	return 0;
}

int spawn_conf(enum room_kind kind, const struct conf *conf, int *ret)
{
	return spawn_options(kind_plan(kind)->options, conf, ret);
}

/* The terminal's ^C, and a signal to the whole process group, are the warden's to handle: it ends the
 * rooms in order. */
static void child_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	harden_signals();
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int child_descriptors(int control, int conf, int vault)
{
	/* Out of the way first: either may have the other's place. */
	int high_control = fcntl(control, F_DUPFD_CLOEXEC, 16);
	int high_conf = fcntl(conf, F_DUPFD_CLOEXEC, 16);
	int high_vault = vault < 0 ? -1 : fcntl(vault, F_DUPFD_CLOEXEC, 16);
	if (high_control < 0 || high_conf < 0 || dup2(high_control, CONTROL_FD) < 0 ||
	    dup2(high_conf, CONTROL_CONF_FD) < 0)
		return -errno;
	if (vault >= 0 && (high_vault < 0 || dup2(high_vault, CONTROL_VAULT_FD) < 0))
		return -errno;
	/* All that we open closes on exec; this is for what our starter left open. */
	(void)close_range(vault < 0 ? CONTROL_CONF_FD + 1 : CONTROL_VAULT_FD + 1, ~0u, 0);
	return 0;
}

static _Noreturn void child_run(enum room_kind kind, unsigned index, const struct users *users,
				int control, int conf)
{
	struct room_arguments arguments;
	char *environment[ENVIRONMENT_MOST];
	kind_arguments(kind, index, &arguments);
	child_signals();
	/* Passphrases are for those that are given where keys are. */
	int vault = kind_plan(kind)->options == CONF_SIGNER ? vault_descriptor() : -1;
	int result = child_descriptors(control, conf, vault);
	if (result == 0)
		result = users_become(users, kind);
	if (result == 0) {
		kind_environment(kind, environ, ENVIRONMENT_MOST, environment);
		(void)execve(SPAWN_EXECUTABLE, (char *const *)arguments.argv, environment);
		result = -errno;
	}
	log_error("%s cannot be started: %s", room_kind_name(kind), strerror(-result));
	_exit(127);
}

pid_t spawn_fork(void)
{
	sigset_t all, before;
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid != 0)
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

int spawn_piped(spawn_child *child, const void *context, pid_t *ret_pid, int *ret_fd)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	cleanup(descriptor_closep) int ours = ends[0], theirs = ends[1];
	if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	pid_t pid = spawn_fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		child(context, theirs);
		_exit(127);
	}
	*ret_pid = pid;
	*ret_fd = ours;
	ours = -1;
	return 0;
}

void spawn_default_signals(void)
{
	sigset_t none;
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int spawn_room(enum room_kind kind, unsigned index, const struct conf *conf,
	       const struct users *users, pid_t *ret_pid, int *ret_control)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	cleanup(descriptor_closep) int ours = ends[0], theirs = ends[1], text = -1;
	int result = spawn_conf(kind, conf, &text);
	if (result < 0)
		return result;
	/* Ours must not wait for a hung room; how theirs behaves is for the room to say. */
	if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	pid_t pid = spawn_fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child_run(kind, index, users, theirs, text);
	*ret_pid = pid;
	*ret_control = ours;
	ours = -1;
	return 0;
}
