/* What the fetcher tells caches with, and what the importer records with. */
#include "cli/check_steps.h"
#include "cli/connect.h"
#include "net/headers.h"
#include "warden/importer_process.h"

#include <sys/stat.h>

/* ---- fields that are sent to caches ---- */

static void check_headers_of(const struct conf_cache *cache, struct preflight *preflight)
{
	cleanup(headers_deinit) struct headers headers = {0};
	struct fault fault = {""};
	struct stat status;
	if (headers_read(cache->headers_file, &headers, &fault) < 0)
		preflight_find(preflight, SERVE_REGARDLESS, "", "cache \"%s\" cannot be told: %s",
			       cache->name, fault.text);
	else if (stat(cache->headers_file, &status) == 0 && (status.st_mode & S_IROTH))
		preflight_find(preflight, SERVE_WARNED, "",
			       "%s: everybody may read what is secret in it; chmod o-r it",
			       cache->headers_file);
}

void check_headers(const struct conf *conf, struct preflight *preflight)
{
	for (unsigned i = 0; i < conf->cache_count; i++)
		if (conf->caches[i].headers_file)
			check_headers_of(&conf->caches[i], preflight);
}

/* ---- where CRLs are recorded ---- */

/* The first issuer whose CRLs are fetched; NULL: nobody's. */
static const struct conf_issuer *followed(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->issuer_count; i++)
		if (conf->issuers[i].crl || conf->issuers[i].crl_watch)
			return &conf->issuers[i];
	return NULL;
}

static void judge_importer(const PGresult *rows, struct preflight *preflight)
{
	const char *user = PQgetvalue(rows, 0, 0);
	if (*PQgetvalue(rows, 0, 1) == 't')
		preflight_find(
			preflight, SERVE_REGARDLESS, "",
			"import_conninfo: a standby, where nothing can be recorded; name the "
			"primary (target_session_attrs=read-write)");
	else if (*PQgetvalue(rows, 0, 2) != 't')
		preflight_find(preflight, SERVE_REGARDLESS, "",
			       "import_conninfo: \"%s\" may not record CRLs; GRANT stillgood_ca TO "
			       "\"%s\"",
			       user, user);
	else
		preflight_find(preflight, SERVE_WELL, "",
			       "import_conninfo: reached, \"%s\" may record CRLs", user);
}

static void check_recording(const struct conf *conf, struct preflight *preflight)
{
	static const char query[] =
		"SELECT current_user, pg_is_in_recovery(), CASE WHEN to_regrole('stillgood_ca') IS "
		"NOT NULL THEN pg_has_role('stillgood_ca', 'USAGE') END";
	cleanup(database_close) struct database database = {0};
	cleanup(result_clearp) PGresult *rows = NULL;
	struct fault fault = {""};
	int result = database_open_conninfo(conf->database.import_conninfo, "stillgood_ca", "check",
					    &database, &fault);
	if (result == 0)
		result = database_query(&database, query, 0, NULL, &rows, &fault);
	if (result == 0)
		judge_importer(rows, preflight);
	else
		preflight_find(preflight, SERVE_REGARDLESS, "", "import_conninfo: %s", fault.text);
}

void check_importing(const struct conf *conf, struct preflight *preflight)
{
	const struct conf_issuer *issuer = followed(conf);
	if (!issuer)
		return;
	int result = preflight->users ? importer_become(preflight->users) : 0;
	if (!conf->database.import_conninfo)
		preflight_find(
			preflight, SERVE_REGARDLESS, "",
			"the CRLs of issuer \"%s\" are fetched, and nobody may record or compare "
			"them; set [database] import_conninfo",
			issuer->name);
	else if (result < 0)
		preflight_find(preflight, SERVE_REGARDLESS, "",
			       "import_conninfo: cannot take the rights of " IMPORTER_USER ": %s",
			       strerror(-result));
	else
		check_recording(conf, preflight);
}
