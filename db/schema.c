#include "db/schema.h"

#include "db/migrations.h"

#include <stdbool.h>

const char *db_message_line(const char *message, char *out, size_t size)
{
	static const char *const prefixes[] = {"FATAL:  ", "ERROR:  "};
	for (size_t i = 0; i < array_size(prefixes); i++)
		if (strncmp(message, prefixes[i], strlen(prefixes[i])) == 0)
			message += strlen(prefixes[i]);
	/* What follows is the query and a caret below it. */
	const char *end = strstr(message, "\nLINE ");
	size_t used = 0;
	for (const char *p = message; *p && p != end && used + 1 < size; p++) {
		bool blank = *p == ' ' || *p == '\n' || *p == '\t';
		if (!blank)
			out[used++] = *p;
		else if (used > 0 && out[used - 1] != ' ')
			out[used++] = ' ';
	}
	while (used > 0 && out[used - 1] == ' ')
		used--;
	out[used] = 0;
	return out;
}

static int judge_failure(const PGresult *result, struct fault *fault)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	char line[FAULT_TEXT_SIZE / 2];
	if (state && (strcmp(state, "42P01") == 0 || strcmp(state, "3F000") == 0))
		return fault_set(fault, DB_SCHEMA_MISSING,
				 "database: schema stillgood is missing: run `stillgood db init`");
	if (state && strcmp(state, "42501") == 0)
		return fault_set(fault, DB_SCHEMA_DENIED,
				 "database: %s: grant this login a role of the schema, such as "
				 "`GRANT stillgood_responder TO …`",
				 db_message_line(PQresultErrorMessage(result), line, sizeof(line)));
	return fault_set(fault, -EIO, "database: the schema's version cannot be read: %s",
			 db_message_line(PQresultErrorMessage(result), line, sizeof(line)));
}

static bool same_migration(const PGresult *result, int row, const struct db_migration *ours)
{
	char number[16];
	(void)snprintf(number, sizeof(number), "%d", ours->number);
	return strcmp(PQgetvalue(result, row, 0), number) == 0 &&
	       strcmp(PQgetvalue(result, row, 2), ours->sha256) == 0;
}

int db_schema_judge(const PGresult *result, size_t *applied, struct fault *fault)
{
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return judge_failure(result, fault);
	if (PQnfields(result) != 3)
		return fault_set(fault, -EIO, "database: the schema's version cannot be read");
	size_t rows = (size_t)PQntuples(result);
	for (size_t i = 0; i < rows && i < db_migration_count; i++)
		if (!same_migration(result, (int)i, &db_migrations[i]))
			return fault_set(fault, DB_SCHEMA_CHANGED,
					 "database: migration %s \"%s\" of schema stillgood is not "
					 "the one that this stillgood " STILLGOOD_VERSION
					 " knows: use the stillgood that made it, or restore it",
					 PQgetvalue(result, (int)i, 0),
					 PQgetvalue(result, (int)i, 1));
	if (rows > db_migration_count)
		return fault_set(fault, DB_SCHEMA_TOO_NEW,
				 "database: schema stillgood is at version %zu, newer than this "
				 "stillgood " STILLGOOD_VERSION
				 " (%zu): install the stillgood that upgraded it",
				 rows, db_migration_count);
	if (applied)
		*applied = rows;
	if (rows < db_migration_count)
		return fault_set(fault, DB_SCHEMA_TOO_OLD,
				 "database: schema stillgood is at version %zu, this stillgood "
				 "needs %zu: run `stillgood db upgrade`",
				 rows, db_migration_count);
	return DB_SCHEMA_RIGHT;
}
