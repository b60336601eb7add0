#include "db/session.h"

#include "db/result.h"
#include "db/schema.h"

/* A statement_timeout of a millisecond, set for the role, ends the statement that would lift it on a
 * machine that is busy. */
#define TRIES 100

static bool timed_out(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	return state && strcmp(state, "57014") == 0;
}

static int set_up(PGconn *connection, struct fault *fault)
{
	for (unsigned i = 0;; i++) {
		cleanup(db_result_clearp) PGresult *result = PQexec(connection, DB_SESSION_COMMAND);
		char line[FAULT_TEXT_SIZE / 2];
		if (db_result_good(result))
			return 0;
		if (!timed_out(result) || i == TRIES)
			return fault_set(
				fault, -EIO, "database: the session cannot be set up: %s",
				db_message_line(PQresultErrorMessage(result), line, sizeof(line)));
	}
}

/* Only a superuser may set it back. */
static int check_triggers(PGconn *connection, struct fault *fault)
{
	cleanup(db_result_clearp) PGresult *result =
		PQexec(connection, "SELECT current_setting('session_replication_role')");
	if (db_result_good(result) && strcmp(PQgetvalue(result, 0, 0), "replica") != 0)
		return 0;
	return fault_set(
		fault, -EIO,
		"database: session_replication_role is replica for this login, which passes "
		"by the triggers that responders depend on: ALTER ROLE \"%s\" RESET "
		"session_replication_role (or the database's)",
		PQuser(connection));
}

int db_session_prepare(PGconn *connection, bool writes, struct fault *fault)
{
	int result = set_up(connection, fault);
	return result < 0 || !writes ? result : check_triggers(connection, fault);
}
