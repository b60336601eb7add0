/* The sign of life. The timer lives in the room's loop and in no other place, so that it comes only while the
 * loop turns: a process that is stopped, loops or waits in a system call is silent. */
#include "room/process.h"

#include "base/log.h"

/* A turn that is longer than this is worth a line: everybody waited for it. */
#define BEAT_LATE (SECOND_US)

static void beat(struct process *p)
{
	/* Where the warden does not read it does not count the time either. */
	(void)!control_send(p->control_fd, &(struct control_message){.type = CONTROL_BEAT});
}

void beat_tick(evutil_socket_t fd, short what, void *process)
{
	struct process *p = process;
	int64_t now_us = clock_now().mono_us;
	int64_t late_us = p->beat_at_us ? now_us - p->beat_at_us : 0;
	(void)fd;
	(void)what;
	if (late_us >= BEAT_LATE)
		log_warning("the loop turns again after %lldms",
			    (long long)(late_us / MILLISECOND_US));
	p->beat_at_us = now_us + BEAT_US;
	beat(p);
}

int beat_begin(struct process *p)
{
	static const struct timeval every = {.tv_usec = BEAT_US};
	_Static_assert(BEAT_US < SECOND_US, "tv_usec");
	p->beat = event_new(p->shell.base, -1, EV_PERSIST, beat_tick, p);
	return p->beat && event_add(p->beat, &every) == 0 ? 0 : -ENOMEM;
}
