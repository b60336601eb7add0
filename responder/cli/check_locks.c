/* What keeps the rooms from each other, as far as this machine and whoever starts the service allow it. */
#include "cli/check_steps.h"

void check_locks(const struct conf *conf, struct preflight *preflight)
{
	const struct users *users = preflight->users;
	if (users->separate)
		preflight_find(preflight, SERVE_WELL, "", "users: each kind of room has its own");
	else if (conf->server.users)
		preflight_find(
			preflight, SERVE_WARNED, "",
			"users: %s, so all rooms share one user: what one may read (keys, the "
			"database's password) all may; name others, or none, in users",
			users->missing);
}
