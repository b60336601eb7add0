#include "db/result.h"

bool db_result_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

void db_result_clearp(PGresult **result)
{
	PQclear(*result);
}

void db_result_fields(const PGresult *result, int row, int first, int count,
		      struct db_field *fields)
{
	for (int i = 0; i < count; i++) {
		int column = first + i;
		fields[i].null = PQgetisnull(result, row, column) != 0;
		fields[i].bytes = view_of(PQgetvalue(result, row, column),
					  (size_t)PQgetlength(result, row, column));
	}
}
