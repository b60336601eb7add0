/* Is this the schema that we know? The question, and the verdict on its result, for blocking
 * callers (migrate.h) and for the event loop (connection.h) alike. */
#pragma once

#include "base/result.h"

#include <libpq-fe.h>

/* Positive results; RIGHT is 0. Each but RIGHT comes with a fault that names the command. */
enum db_schema {
	DB_SCHEMA_RIGHT = 0,
	DB_SCHEMA_MISSING = 1, /* stillgood db init */
	DB_SCHEMA_TOO_OLD = 2, /* stillgood db upgrade */
	DB_SCHEMA_TOO_NEW = 3, /* a newer stillgood has upgraded it */
	DB_SCHEMA_CHANGED = 4, /* a migration is recorded that is not ours */
	DB_SCHEMA_DENIED = 5, /* this login may not read it: GRANT stillgood_… */
};

/* Rows: number, name, sha256, in order. */
#define DB_SCHEMA_QUERY "SELECT number, name, sha256 FROM stillgood.migration ORDER BY number"

/* Judges the result of DB_SCHEMA_QUERY, also a failed one. `applied` (may be NULL) gets the number
 * of our migrations that are there. enum db_schema, or -EIO where the query failed otherwise. */
must_check int db_schema_judge(const PGresult *result, size_t *applied, struct fault *fault);

/* libpq's message on one line, without its severity. */
const char *db_message_line(const char *message, char *out, size_t size);
