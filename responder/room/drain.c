/* The end in order: from STOP to the moment at which nothing is left to do. */
#include "room/process.h"

#include "base/log.h"

/* How often we look. Frames that were on their way when the order came arrive within one such step. */
#define DRAIN_LOOK_US (20 * MILLISECOND_US)

void drain_begin(struct process *p)
{
	static const struct timeval look = {.tv_usec = DRAIN_LOOK_US};
	struct moment now = clock_now();
	if (p->shell.stopping)
		return;
	p->shell.stopping = true;
	p->fresh = true;
	p->drain_until_us = now.mono_us + p->conf->server.drain_timeout_us;
	if (event_add(p->drain, &look) < 0)
		shell_end(&p->shell, 0);
	if (p->plan->stop)
		p->plan->stop(p->context, now);
}

void drain_look(evutil_socket_t fd, short what, void *process)
{
	(void)fd;
	(void)what;
	struct process *p = process;
	size_t in_flight = p->plan->in_flight ? p->plan->in_flight(p->context) : 0;
	bool quiet = in_flight == 0 && !p->fresh && links_queued(p) == 0;
	p->fresh = false;
	if (quiet) {
		shell_end(&p->shell, 0);
	} else if (clock_now().mono_us >= p->drain_until_us) {
		log_warning("the time to stop is over, cutting off in_flight=%zu", in_flight);
		shell_end(&p->shell, 0);
	}
}
