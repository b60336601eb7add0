#include "signer/token_keeper.h"

#include "base/clock.h"
#include "signer/token_messages.h"
#include "signer/token_worker.h"
#include "signer/vault.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* All that we have of the signer's, but for its standard streams, the socket and the vault. */
static void close_others(int socket)
{
	int vault = vault_descriptor();
	int low = vault >= 0 && vault < socket ? vault : socket;
	int high = vault > socket ? vault : socket;
	if (low > 3)
		(void)close_range(3, (unsigned)low - 1, 0);
	if (high > low + 1)
		(void)close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	(void)close_range((unsigned)high + 1, ~0u, 0);
}

/* They end with whoever forked them, and stop for nobody else: the warden ends the signer. */
static void settle(pid_t parent, const char *name)
{
	sigset_t none;
	sigemptyset(&none);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGALRM, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int run_worker(const struct conf_server *server, const struct token_key *keys,
		      unsigned count, int socket, int64_t patience_us)
{
	int status = 0;
	pid_t keeper = getpid(), pid = fork();
	if (pid == 0) {
		settle(keeper, "sg-token");
		_exit(token_worker_run(server, keys, count, socket, patience_us));
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void tell_gone(int socket)
{
	cleanup(buffer_deinit) struct buffer packet = {0};
	const struct token_message gone = {.type = TOKEN_GONE, .key = TOKEN_ALL_KEYS};
	token_message_write(&packet, &gone);
	if (buffer_result(&packet) < 0 || send(socket, packet.data, packet.size, 0) < 0)
		_exit(0);
}

/* Work that nobody waits for any more once they hear that the worker has gone. */
static void drop_work(int socket)
{
	uint8_t octet;
	while (recv(socket, &octet, 1, MSG_DONTWAIT | MSG_TRUNC) > 0)
		;
}

/* A wrong PIN: only another configuration, and so another signer, changes anything. */
static _Noreturn void await_end(int socket)
{
	struct pollfd end = {.fd = socket};
	while (poll(&end, 1, -1) < 0 || !(end.revents & (POLLHUP | POLLERR)))
		;
	_exit(0);
}

static _Noreturn void keep(const struct conf_server *server, const struct token_key *keys,
			   unsigned count, int socket, int64_t patience_us)
{
	int delay_ms = KEEPER_FIRST_MS;
	for (;;) {
		int64_t began_us = clock_now().mono_us;
		int status = run_worker(server, keys, count, socket, patience_us);
		bool lived = clock_now().mono_us - began_us > (int64_t)KEEPER_LAST_MS * 2000;
		drop_work(socket);
		tell_gone(socket);
		if (status == TOKEN_WORKER_FOR_GOOD)
			await_end(socket);
		delay_ms = lived ? KEEPER_FIRST_MS : delay_ms;
		(void)poll(NULL, 0, delay_ms);
		delay_ms = delay_ms * 2 > KEEPER_LAST_MS ? KEEPER_LAST_MS : delay_ms * 2;
	}
}

int token_keeper_start(const struct conf_server *server, const struct token_key *keys,
		       unsigned count, int64_t patience_us, int *ret_fd, pid_t *ret_pid)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid_t parent = getpid(), pid = fork();
	int error = errno;
	if (pid == 0) {
		settle(parent, "sg-keeper");
		close_others(ends[1]);
		keep(server, keys, count, ends[1], patience_us);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -error;
	}
	*ret_fd = ends[0];
	*ret_pid = pid;
	return 0;
}
