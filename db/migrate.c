#include "db/migrate.h"

#include "db/migrations.h"
#include "db/result.h"

#include <stdbool.h>

/* "still" "good" as two 32-bit keys of one advisory lock; any fixed number serves. */
#define LOCK_QUERY "SELECT pg_advisory_xact_lock(1937009260, 1735356260)"

/* After a dump was restored: log rows, marks and a heartbeat with transaction numbers that this server
 * has not reached would be taken for its own later. Responders load anew, so the rows are not needed
 * (examine_sql.h). */
#define CLEAR_FOREIGN_LOG                                                 \
	"DELETE FROM stillgood.change_log"                                \
	" WHERE xid >= pg_snapshot_xmax(pg_current_snapshot());"          \
	"DELETE FROM stillgood.change_log_mark"                           \
	" WHERE horizon > pg_snapshot_xmax(pg_current_snapshot());"       \
	"UPDATE stillgood.change_log_trim SET highest = DEFAULT"          \
	" WHERE highest >= pg_snapshot_xmax(pg_current_snapshot());"      \
	"UPDATE stillgood.heartbeat SET snapshot = NULL, timeline = NULL" \
	" WHERE pg_snapshot_xmax(snapshot) > pg_snapshot_xmax(pg_current_snapshot())"

static const char privilege_query[] =
	"SELECT has_database_privilege(current_database(), 'CREATE')"
	"       OR coalesce(has_schema_privilege(to_regnamespace('stillgood'), 'CREATE'), false),"
	"       (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)"
	"       OR 6 = (SELECT count(*) FROM pg_roles WHERE rolname IN ('stillgood_responder',"
	"               'stillgood_ca', 'stillgood_revocation', 'stillgood_desk',"
	"               'stillgood_heartbeat', 'stillgood_admin')),"
	"       current_user, current_database(), pg_is_in_recovery()";

static int fail(const PGresult *result, const char *doing, struct fault *fault)
{
	char line[FAULT_TEXT_SIZE / 2];
	return fault_set(fault, -EIO, "database: %s: %s", doing,
			 db_message_line(PQresultErrorMessage(result), line, sizeof(line)));
}

static int execute(PGconn *connection, const char *sql, const char *doing, struct fault *fault)
{
	cleanup(db_result_clearp) PGresult *result = PQexec(connection, sql);
	return db_result_good(result) ? 0 : fail(result, doing, fault);
}

static int check_server(PGconn *connection, struct fault *fault)
{
	int version = PQserverVersion(connection);
	if (version >= 130000)
		return 0;
	return fault_set(fault, -EINVAL,
			 "database: PostgreSQL %d is too old: version 13 or newer is needed",
			 version / 10000);
}

/* Names of issuers have any letters, and what cannot be told apart or shown is no name. */
static int check_encoding(PGconn *connection, struct fault *fault)
{
	const char *encoding = PQparameterStatus(connection, "server_encoding");
	if (encoding && strcmp(encoding, "UTF8") == 0)
		return 0;
	return fault_set(fault, -EINVAL,
			 "database \"%s\" has the encoding %s, but issuers' names need UTF8: "
			 "createdb --encoding=UTF8 --template=template0 %s",
			 PQdb(connection), encoding ? encoding : "unknown", PQdb(connection));
}

static int read_schema(PGconn *connection, size_t *applied, struct fault *fault)
{
	cleanup(db_result_clearp) PGresult *result = PQexec(connection, DB_SCHEMA_QUERY);
	return db_schema_judge(result, applied, fault);
}

int db_schema_check(PGconn *connection, struct fault *fault)
{
	int result = check_server(connection, fault);
	return result < 0 ? result : read_schema(connection, NULL, fault);
}

/* Said before anything is tried, because "permission denied" in the middle of a migration does not
 * tell an administrator what to grant. */
static int check_privileges(PGconn *connection, struct fault *fault)
{
	cleanup(db_result_clearp) PGresult *result = PQexec(connection, privilege_query);
	if (!db_result_good(result) || PQntuples(result) != 1)
		return fail(result, "privileges cannot be read", fault);
	const char *user = PQgetvalue(result, 0, 2), *database = PQgetvalue(result, 0, 3);
	if (*PQgetvalue(result, 0, 4) == 't')
		return fault_set(fault, -EPERM,
				 "database \"%s\" is a standby: run this on its primary", database);
	if (*PQgetvalue(result, 0, 0) != 't')
		return fault_set(fault, -EPERM,
				 "database \"%s\": user \"%s\" may not create a schema: connect as "
				 "the owner, or GRANT CREATE ON DATABASE \"%s\" TO \"%s\"",
				 database, user, database, user);
	if (*PQgetvalue(result, 0, 1) != 't')
		return fault_set(fault, -EPERM,
				 "database \"%s\": user \"%s\" may not create the roles "
				 "stillgood_…: ALTER ROLE \"%s\" CREATEROLE, or connect as a "
				 "superuser",
				 database, user, user);
	return 0;
}

