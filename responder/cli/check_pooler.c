/* Whoever ends the protocol and speaks for many tells clients a key for cancelling of its own, with a process
 * number in it that is none of the server's: so the number that a session was told at its start is not the one
 * that it has (PgBouncer, Odyssey, RDS Proxy). What such a program does with transactions no protocol says, so
 * it is tried: a session that is held by an open transaction of one connection never runs a statement of
 * another, and none moves to another server process, unless sessions are shared. */
#include "cli/check_pooler.h"

#include "db/session.h"

/* A pool that takes the session released last shares at once; one that takes turns moves soon. */
#define TRIES 8

/* The server process that runs a statement; or -errno with a fault. */
static int backend_of(struct database *database, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(database, "SELECT pg_backend_pid()", 0, NULL, &rows, fault);
	return result < 0 ? result : (int)column_int(rows, 0, 0);
}

/* 1: sessions are shared; 0 or -errno. */
static int try_once(struct database *one, struct database *other, struct fault *fault)
{
	int before = backend_of(one, fault);
	int result = before < 0 ? before : database_run(other, "BEGIN", fault);
	int held = result < 0 ? result : backend_of(other, fault);
	bool shared = held == before;
	int after = held < 0 || shared ? held : backend_of(one, fault);
	result = held < 0 ? held : database_run(other, "COMMIT", fault);
	if (after < 0 || result < 0)
		return after < 0 ? after : result;
	return shared || after != before;
}

static int is_shared(const struct conf *conf, struct database *database, struct fault *fault)
{
	cleanup(database_close) struct database other = {0};
	int result =
		database_open_conninfo(conf->database.conninfo, DB_READER, "check", &other, fault);
	for (unsigned i = 0; result == 0 && i < TRIES; i++)
		result = try_once(database, &other, fault);
	return result;
}

bool check_pooler(const struct conf *conf, struct database *database, struct preflight *preflight)
{
	struct fault fault = {""};
	char where[256];
	database_describe(database, where, sizeof(where));
	int backend = backend_of(database, &fault);
	if (backend == PQbackendPID(database->connection))
		return true;
	int result = backend < 0 ? backend : is_shared(conf, database, &fault);
	if (result == 0) {
		preflight_find(preflight, SERVE_WELL, "",
			       "%s: a pooler is in between that keeps sessions apart", where);
		return true;
	}
	if (result < 0)
		preflight_find(preflight, SERVE_LATER, "", "%s", fault.text);
	else
		preflight_find(preflight, SERVE_REFUSED, "", "%s" DB_POOLER_HINT, where);
	return false;
}
