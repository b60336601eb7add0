/* The turns of the event loop, and its end. */
#include "room/process.h"

void shell_turn(struct shell *shell)
{
	struct process *p = (struct process *)shell;
	if (p->turn_due || !p->turn)
		return;
	p->turn_due = true;
	event_active(p->turn, EV_TIMEOUT, 0);
}

void shell_end(struct shell *shell, int status)
{
	struct process *p = (struct process *)shell;
	if (p->status == 0)
		p->status = status;
	(void)event_base_loopbreak(p->shell.base);
}

static void timer_set(struct process *p, int64_t next, struct moment now)
{
	if (next == INT64_MAX) {
		(void)evtimer_del(p->timer);
		return;
	}
	int64_t wait = next > now.mono_us ? next - now.mono_us : 0;
	const struct timeval delay = {.tv_sec = wait / SECOND_US, .tv_usec = wait % SECOND_US};
	if (evtimer_add(p->timer, &delay) < 0)
		shell_end(&p->shell, 1);
}

void loop_turn(evutil_socket_t fd, short what, void *process)
{
	(void)fd;
	(void)what;
	struct process *p = process;
	struct moment now = clock_now();
	p->turn_due = false;
	timer_set(p, p->plan->turn(p->context, now), now);
}
