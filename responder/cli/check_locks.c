/* What keeps the rooms from each other, as far as this machine and whoever starts the service allow it. */
#include "cli/check_steps.h"
#include "room/calls.h"
#include "room/landlock.h"

static enum consequence consequence(const struct conf *conf)
{
	return conf->server.sandbox == SANDBOX_REQUIRED ? SERVE_REFUSED : SERVE_WARNED;
}

static void check_users(const struct conf *conf, struct preflight *preflight)
{
	const struct users *users = preflight->users;
	if (users->separate)
		preflight_find(preflight, SERVE_WELL, "", "users: each kind of room has its own");
	else if (conf->server.users)
		preflight_find(
			preflight, consequence(conf), "",
			"users: %s, so all rooms share one user: what one may read (keys, the "
			"database's password) all may; name others, or none, in users",
			users->missing);
}

static void check_kernel(const struct conf *conf, struct preflight *preflight)
{
	unsigned version = landlock_version();
	bool filters = calls_possible();
	if (!filters)
		preflight_find(
			preflight, consequence(conf), "",
			"sandbox: this system lets no process filter its system calls (seccomp)");
	if (version == 0)
		preflight_find(preflight, consequence(conf), "",
			       "sandbox: this kernel has no Landlock, or it is switched off: a "
			       "room may open "
			       "whatever its user may");
	if (filters && version > 0)
		preflight_find(preflight, SERVE_WELL, "", "sandbox: seccomp, Landlock version %u",
			       version);
}

void check_locks(const struct conf *conf, struct preflight *preflight)
{
	check_users(conf, preflight);
	if (conf->server.sandbox == SANDBOX_NO)
		preflight_find(preflight, SERVE_WARNED, "",
			       "sandbox = no: a room may do whatever its user may");
	else
		check_kernel(conf, preflight);
}
