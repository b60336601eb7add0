#include "cli/connect.h"

#include "base/hex.h"
#include "base/record.h"
#include "conf/conf.h"
#include "db/migrate.h"

#include <stdio.h>

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

void database_describe(const struct database *database, char *out, size_t size)
{
	(void)snprintf(out, size, "database \"%s\" on %s port %s",
		       or_empty(PQdb(database->connection)), or_empty(PQhost(database->connection)),
		       or_empty(PQport(database->connection)));
}

static void ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

int database_open_conninfo(const char *conninfo, const char *role, struct database *ret,
			   struct fault *fault)
{
	/* What stands before dbname is overridden by the connection string. */
	const char *const keywords[] = {"connect_timeout",           "tcp_user_timeout",
					"fallback_application_name", "dbname",
					"client_encoding",           NULL};
	const char *const values[] = {"10", "10000", "stillgood", conninfo, "UTF8", NULL};
	struct database database = {PQconnectdbParams(keywords, values, 1), role};
	if (!database.connection)
		return fault_set(fault, -ENOMEM, "database: out of memory");
	if (PQstatus(database.connection) != CONNECTION_OK) {
		char reason[FAULT_TEXT_SIZE / 2];
		fault_set(fault, 0,
			  "database: %s; say where it is with --database or [database] conninfo",
			  db_message_line(PQerrorMessage(database.connection), reason,
					  sizeof(reason)));
		PQfinish(database.connection);
		return -ECONNREFUSED;
	}
	PQsetNoticeReceiver(database.connection, ignore_notice, NULL);
	*ret = database;
	return 0;
}

static int open_configured(const char *path, const char *role, struct database *ret,
			   struct fault *fault)
{
	cleanup(conf_freep) struct conf *conf = NULL;
	int r = conf_load(path, &conf, fault);
	if (r)
		return r;
	return database_open_conninfo(conf->database.conninfo, role, ret, fault);
}

int database_open(const struct command_line *line, const char *role, struct database *ret,
		  struct fault *fault)
{
	const char *conninfo = line->values[OPTION_DATABASE];
	const char *configuration = line->values[OPTION_CONFIG];
	if (!conninfo)
		conninfo = getenv("STILLGOOD_DATABASE");
	if (conninfo)
		return database_open_conninfo(conninfo, role, ret, fault);
	if (!configuration && access(DEFAULT_CONFIGURATION, F_OK) == 0)
		configuration = DEFAULT_CONFIGURATION;
	if (configuration)
		return open_configured(configuration, role, ret, fault);
	return database_open_conninfo("", role, ret, fault);
}

int database_open_current(const struct command_line *line, const char *role, struct database *ret,
			  struct fault *fault)
{
	struct database database = {0};
	int r = database_open(line, role, &database, fault);
	if (r)
		return r;
	r = db_schema_check(database.connection, fault);
	if (r) {
		database_close(&database);
		return r < 0 ? r : -ENOENT;
	}
	*ret = database;
	return 0;
}

void database_close(struct database *database)
{
	PQfinish(database->connection);
	database->connection = NULL;
}

static int fault_of_state(struct database *database, const char *state, const char *message,
			  const char *hint, struct fault *fault)
{
	char where[256];
	database_describe(database, where, sizeof(where));
	if (strcmp(state, "42501") == 0) /* insufficient_privilege */
		return fault_set(fault, -EACCES, "%s: %s; grant the role: GRANT %s TO \"%s\"",
				 where, message, database->role,
				 or_empty(PQuser(database->connection)));
	if (strcmp(state, "3F000") == 0 || strcmp(state, "42P01") == 0 ||
	    strcmp(state, "42883") == 0 || strcmp(state, "42703") == 0)
		return fault_set(fault, -ENOENT,
				 "%s: %s; make or mend the schema with `stillgood db init` or "
				 "`stillgood db upgrade`",
				 where, message);
	if (strcmp(state, "23505") == 0) /* unique_violation */
		return fault_set(fault, -EEXIST, "%s: %s", where, message);
	if (strcmp(state, "P0002") == 0 || strcmp(state, "23514") == 0 ||
	    strcmp(state, "22023") == 0)
		return fault_set(fault, -EINVAL, "%s%s%s", message, *hint ? "; " : "", hint);
	return fault_set(fault, -EIO, "%s: %s%s%s", where, message, *hint ? "; " : "", hint);
}

int database_fault(struct database *database, const PGresult *result, struct fault *fault)
{
	char message[FAULT_TEXT_SIZE / 2], hint[FAULT_TEXT_SIZE / 4];
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	db_message_line(primary ? primary : PQerrorMessage(database->connection), message,
			sizeof(message));
	db_message_line(or_empty(PQresultErrorField(result, PG_DIAG_MESSAGE_HINT)), hint,
			sizeof(hint));
	return fault_of_state(database, or_empty(PQresultErrorField(result, PG_DIAG_SQLSTATE)),
			      *message ? message : "the statement failed", hint, fault);
}

static bool is_success(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

int database_run(struct database *database, const char *sql, struct fault *fault)
{
	cleanup(result_clearp) PGresult *result = PQexec(database->connection, sql);
	return is_success(result) ? 0 : database_fault(database, result, fault);
}

int database_query(struct database *database, const char *sql, int count, const char *const *values,
		   PGresult **ret, struct fault *fault)
{
	cleanup(result_clearp) PGresult *result =
		PQexecParams(database->connection, sql, count, NULL, values, NULL, NULL, 0);
	if (!is_success(result))
		return database_fault(database, result, fault);
	if (ret) {
		*ret = result;
		result = NULL;
	}
	return 0;
}

uint64_t result_affected(PGresult *result)
{
	return (uint64_t)strtoull(PQcmdTuples(result), NULL, 10);
}

int64_t column_int(const PGresult *result, int row, int column)
{
	return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

int64_t column_time(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column) ? TIME_NONE : column_int(result, row, column);
}

int column_bytes(const PGresult *result, int row, int column, struct buffer *out)
{
	struct view text = view_of_string(PQgetvalue(result, row, column));
	if (text.size < 2)
		return -EINVAL;
	size_t size = text.size / 2;
	uint8_t *room = buffer_reserve(out, size);
	if (!room)
		return -ENOMEM;
	int r = hex_parse(view_of(text.data + 2, text.size - 2), size, room, &size);
	if (r == 0)
		out->size += size;
	return r;
}

char *bytea_text(struct view octets)
{
	char *text = malloc(octets.size * 2 + 3);
	if (!text)
		return NULL;
	text[0] = '\\';
	text[1] = 'x';
	hex_put(text + 2, octets);
	return text;
}
