/* Rows of a PGresult as fields. */
#pragma once

#include "db/row.h"

#include <libpq-fe.h>

/* Has the statement succeeded, with rows or without? */
bool db_result_good(const PGresult *result);
/* For cleanup(). */
void db_result_clearp(PGresult **result);

/* Columns first … first + count − 1 of a row in binary format. */
void db_result_fields(const PGresult *result, int row, int first, int count,
		      struct db_field *fields);
