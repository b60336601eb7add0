/* What the ledger would meet in the database: the same connection string, the same verdict on the
 * schema, what it reads, and whether that is evidence. */
#include "base/clock.h"
#include "cli/check_issuers.h"
#include "cli/check_pooler.h"
#include "cli/check_steps.h"
#include "db/examine_sql.h"
#include "db/migrate.h"
#include "db/statements.h"
#include "db/target.h"

#include <sys/stat.h>

/* What the ledger and its lookups read (db/statements.h). */
#define READ_TABLES                                                                               \
	"ARRAY['certificate', 'issuer', 'issuer_name', 'change_log', 'heartbeat', "               \
	"'change_log_trim', 'followed', 'migration'] || CASE WHEN $1::boolean THEN ARRAY['crl', " \
	"'certificate_sct'] END"

static bool check_conninfo(const struct conf *conf, struct preflight *preflight)
{
	cleanup(db_targets_freep) struct db_targets *targets = NULL;
	struct fault fault = {"database: out of memory"};
	if (db_targets_new(conf->database.conninfo, "check", &targets, &fault) == 0)
		return true;
	preflight_find(preflight, SERVE_REFUSED, "", "%s: %s", conf->path, fault.text);
	return false;
}

/* libpq does not read a passfile that others may read: it only says so, on standard error, and goes
 * on without the password. */
static void check_passfile(const struct conf *conf, struct preflight *preflight)
{
	PQconninfoOption *options = PQconninfoParse(conf->database.conninfo, NULL);
	for (const PQconninfoOption *o = options; o && o->keyword; o++) {
		struct stat status;
		if (strcmp(o->keyword, "passfile") == 0 && o->val && stat(o->val, &status) == 0 &&
		    (status.st_mode & (S_IRWXG | S_IRWXO)))
			preflight_find(preflight, SERVE_WARNED, "",
				       "%s: others than its owner may read this passfile, so libpq "
				       "ignores it; chmod 0600 it",
				       o->val);
	}
	PQconninfoFree(options);
}

/* False: nothing can be read, which is a finding. */
static bool check_schema(struct database *database, struct preflight *preflight)
{
	struct fault fault = {""};
	char where[256];
	database_describe(database, where, sizeof(where));
	int result = db_schema_check(database->connection, &fault);
	if (result == 0) {
		preflight_find(preflight, SERVE_WELL, "",
			       "%s: reached, its schema is the right one", where);
		return true;
	}
	preflight_find(preflight, result > 0 || result == -EINVAL ? SERVE_REFUSED : SERVE_LATER, "",
		       "%s: %s", where, fault.text);
	return false;
}

/* What it reads; and nothing more than reading should be its right (doc/design.md, rooms). */
static bool check_rights(const struct conf *conf, struct database *database,
			 struct preflight *preflight)
{
	static const char query[] =
		"SELECT current_user, (SELECT string_agg('stillgood.' || t.name, ', ') "
		"FROM unnest(" READ_TABLES ") AS t (name) "
		"WHERE to_regclass('stillgood.' || t.name) IS NOT NULL "
		"AND NOT has_table_privilege('stillgood.' || t.name, 'SELECT')), "
		"has_any_column_privilege('stillgood.certificate', 'INSERT, UPDATE')";
	const char *values[] = {conf_wants_facts(conf) ? "yes" : "no"};
	cleanup(result_clearp) PGresult *rows = NULL;
	struct fault fault = {""};
	if (database_query(database, query, 1, values, &rows, &fault)) {
		preflight_find(preflight, SERVE_LATER, "", "%s", fault.text);
		return false;
	}
	const char *user = PQgetvalue(rows, 0, 0);
	if (*PQgetvalue(rows, 0, 2) == 't')
		preflight_find(preflight, SERVE_WARNED, "",
			       "database: \"%s\" may write certificates; the responder needs "
			       "stillgood_responder only",
			       user);
	if (PQgetisnull(rows, 0, 1))
		return true;
	preflight_find(preflight, SERVE_REFUSED, "",
		       "database: \"%s\" may not read %s; GRANT stillgood_responder TO \"%s\"",
		       user, PQgetvalue(rows, 0, 1), user);
	return false;
}

