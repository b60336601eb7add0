/* A file that was replaced: a room that is locked in sees the former one's place only. */
#include "room/process.h"

#include "base/log.h"

bool shell_outdated(struct shell *shell)
{
	struct process *p = (struct process *)shell;
	cleanup(sandbox_deinit) struct sandbox now = {0};
	if (p->plan->needs)
		p->plan->needs(p->conf, &now);
	const char *path = sandbox_outdated(&p->sandbox, &now);
	if (path)
		log_warning("begins anew to read what is new: %s", path);
	return path != NULL;
}
