#include "cli/connect.h"

#include "base/hex.h"
#include "base/record.h"
#include "db/migrate.h"
#include "db/session.h"
#include "db/target.h"

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

/* What libpq takes apart, and not the name of a database. */
static bool is_malformed(const char *conninfo)
{
	char *why = NULL;
	PQconninfoOption *parsed = PQconninfoParse(conninfo, &why);
	PQfreemem(why);
	PQconninfoFree(parsed);
	return !parsed && (strchr(conninfo, '=') || strstr(conninfo, "://"));
}

/* A server's own words come as "FATAL:  …", with two blanks, in whatever language the word is;
 * libpq's have none. */
static bool server_spoke(const char *message)
{
	return strstr(message, ":  ") != NULL;
}

static void drop_severity(char *line)
{
	static const char word[] = "FATAL: ";
	char *at = strstr(line, word);
	if (at)
		memmove(at, at + strlen(word), strlen(at + strlen(word)) + 1);
}

/* Where the server was reached, the address is not what is wrong. */
static int connection_fault(struct database *database, const char *conninfo, struct fault *fault)
{
	char reason[FAULT_TEXT_SIZE / 2];
	const char *message = PQerrorMessage(database->connection), *hint = "";
	bool reached = server_spoke(message);
	(void)db_message_line(message, reason, sizeof(reason));
	drop_severity(reason);
	if (is_malformed(conninfo))
		hint = "; a connection string is like 'host=db.example dbname=pki user=ca'";
	else if (PQconnectionNeedsPassword(database->connection))
		hint = "; give the password in a password file (~/.pgpass or passfile=FILE)";
	else if (!reached)
		hint = "; say where it is with --database or [database] conninfo";
	return fault_set(fault, reached ? -EACCES : -ECONNREFUSED, "database: %s%s", reason, hint);
}

/* With the operator's own name for it in front, where there is one. */
static char *application_name(const char *conninfo, const char *purpose)
{
	const char *given = getenv("PGAPPNAME");
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	for (const PQconninfoOption *o = options; o && o->keyword; o++)
		if (strcmp(o->keyword, "application_name") == 0 && o->val)
			given = o->val;
	char *name = db_application_name(given, purpose);
	PQconninfoFree(options);
	return name;
}

int database_open_conninfo(const char *conninfo, const char *role, const char *purpose,
			   struct database *ret, struct fault *fault)
{
	cleanup(memory_freep) char *name = application_name(conninfo, purpose);
	/* What stands before dbname is overridden by the connection string. */
	const char *const keywords[] = {"connect_timeout",  "tcp_user_timeout", "dbname",
					"application_name", "client_encoding",  NULL};
	const char *const values[] = {"10", "10000", conninfo, name, "UTF8", NULL};
	struct database database = {.connection = PQconnectdbParams(keywords, values, 1),
				    .role = role};
	if (!database.connection)
		return fault_set(fault, -ENOMEM, "database: out of memory");
	if (PQstatus(database.connection) != CONNECTION_OK) {
		int result = connection_fault(&database, conninfo, fault);
		database_close(&database);
		return result;
	}
	PQsetNoticeReceiver(database.connection, ignore_notice, NULL);
	bool writes = strcmp(role, DB_READER) != 0;
	int result = db_session_prepare(database.connection, writes, fault);
	if (result < 0) {
		PQfinish(database.connection);
		return result;
	}
	*ret = database;
	return 0;
}

static int open_configured(const char *path, const char *role, const char *purpose,
			   struct database *ret, struct fault *fault)
{
	cleanup(conf_freep) struct conf *conf = NULL;
	int result = conf_load(path, &conf, fault);
	if (result)
		return result;
	return database_open_conninfo(conf->database.conninfo, role, purpose, ret, fault);
}

int database_open(const struct command_line *line, const char *role, struct database *ret,
		  struct fault *fault)
{
	const char *conninfo = line->values[OPTION_DATABASE];
	const char *configuration = line->values[OPTION_CONFIG];
	const char *purpose = line->command->name;
	if (!conninfo)
		conninfo = getenv("STILLGOOD_DATABASE");
	if (conninfo)
		return database_open_conninfo(conninfo, role, purpose, ret, fault);
	if (!configuration && access(DEFAULT_CONFIGURATION, F_OK) == 0)
		configuration = DEFAULT_CONFIGURATION;
	if (configuration)
		return open_configured(configuration, role, purpose, ret, fault);
	return database_open_conninfo("", role, purpose, ret, fault);
}