static bool check_statements(const struct conf *conf, struct database *database,
			     struct preflight *preflight)
{
	struct fault fault = {""};
	if (db_statements_try(database->connection, conf_wants_facts(conf), &fault) == 0)
		return true;
	preflight_find(preflight, SERVE_LATER, "", "%s", fault.text);
	return false;
}

/* Without evidence the ledger answers nothing (db/evidence.h, db/feed_sql.h). */
static void judge_evidence(const struct conf *conf, const PGresult *rows,
			   struct preflight *preflight)
{
	bool standby = *PQgetvalue(rows, 0, 0) == 't';
	if (standby && PQgetisnull(rows, 0, 1))
		preflight_find(
			preflight, SERVE_LATER, "",
			"database: a standby without a heartbeat; run `stillgood db heartbeat` "
			"beside the primary");
	else if (standby && column_int(rows, 0, 1) * SECOND_US >= conf->database.freshness_us)
		preflight_find(
			preflight, SERVE_LATER, "",
			"database: a standby whose last heartbeat is %lld s old; run `stillgood "
			"db heartbeat` beside the primary",
			(long long)column_int(rows, 0, 1));
}

static void check_evidence(const struct conf *conf, struct database *database,
			   struct preflight *preflight)
{
	static const char query[] =
		"SELECT pg_is_in_recovery(), (SELECT floor(extract(epoch FROM "
		"clock_timestamp() - beat_at)) FROM stillgood.heartbeat)::bigint, "
		"current_setting('server_encoding')";
	cleanup(result_clearp) PGresult *rows = NULL;
	struct fault fault = {""};
	if (database_query(database, query, 0, NULL, &rows, &fault)) {
		preflight_find(preflight, SERVE_LATER, "", "%s", fault.text);
		return;
	}
	judge_evidence(conf, rows, preflight);
	if (strcmp(PQgetvalue(rows, 0, 2), "UTF8") != 0)
		preflight_find(
			preflight, SERVE_WARNED, "",
			"database: its encoding is %s, not UTF8, so names may not be what they "
			"seem; move it to a database made with ENCODING 'UTF8'",
			PQgetvalue(rows, 0, 2));
}

/* What a running instance would find too (db/examine_sql.h): of the vital, it answers nothing. */
static void check_examination(struct database *database, struct preflight *preflight)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	struct fault fault = {""};
	if (database_query(database, DB_EXAMINE_QUERY, 0, NULL, &rows, &fault)) {
		preflight_find(preflight, SERVE_LATER, "", "%s", fault.text);
		return;
	}
	for (int row = 0; row < PQntuples(rows); row++)
		preflight_find(preflight,
			       *PQgetvalue(rows, row, DB_EXAMINE_VITAL) == 't' ? SERVE_LATER
									       : SERVE_REGARDLESS,
			       "", "%s", PQgetvalue(rows, row, DB_EXAMINE_TEXT));
}

void check_database(const struct conf *conf, struct preflight *preflight)
{
	cleanup(database_close) struct database database = {0};
	struct fault fault = {""};
	if (!check_conninfo(conf, preflight))
		return;
	check_passfile(conf, preflight);
	if (database_open_conninfo(conf->database.conninfo, DB_READER, "check", &database,
				   &fault)) {
		preflight_find(preflight, SERVE_LATER, "", "%s", fault.text);
		return;
	}
	if (!check_pooler(conf, &database, preflight) || !check_schema(&database, preflight) ||
	    !check_rights(conf, &database, preflight) ||
	    !check_statements(conf, &database, preflight))
		return;
	check_evidence(conf, &database, preflight);
	check_examination(&database, preflight);
	check_issuers(conf, &database, preflight);
}
