#include "db/files.h"

#include <libpq-fe.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>

/* Names to addresses, users, time zones, libraries that are loaded late (GSSAPI, name services), the
 * system's CA certificates, randomness. */
static const char *const of_the_system[] = {
	"/etc/resolv.conf",
	"/etc/hosts",
	"/etc/nsswitch.conf",
	"/etc/host.conf",
	"/etc/gai.conf",
	"/etc/services",
	"/etc/protocols",
	"/etc/passwd",
	"/etc/group",
	"/etc/localtime",
	"/etc/ld.so.cache",
	"/etc/ssl",
	"/etc/krb5.conf",
	"/etc/krb5.conf.d",
	"/etc/gss",
	"/usr/lib",
	"/usr/lib64",
	"/lib",
	"/lib64",
	"/usr/local/lib",
	"/usr/share",
	"/run/systemd/resolve",
	"/run/nscd",
	"/dev/urandom",
	"/dev/null",
};

static const char *const of_a_home[] = {".pgpass", ".pg_service.conf", ".postgresql"};
static const char *const of_variables[] = {"PGSERVICEFILE", "PGSYSCONFDIR"};
static const char *const of_options[] = {"passfile",    "sslcert", "sslkey",
					 "sslrootcert", "sslcrl",  "sslcrldir"};
#define PACKAGED_SERVICES "/etc/postgresql-common"

struct naming {
	void (*each)(void *context, const char *path);
	void *context;
};

static bool names_a_file(const PQconninfoOption *option)
{
	for (size_t i = 0; i < array_size(of_options); i++)
		if (strcmp(option->keyword, of_options[i]) == 0)
			return option->val && strchr(option->val, '/');
	return false;
}

static void name_options(const struct naming *naming, const PQconninfoOption *options)
{
	for (; options && options->keyword; options++)
		if (names_a_file(options))
			naming->each(naming->context, options->val);
}

/* As libpq finds it: $HOME first, which some versions do not look at. */
static void name_home(const struct naming *naming, const char *home)
{
	char path[4096];
	for (size_t i = 0; home && i < array_size(of_a_home); i++)
		if (snprintf(path, sizeof(path), "%s/%s", home, of_a_home[i]) < (int)sizeof(path))
			naming->each(naming->context, path);
}

static void name_all(const struct naming *naming, const PQconninfoOption *options,
		     const PQconninfoOption *defaults)
{
	const struct passwd *user = getpwuid(geteuid());
	for (size_t i = 0; i < array_size(of_the_system); i++)
		naming->each(naming->context, of_the_system[i]);
	name_options(naming, options);
	name_options(naming, defaults); /* by variables */
	for (size_t i = 0; i < array_size(of_variables); i++)
		if (getenv(of_variables[i]))
			naming->each(naming->context, getenv(of_variables[i]));
	naming->each(naming->context, PACKAGED_SERVICES);
	name_home(naming, getenv("HOME"));
	name_home(naming, user ? user->pw_dir : NULL);
}

int db_files(const char *conninfo, void (*each)(void *context, const char *path), void *context)
{
	const struct naming naming = {each, context};
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	PQconninfoOption *defaults = PQconndefaults();
	if (options)
		name_all(&naming, options, defaults);
	PQconninfoFree(defaults);
	PQconninfoFree(options);
	return options ? 0 : -EINVAL;
}
