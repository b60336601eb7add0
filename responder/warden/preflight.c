#include "warden/preflight.h"

#include "base/clock.h"
#include "room/priority.h"
#include "warden/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* The findings of one step. */
#define PREFLIGHT_TEXT_MOST (4u << 20)
/* A proof beside those who answer takes what they leave. */
#define PROOF_NICENESS 10

static const struct {
	const char *level, *serve, *words;
} consequences[CONSEQUENCE_COUNT] = {
	[SERVE_WELL] = {"ok", "starts", ""},
	[SERVE_WARNED] = {"warning", "starts", ""},
	[SERVE_REGARDLESS] = {"error", "starts", "serve starts all the same"},
	[SERVE_WITHOUT_ISSUER] = {"error", "degraded",
				  "serve starts, and answers tryLater for this issuer until that "
				  "is mended"},
	[SERVE_LATER] = {"error", "not ready",
			 "serve starts, is not ready, and answers tryLater until that is mended"},
	[SERVE_REFUSED] = {"refused", "refuses", "serve refuses to start"},
};

const char *consequence_level(enum consequence consequence)
{
	return consequences[consequence].level;
}

const char *consequence_serve(enum consequence consequence)
{
	return consequences[consequence].serve;
}

const char *consequence_words(enum consequence consequence)
{
	return consequences[consequence].words;
}

enum consequence preflight_of_issuer(const struct conf *conf)
{
	return conf->server.strict_start ? SERVE_REFUSED : SERVE_WITHOUT_ISSUER;
}

/* ---- the list ---- */

static void take(struct preflight *preflight, const struct preflight_finding *finding)
{
	preflight->counts[finding->consequence]++;
	preflight->found(preflight->context, finding);
}

void preflight_find(struct preflight *preflight, enum consequence consequence,
		    const char *requirement, const char *format, ...)
{
	struct preflight_finding finding = {.consequence = consequence};
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(finding.text, sizeof(finding.text), format, arguments);
	va_end(arguments);
	(void)snprintf(finding.requirement, sizeof(finding.requirement), "%s", requirement);
	(void)snprintf(finding.issuer, sizeof(finding.issuer), "%s",
		       preflight->issuer ? preflight->issuer : "");
	for (char *p = finding.text; (p = strchr(p, '\n'));)
		*p = ' '; /* a line of the pipe, and of the log */
	take(preflight, &finding);
}

unsigned preflight_count(const struct preflight *preflight, enum consequence least)
{
	unsigned count = 0;
	for (unsigned i = least; i < CONSEQUENCE_COUNT; i++)
		count += preflight->counts[i];
	return count;
}

void preflight_log(void *context, const struct preflight_finding *finding)
{
	const char *words = consequence_words(finding->consequence);
	(void)context;
	if (finding->consequence == SERVE_WELL)
		return;
	log_line(finding->consequence == SERVE_WARNED ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
		 "%s%s%s%s%s%s", finding->requirement, finding->requirement[0] ? ": " : "",
		 finding->text, *words ? " [" : "", words, *words ? "]" : "");
}

/* ---- in the child: a line each, "CONSEQUENCE REQUIREMENT TAB ISSUER TAB TEXT", through the pipe ---- */

static void put_finding(void *context, const struct preflight_finding *finding)
{
	int fd = *(const int *)context;
	cleanup(buffer_deinit) struct buffer line = {0};
	buffer_printf(&line, "%c%s\t%s\t%s\n", '0' + (int)finding->consequence,
		      finding->requirement, finding->issuer, finding->text);
	if (buffer_result(&line) < 0 || write(fd, line.data, line.size) != (ssize_t)line.size)
		_exit(1); /* the list would not be whole: the step counts as not proven */
}

static _Noreturn void child(const struct preflight_step *step, const struct conf *conf,
			    const struct preflight *parent, int fd)
{
	struct preflight preflight = *parent;
	preflight.found = put_finding;
	preflight.context = &fd;
	int result = parent->users ? users_become(parent->users, step->as) : 0;
	if (result < 0)
		preflight_find(&preflight, SERVE_REFUSED, "",
			       "%s: cannot take the rights of %s: %s", step->object,
			       parent->users->of[step->as].name, strerror(-result));
	else
		step->prove(conf, &preflight);
	_exit(0);
}

/* ---- in the warden ---- */

/* Until the child closes its end. 0, -ETIMEDOUT or -errno. */
static int read_until_end(int fd, int64_t timeout_us, struct buffer *out)
{
	int64_t deadline = clock_now().mono_us + timeout_us;
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

static void take_line(struct preflight *preflight, char *line)
{
	char *issuer = strchr(line, '\t'), *text = issuer ? strchr(issuer + 1, '\t') : NULL;
	unsigned consequence = (unsigned)(line[0] - '0');
	if (!text || consequence >= CONSEQUENCE_COUNT)
		return;
	*issuer++ = '\0';
	*text++ = '\0';
	preflight->issuer = issuer;
	preflight_find(preflight, (enum consequence)consequence, line + 1, "%s", text);
	preflight->issuer = NULL;
}

void preflight_take(struct preflight *preflight, struct buffer *text)
{
	buffer_put_u8(text, '\0');
	if (buffer_result(text) < 0)
		return;
	char *rest = (char *)text->data;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line)
			take_line(preflight, line);
}

/* 0, or -errno if the child did not come to its end. */
static int await_child(pid_t pid, int fd, int64_t timeout_us, struct preflight *preflight)
{
	cleanup(buffer_deinit) struct buffer text = {.most = PREFLIGHT_TEXT_MOST};
	int status = 0;
	int result = read_until_end(fd, timeout_us, &text);
	if (result < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	preflight_take(preflight, &text);
	if (result < 0)
		return result;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

static int run(const struct preflight_step *step, const struct conf *conf,
	       struct preflight *preflight)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	cleanup(descriptor_closep) int reading = ends[0];
	int writing = ends[1];
	pid_t pid = fork();
	int error = errno;
	if (pid == 0)
		child(step, conf, preflight, writing);
	close(writing);
	return pid < 0 ? -error : await_child(pid, reading, step->patience_us, preflight);
}

void preflight_run(const struct preflight_step *step, const struct conf *conf,
		   struct preflight *preflight)
{
	int result = run(step, conf, preflight);
	if (result < 0)
		preflight_find(
			preflight, step->unproven, "", "%s could not be proven: %s", step->object,
			result == -ECHILD ? "the process that does it ended" : strerror(-result));
}

/* ---- beside a warden that serves ---- */

struct proof {
	const struct preflight_step *steps;
	const struct conf *conf;
	const struct preflight *parent;
};

static void prove_all(const void *context, int output)
{
	const struct proof *proof = context;
	struct preflight preflight = *proof->parent;
	(void)setpgid(0, 0); /* it ends with its steps */
	priority_yield(PROOF_NICENESS);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	spawn_default_signals();
	(void)signal(SIGPIPE, SIG_IGN); /* whoever reads may be gone: a write says so */
	preflight.found = put_finding;
	preflight.context = &output;
	for (const struct preflight_step *step = proof->steps; step->prove; step++)
		preflight_run(step, proof->conf, &preflight);
	_exit(0);
}

int preflight_fork(const struct preflight_step *steps, const struct conf *conf,
		   const struct preflight *preflight, pid_t *ret_pid, int *ret_fd)
{
	const struct proof proof = {.steps = steps, .conf = conf, .parent = preflight};
	int result = spawn_piped(prove_all, &proof, ret_pid, ret_fd);
	if (result == 0)
		(void)setpgid(*ret_pid, *ret_pid);
	return result;
}
