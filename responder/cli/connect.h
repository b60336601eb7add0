/* The operator's connection to the database: blocking libpq, errors as one line that says what to do.
 *
 * Where it leads: --database, else the environment's STILLGOOD_DATABASE, else [database] conninfo of
 * the configuration, else libpq's own defaults. */
#pragma once

#include "cli/command.h"
#include "conf/conf.h"

#include <libpq-fe.h>

#define DB_READER "stillgood_responder" /* the role that only reads */

struct database {
	PGconn *connection;
	const char *role; /* which role a login needs for what is done here; for messages */
	char state[6]; /* SQLSTATE of the last fault; "" for one that is no server's */
};

static inline void result_clearp(PGresult **result)
{
	PQclear(*result);
}

/* `role`: stillgood_admin, stillgood_ca …; static storage. */
must_check int database_open(const struct command_line *line, const char *role,
			     struct database *ret, struct fault *fault);
/* `purpose`: what pg_stat_activity shows behind "stillgood". */
must_check int database_open_conninfo(const char *conninfo, const char *role, const char *purpose,
				      struct database *ret, struct fault *fault);
/* The same, and the schema must be the one that this program knows. */
must_check int database_open_current(const struct command_line *line, const char *role,
				     struct database *ret, struct fault *fault);
void database_close(struct database *database);

/* "database stillgood on /run/postgresql" as text for messages. */
void database_describe(const struct database *database, char *out, size_t size);

/* Statements without parameters, without rows. */
must_check int database_run(struct database *database, const char *sql, struct fault *fault);
/* One statement with text parameters (NULL is null). `ret` may be NULL. */
must_check int database_query(struct database *database, const char *sql, int count,
			      const char *const *values, PGresult **ret, struct fault *fault);
/* Turns an unsuccessful result into a fault. -EACCES: a right is lacking; -ENOENT: not our schema;
 * -EINVAL: refused by the schema's rules; -EEXIST: a unique key is taken; -EROFS: a standby; -EAGAIN:
 * another session was in the way; -EIO: anything else. */
int database_fault(struct database *database, const PGresult *result, struct fault *fault);

/* Rows that an INSERT or UPDATE wrote. */
uint64_t result_affected(PGresult *result);
/* Columns as C values. */
int64_t column_int(const PGresult *result, int row, int column);
/* TIME_NONE for null; from stillgood.seconds(). */
int64_t column_time(const PGresult *result, int row, int column);
/* bytea in hex output; appends. */
must_check int column_bytes(const PGresult *result, int row, int column, struct buffer *out);
/* Octets as the text form of bytea, "\x…"; NULL without memory. */
char *bytea_text(struct view octets);
