#include "warden/renewals.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/timetext.h"
#include "warden/renewal_process.h"

#include <signal.h>
#include <sys/queue.h>
#include <sys/wait.h>

#define DAY_US (86400 * SECOND_US)
/* What one run may say; the rest is for its own log. */
#define LINES_MOST 200u
#define LINE_MOST 500u
/* After its end: what a pipe holds. */
#define READS_MOST 16u

struct renewal {
	TAILQ_ENTRY(renewal) others;
	struct renewals *renewals;
	char issuer[LIMIT_ISSUER_NAME + 1];
	int64_t began_us; /* monotonic; of the last run */
	pid_t pid; /* and its process group; 0: none runs */
	bool late; /* it was ended */
	int fd; /* what it says */
	struct event *readable, *deadline;
	unsigned lines;
	size_t size;
	char line[LINE_MOST];
};

struct renewals {
	struct event_base *base;
	renewals_done *done;
	void *context;
	TAILQ_HEAD(, renewal) all; /* as many as issuers that were told of, for good */
};

int renewals_new(struct event_base *base, renewals_done *done, void *context, struct renewals **ret)
{
	struct renewals *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->base = base;
	r->done = done;
	r->context = context;
	TAILQ_INIT(&r->all);
	*ret = r;
	return 0;
}

/* ---- what it says ---- */

static void say_line(struct renewal *renewal)
{
	if (renewal->lines++ < LINES_MOST)
		log_info("renew_command says issuer=\"%s\": %.*s", renewal->issuer,
			 (int)renewal->size, renewal->line);
	renewal->size = 0;
}

static void take_octets(struct renewal *renewal, const char *octets, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (octets[i] == '\n' || renewal->size == LINE_MOST)
			say_line(renewal);
		if (octets[i] != '\n')
			renewal->line[renewal->size++] = octets[i];
	}
}

static void on_output(evutil_socket_t fd, short what, void *context)
{
	struct renewal *renewal = context;
	char octets[4096];
	ssize_t size = read(fd, octets, sizeof(octets));
	(void)what;
	if (size > 0)
		take_octets(renewal, octets, (size_t)size);
	else if (size == 0 || (errno != EAGAIN && errno != EINTR))
		(void)event_del(renewal->readable);
}

/* ---- its end ---- */

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	struct renewal *renewal = context;
	(void)fd;
	(void)what;
	renewal->late = true;
	(void)kill(renewal->pid, SIGKILL);
	(void)kill(-renewal->pid, SIGKILL);
}

static void release(struct renewal *renewal)
{
	if (renewal->readable)
		event_free(renewal->readable);
	if (renewal->deadline)
		event_free(renewal->deadline);
	if (renewal->fd >= 0)
		close(renewal->fd);
	renewal->readable = renewal->deadline = NULL;
	renewal->fd = -1;
	renewal->pid = 0;
}

/* What is left in the pipe; whoever still holds its other end is not waited for, nor heard for ever. */
static void drain(struct renewal *renewal)
{
	char octets[4096];
	ssize_t size = 1;
	for (unsigned i = 0; size > 0 && i < READS_MOST; i++) {
		size = read(renewal->fd, octets, sizeof(octets));
		take_octets(renewal, octets, size > 0 ? (size_t)size : 0);
	}
	if (renewal->size > 0)
		say_line(renewal);
	if (renewal->lines > LINES_MOST)
		log_warning("renew_command says more issuer=\"%s\": %u lines were left out",
			    renewal->issuer, renewal->lines - LINES_MOST);
}

