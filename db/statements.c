#include "db/statements.h"

#include "db/feed_sql.h"
#include "db/lookup_sql.h"
#include "db/result.h"
#include "db/schema.h"

static int try_one(PGconn *connection, const char *sql, struct fault *fault)
{
	cleanup(db_result_clearp) PGresult *result = PQexec(connection, sql);
	char line[FAULT_TEXT_SIZE / 2];
	if (db_result_good(result))
		return 0;
	return fault_set(fault, -EIO, "database: %s",
			 db_message_line(PQresultErrorMessage(result), line, sizeof(line)));
}

int db_statements_try(PGconn *connection, bool facts, struct fault *fault)
{
	int result = try_one(connection, FEED_SETUP, fault);
	if (result == 0)
		result = try_one(connection, "PREPARE stillgood_rows AS " FEED_ROWS_QUERY, fault);
	if (result == 0)
		result = try_one(connection, "PREPARE stillgood_log AS " FEED_STREAM_QUERY, fault);
	if (result == 0)
		result =
			try_one(connection, facts ? LOOKUP_SETUP_FACTS : LOOKUP_SETUP_PLAIN, fault);
	return result;
}
