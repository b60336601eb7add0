/* Rows of a PGresult as fields. */
#pragma once

#include "db/row.h"

#include <libpq-fe.h>

/* Columns first … first + count − 1 of a row in binary format. */
void db_result_fields(const PGresult *result, int row, int first, int count,
		      struct db_field *fields);