void database_close(struct database *database)
{
	PQfinish(database->connection);
	database->connection = NULL;
}

/* What a SQLSTATE, or a class of them, means to somebody who typed a command. The server's own hints
 * speak of SQL and are never shown. */
static const struct {
	const char *state; /* its beginning */
	int result;
	bool message; /* show the server's words */
	const char *text;
} meanings[] = {
	{"42883", -ENOENT, false, NULL},
	{"42703", -ENOENT, false, NULL},
	{"42P01", -ENOENT, false, NULL},
	{"3F000", -ENOENT, false, NULL},
	{"P0002", -EINVAL, true, ""},
	{"23514", -EINVAL, true, ""},
	{"22023", -EINVAL, true, ""},
	{"22021", -EINVAL, false, "a text that was given is not UTF-8"},
	{"25006", -EROFS, false, "it is a standby: run this on its primary"},
	{"40", -EAGAIN, false,
	 "another session was in the way, nothing was changed; run this again"},
	{"55P03", -EAGAIN, false,
	 "another session holds a lock, nothing was changed; run this again"},
	{"57014", -EAGAIN, false, "it took too long, nothing was changed; run this again"},
	{"57P", -EIO, true, "; the server ended the connection, run this again"},
	{"08", -EIO, true, "; the connection was lost, run this again"},
};

static int fault_of_right(struct database *database, const char *where, struct fault *fault)
{
	const char *user = or_empty(PQuser(database->connection));
	return fault_set(fault, -EACCES,
			 "%s: user \"%s\" may not do this; grant the role: GRANT %s TO \"%s\"",
			 where, user, database->role, user);
}

static int fault_of_schema(const char *where, struct fault *fault)
{
	return fault_set(
		fault, -ENOENT,
		"%s: it has not the schema that stillgood " STILLGOOD_VERSION
		" knows; make or mend it with `stillgood db init` or `stillgood db upgrade`",
		where);
}

static int fault_of_state(struct database *database, const char *message, bool constraint,
			  struct fault *fault)
{
	char where[256];
	database_describe(database, where, sizeof(where));
	if (strcmp(database->state, "42501") == 0) /* insufficient_privilege */
		return fault_of_right(database, where, fault);
	if (strcmp(database->state, "23505") == 0) /* unique_violation */
		return fault_set(fault, -EEXIST, "%s: %s", where,
				 constraint ? "another session has written the same; run this again"
					    : message);
	for (size_t i = 0; i < array_size(meanings); i++) {
		if (strncmp(database->state, meanings[i].state, strlen(meanings[i].state)) != 0)
			continue;
		if (!meanings[i].text)
			return fault_of_schema(where, fault);
		if (!*meanings[i].text) /* the schema's own rules speak for themselves */
			return fault_set(fault, meanings[i].result, "%s", message);
		return fault_set(fault, meanings[i].result, "%s: %s%s", where,
				 meanings[i].message ? message : "", meanings[i].text);
	}
	return fault_set(fault, -EIO, "%s: %s", where, message);
}

int database_fault(struct database *database, const PGresult *result, struct fault *fault)
{
	char message[FAULT_TEXT_SIZE / 2];
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	db_message_line(primary ? primary : PQerrorMessage(database->connection), message,
			sizeof(message));
	(void)snprintf(database->state, sizeof(database->state), "%s",
		       or_empty(PQresultErrorField(result, PG_DIAG_SQLSTATE)));
	bool constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) != NULL;
	return fault_of_state(database, *message ? message : "the statement failed", constraint,
			      fault);
}

int database_open_current(const struct command_line *line, const char *role, struct database *ret,
			  struct fault *fault)
{
	char where[256];
	struct database database = {0};
	int result = database_open(line, role, &database, fault);
	if (result)
		return result;
	result = db_schema_check(database.connection, fault);
	if (result == DB_SCHEMA_DENIED) {
		database_describe(&database, where, sizeof(where));
		result = fault_of_right(&database, where, fault);
	}
	if (result) {
		database_close(&database);
		return result < 0 ? result : -ENOENT;
	}
	*ret = database;
	return 0;
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

int column_bytes(const PGresult *rows, int row, int column, struct buffer *out)
{
	struct view text = view_of_string(PQgetvalue(rows, row, column));
	if (text.size < 2)
		return -EINVAL;
	size_t size = text.size / 2;
	uint8_t *room = buffer_reserve(out, size);
	if (!room)
		return -ENOMEM;
	int result = hex_parse(view_of(text.data + 2, text.size - 2), size, room, &size);
	if (result == 0)
		out->size += size;
	return result;
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
