#include "warden/proving.h"

#include <signal.h>
#include <sys/wait.h>

/* Each step has its patience; this is for what nobody thought of. */
#define PROVING_MOST_S 400
#define FINDINGS_MOST (4u << 20)

struct proving {
	pid_t pid;
	int fd;
	struct event *readable;
	struct buffer text;
	struct preflight *preflight;
	void (*done)(void *context, bool whole);
	void *context;
};

static bool reap(struct proving *p)
{
	int status = 0;
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void end(struct proving *p, bool whole)
{
	(void)event_del(p->readable);
	if (!whole)
		(void)kill(-p->pid, SIGKILL);
	whole = reap(p) && whole;
	preflight_take(p->preflight, &p->text);
	p->done(p->context, whole);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct proving *p = context;
	uint8_t *room = what & EV_READ ? buffer_reserve(&p->text, 4096) : NULL;
	ssize_t got = room ? read(fd, room, 4096) : -1;
	if (got < 0 && room && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		end(p, got == 0);
	else
		p->text.size += (size_t)got;
}

int proving_new(struct event_base *base, const struct preflight_step *steps,
		const struct conf *conf, struct preflight *preflight,
		void (*done)(void *context, bool whole), void *context, struct proving **ret)
{
	static const struct timeval most = {.tv_sec = PROVING_MOST_S};
	struct proving *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = (struct proving){.fd = -1,
			      .text.most = FINDINGS_MOST,
			      .preflight = preflight,
			      .done = done,
			      .context = context};
	int result = preflight_fork(steps, conf, preflight, &p->pid, &p->fd);
	if (result == 0) {
		p->readable = event_new(base, p->fd, EV_READ | EV_PERSIST, on_readable, p);
		result = p->readable && event_add(p->readable, &most) == 0 ? 0 : -ENOMEM;
	}
	if (result < 0) {
		proving_free(p);
		return result;
	}
	*ret = p;
	return 0;
}

void proving_free(struct proving *p)
{
	if (!p)
		return;
	if (p->pid > 0) {
		(void)kill(-p->pid, SIGKILL);
		(void)reap(p);
	}
	if (p->readable)
		event_free(p->readable);
	if (p->fd >= 0)
		close(p->fd);
	buffer_deinit(&p->text);
	free(p);
}