static int record(PGconn *connection, const struct db_migration *migration, struct fault *fault)
{
	char number[16];
	(void)snprintf(number, sizeof(number), "%d", migration->number);
	const char *values[] = {number, migration->name, migration->sha256};
	cleanup(db_result_clearp) PGresult *result = PQexecParams(
		connection,
		"INSERT INTO stillgood.migration (number, name, sha256) VALUES ($1, $2, $3)",
		(int)array_size(values), NULL, values, NULL, NULL, 0);
	return db_result_good(result) ? 0 : fail(result, "migration cannot be recorded", fault);
}

static int apply_from(PGconn *connection, size_t first, struct fault *fault)
{
	for (size_t i = first; i < db_migration_count; i++) {
		char doing[128];
		(void)snprintf(doing, sizeof(doing), "migration %d \"%s\" failed, nothing changed",
			       db_migrations[i].number, db_migrations[i].name);
		int result = execute(connection, db_migrations[i].sql, doing, fault);
		if (result == 0)
			result = record(connection, &db_migrations[i], fault);
		if (result < 0)
			return result;
	}
	return 0;
}

/* Which migrations are pending, if this mode may apply them: 0 or negative. */
static int find_pending(PGconn *connection, enum db_migrate_mode mode, size_t *ret_first,
			struct fault *fault)
{
	size_t applied = 0;
	/* A query that fails would end the transaction that holds the lock. */
	int result = execute(connection, "SAVEPOINT look", "transaction failed", fault);
	if (result < 0)
		return result;
	int schema = read_schema(connection, &applied, fault);
	result = execute(connection, "ROLLBACK TO SAVEPOINT look", "transaction failed",
			 schema == 0 ? fault : NULL);
	if (schema < 0 || result < 0)
		return schema < 0 ? schema : result;
	if (schema == DB_SCHEMA_DENIED) /* reading it would not be enough */
		return fault_set(
			fault, -EPERM,
			"database \"%s\": user \"%s\" may not change the schema: connect as its "
			"owner, or as a superuser",
			PQdb(connection), PQuser(connection));
	bool may = schema == DB_SCHEMA_RIGHT ||
		   schema == (mode == DB_MIGRATE_INIT ? DB_SCHEMA_MISSING : DB_SCHEMA_TOO_OLD);
	if (!may)
		return -EINVAL; /* the fault of db_schema_judge() names the command */
	(void)fault_set(fault, 0, "%s", ""); /* missing or too old is what is mended now */
	*ret_first = applied;
	return 0;
}

static int migrate_locked(PGconn *connection, enum db_migrate_mode mode, size_t *ret_pending,
			  struct fault *fault)
{
	size_t first = 0;
	int result = execute(connection, LOCK_QUERY, "another migration holds the lock", fault);
	if (result == 0)
		result = find_pending(connection, mode, &first, fault);
	if (result == 0 && first < db_migration_count)
		result = check_privileges(connection, fault);
	if (result == 0)
		result = apply_from(connection, first, fault);
	if (result == 0)
		result = execute(connection, CLEAR_FOREIGN_LOG, "the change log cannot be cleared",
				 fault);
	if (result == 0)
		*ret_pending = db_migration_count - first;
	return result;
}

int db_migrate(PGconn *connection, enum db_migrate_mode mode, size_t *ret_applied,
	       struct fault *fault)
{
	size_t pending = 0;
	int result = check_server(connection, fault);
	if (result == 0 && mode == DB_MIGRATE_INIT)
		result = check_encoding(connection, fault);
	if (result == 0)
		result = execute(connection, "BEGIN ISOLATION LEVEL READ COMMITTED",
				 "no transaction", fault);
	if (result < 0)
		return result;
	result = migrate_locked(connection, mode, &pending, fault);
	if (result == 0)
		result = execute(connection, "COMMIT", "commit failed, nothing changed", fault);
	if (result < 0) {
		(void)execute(connection, "ROLLBACK", "", NULL);
		return result;
	}
	*ret_applied = pending;
	return 0;
}