static void end(struct renewal *renewal, int status)
{
	(void)kill(-renewal->pid, SIGKILL); /* nothing of it stays */
	drain(renewal);
	if (renewal->late)
		log_error("renew_command was ended at its deadline issuer=\"%s\"", renewal->issuer);
	else if (WIFSIGNALED(status))
		log_error("renew_command failed issuer=\"%s\" signal=%d", renewal->issuer,
			  WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_error("renew_command failed issuer=\"%s\" status=%d", renewal->issuer,
			  WEXITSTATUS(status));
	else
		log_info("renew_command is done issuer=\"%s\"; reloading", renewal->issuer);
	bool done = !renewal->late && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	release(renewal);
	if (done)
		renewal->renewals->done(renewal->renewals->context);
}

void renewals_reap(struct renewals *r)
{
	struct renewal *renewal;
	int status;
	TAILQ_FOREACH(renewal, &r->all, others)
		if (renewal->pid != 0 && waitpid(renewal->pid, &status, WNOHANG) == renewal->pid)
			end(renewal, status);
}

/* ---- its beginning ---- */

static int watch(struct renewal *renewal, int64_t timeout_us)
{
	const struct timeval deadline = {.tv_sec = timeout_us / SECOND_US,
					 .tv_usec = timeout_us % SECOND_US};
	struct event_base *base = renewal->renewals->base;
	renewal->readable = event_new(base, renewal->fd, EV_READ | EV_PERSIST, on_output, renewal);
	renewal->deadline = event_new(base, -1, 0, on_deadline, renewal);
	return renewal->readable && renewal->deadline && event_add(renewal->readable, NULL) == 0 &&
			       event_add(renewal->deadline, &deadline) == 0
		       ? 0
		       : -ENOMEM;
}

static void run(struct renewal *renewal, const struct renewal_call *call, int64_t timeout_us)
{
	renewal->late = false;
	renewal->lines = 0;
	renewal->size = 0;
	log_warning("renew_command begins issuer=\"%s\" signer=\"%s\" not_after=%s",
		    renewal->issuer, call->signer.name, call->not_after);
	int result = renewal_process_start(call, &renewal->pid, &renewal->fd);
	if (result == 0)
		result = watch(renewal, timeout_us);
	if (result == 0)
		return;
	log_error("renew_command cannot be run issuer=\"%s\": %s", renewal->issuer,
		  strerror(-result));
	if (renewal->pid > 0)
		(void)kill(renewal->pid, SIGKILL);
}

static struct renewal *renewal_of(struct renewals *r, const char *issuer)
{
	struct renewal *renewal;
	TAILQ_FOREACH(renewal, &r->all, others)
		if (strcmp(renewal->issuer, issuer) == 0)
			return renewal;
	renewal = calloc(1, sizeof(*renewal));
	if (!renewal)
		return NULL;
	renewal->renewals = r;
	renewal->fd = -1;
	renewal->began_us = INT64_MIN;
	(void)snprintf(renewal->issuer, sizeof(renewal->issuer), "%s", issuer);
	TAILQ_INSERT_TAIL(&r->all, renewal, others);
	return renewal;
}

static bool is_time(const struct renewal *renewal, int64_t mono_us)
{
	return renewal->pid == 0 &&
	       (renewal->began_us == INT64_MIN || mono_us - renewal->began_us >= DAY_US);
}

/* "NOT_AFTER ISSUER"; a signer that says nonsense is not obeyed. */
static const struct conf_issuer *issuer_in(const struct conf *conf, struct view text,
					   char not_after[ISO_TIME_SIZE + 1])
{
	char name[LIMIT_ISSUER_NAME + 1];
	if (text.size <= ISO_TIME_SIZE + 1 || text.size - ISO_TIME_SIZE - 1 > LIMIT_ISSUER_NAME ||
	    text.data[ISO_TIME_SIZE] != ' ')
		return NULL;
	(void)snprintf(not_after, ISO_TIME_SIZE + 1, "%.*s", ISO_TIME_SIZE,
		       (const char *)text.data);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(text.size - ISO_TIME_SIZE - 1),
		       (const char *)text.data + ISO_TIME_SIZE + 1);
	int64_t time;
	if (time_parse_iso(view_of_string(not_after), &time) < 0)
		return NULL;
	return conf_issuer_named(conf, name);
}

void renewals_hear(struct renewals *r, const struct conf *conf, const struct users *users,
		   unsigned signer, struct view text)
{
	struct renewal_call call = {.conf_path = conf->path, .users = users};
	call.issuer = issuer_in(conf, text, call.not_after);
	if (!call.issuer || signer >= conf_signer_count(call.issuer))
		return;
	call.signer = conf_signer_at(call.issuer, signer);
	call.command = call.issuer->renew_command ? call.issuer->renew_command
						  : conf->server.renew_command;
	struct renewal *renewal = call.command ? renewal_of(r, call.issuer->name) : NULL;
	int64_t mono_us = clock_now().mono_us;
	if (!renewal || !is_time(renewal, mono_us))
		return;
	renewal->began_us = mono_us;
	run(renewal, &call, conf->server.renew_timeout_us);
}

void renewals_free(struct renewals *r)
{
	struct renewal *renewal;
	if (!r)
		return;
	while ((renewal = TAILQ_FIRST(&r->all))) {
		TAILQ_REMOVE(&r->all, renewal, others);
		if (renewal->pid > 0) {
			(void)kill(renewal->pid, SIGKILL);
			(void)kill(-renewal->pid, SIGKILL);
			(void)waitpid(renewal->pid, NULL, 0);
		}
		release(renewal);
		free(renewal);
	}
	free(r);
}
