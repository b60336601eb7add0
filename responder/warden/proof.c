#include "warden/proof.h"

#include "base/clock.h"
#include "signer/credential.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

/* A key on a file system that hangs must not hang the start for ever. */
#define PROOF_TIMEOUT (60 * SECOND_US)
/* Warnings of every issuer. */
#define PROOF_TEXT_MOST (1u << 20)

/* ---- in the child: lines "W…" for warnings, "F…" for the fault, through the pipe ---- */

static void put_line(int fd, char kind, struct view text)
{
	struct buffer line = {0};
	buffer_put_u8(&line, (uint8_t)kind);
	buffer_put_view(&line, text);
	buffer_put_u8(&line, '\n');
	if (buffer_result(&line) == 0) {
		ssize_t written = write(fd, line.data, line.size);
		(void)written; /* the exit status tells, too */
	}
	buffer_deinit(&line);
}

static void put_warnings(int fd, struct view warnings)
{
	while (warnings.size > 0) {
		const uint8_t *end = memchr(warnings.data, '\n', warnings.size);
		size_t size = end ? (size_t)(end - warnings.data) : warnings.size;
		if (size > 0)
			put_line(fd, 'W', view_of(warnings.data, size));
		size_t taken = end ? size + 1 : size;
		warnings = view_of(warnings.data + taken, warnings.size - taken);
	}
}

static int prove_issuer(int fd, const struct conf_issuer *issuer)
{
	cleanup(credential_freep) struct credential *credential = NULL;
	cleanup(buffer_deinit) struct buffer warnings = {0};
	struct fault fault = {0};
	int result = credential_load(issuer, wall_seconds(clock_now().wall_us), &credential,
				     &warnings, &fault);
	put_warnings(fd, buffer_view(&warnings));
	if (result < 0)
		put_line(fd, 'F', view_of_string(fault.text));
	return result;
}

static _Noreturn void child_run(int fd, const struct conf *conf)
{
	int result = 0;
	for (unsigned i = 0; result == 0 && i < conf->issuer_count; i++)
		result = prove_issuer(fd, &conf->issuers[i]);
	_exit(result == 0 ? 0 : 1);
}

/* ---- in the warden ---- */

/* Until the child closes its end. 0, -ETIMEDOUT or -errno. */
static int read_until_end(int fd, struct buffer *out)
{
	int64_t deadline = clock_now().mono_us + PROOF_TIMEOUT;
	for (;;) {
		int64_t left = (deadline - clock_now().mono_us) / MILLISECOND_US;
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		int count = left > 0 ? poll(&ready, 1, (int)left) : 0;
		if (count < 0 && errno == EINTR)
			continue;
		uint8_t *room = buffer_reserve(out, 4096);
		if (count <= 0 || !room)
			return count < 0 ? -errno : count == 0 ? -ETIMEDOUT : -ENOMEM;
		ssize_t got = read(fd, room, 4096);
		if (got <= 0)
			return got < 0 ? -errno : 0;
		out->size += (size_t)got;
	}
}

static void take_lines(struct buffer *text, struct fault *fault)
{
	buffer_put_u8(text, '\0');
	if (buffer_result(text) < 0)
		return;
	char *rest = (char *)text->data;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (line[0] == 'W')
			log_warning("%s", line + 1);
		else if (line[0] == 'F')
			(void)fault_set(fault, 0, "%s", line + 1);
	}
}

static int await_child(pid_t pid, int fd, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer text = {.most = PROOF_TEXT_MOST};
	int status;
	int result = read_until_end(fd, &text);
	if (result < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (result < 0)
		return fault_set(fault, result, "the credentials could not be proven: %s",
				 strerror(-result));
	(void)fault_set(fault, 0, "the process that proves the credentials died status=0x%x",
			(unsigned)status);
	take_lines(&text, fault);
	return status == 0 ? 0 : -EINVAL;
}

int proof_run(const struct conf *conf, struct fault *fault)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fault_set(fault, -errno, "cannot make a pipe: %s", strerror(errno));
	cleanup(descriptor_closep) int reading = ends[0];
	int writing = ends[1];
	pid_t pid = fork();
	if (pid == 0)
		child_run(writing, conf);
	close(writing);
	if (pid < 0)
		return fault_set(fault, -EAGAIN, "cannot start a process to prove credentials");
	return await_child(pid, reading, fault);
}
