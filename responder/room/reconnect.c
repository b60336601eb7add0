/* A channel that the other side has ended, though it lives: because it was told nonsense, or because this
 * room did not read for too long. The warden makes another one; nobody else would. */
#include "room/process.h"

void reconnect_look(evutil_socket_t fd, short what, void *process)
{
	static const struct timeval again = {.tv_sec = RECONNECT_LOOK_US / SECOND_US};
	struct process *p = process;
	(void)fd;
	(void)what;
	if (!p->shell.stopping && links_lost(p, tell_lost) && event_add(p->missing, &again) < 0)
		shell_end(&p->shell, 1);
}
