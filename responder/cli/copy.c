#include "cli/copy.h"

#define PIECE_SIZE 262144
/* Seconds from 1970 to 2000, where PostgreSQL counts from. */
#define POSTGRES_EPOCH INT64_C(946684800)

static const char signature[11] = "PGCOPY\n\377\r\n";

int copy_begin(struct copy *copy, struct database *database, const char *sql, struct fault *fault)
{
	cleanup(result_clearp) PGresult *result = PQexec(database->connection, sql);
	if (PQresultStatus(result) != PGRES_COPY_IN)
		return database_fault(database, result, fault);
	*copy = (struct copy){.database = database};
	buffer_put(&copy->rows, signature, sizeof(signature));
	buffer_put_u32(&copy->rows, 0); /* flags */
	buffer_put_u32(&copy->rows, 0); /* header extension */
	return 0;
}

static int give(struct copy *copy, struct fault *fault)
{
	PGconn *connection = copy->database->connection;
	if (buffer_result(&copy->rows))
		return fault_set(fault, -ENOMEM, "out of memory");
	if (PQputCopyData(connection, (const char *)copy->rows.data, (int)copy->rows.size) != 1)
		return database_fault(copy->database, NULL, fault);
	buffer_reset(&copy->rows);
	return 0;
}

int copy_row(struct copy *copy, unsigned columns, struct fault *fault)
{
	int result = copy->rows.size >= PIECE_SIZE ? give(copy, fault) : 0;
	if (result == 0)
		buffer_put_u16(&copy->rows, (uint16_t)columns);
	return result;
}

void copy_put_int2(struct copy *copy, int value)
{
	buffer_put_u32(&copy->rows, 2);
	buffer_put_u16(&copy->rows, (uint16_t)value);
}

void copy_put_int4(struct copy *copy, int32_t value)
{
	buffer_put_u32(&copy->rows, 4);
	buffer_put_u32(&copy->rows, (uint32_t)value);
}

void copy_put_int8(struct copy *copy, int64_t value)
{
	buffer_put_u32(&copy->rows, 8);
	buffer_put_i64(&copy->rows, value);
}

void copy_put_bool(struct copy *copy, bool value)
{
	buffer_put_u32(&copy->rows, 1);
	buffer_put_bool(&copy->rows, value);
}

void copy_put_bytes(struct copy *copy, struct view value)
{
	buffer_put_sized(&copy->rows, value);
}

void copy_put_null(struct copy *copy)
{
	buffer_put_u32(&copy->rows, UINT32_MAX);
}

void copy_put_time(struct copy *copy, int64_t seconds)
{
	if (seconds == TIME_NONE)
		copy_put_null(copy);
	else
		copy_put_int8(copy, (seconds - POSTGRES_EPOCH) * 1000000);
}

int copy_end(struct copy *copy, struct fault *fault)
{
	struct database *database = copy->database;
	buffer_put_u16(&copy->rows, UINT16_MAX); /* the trailer */
	int result = give(copy, fault);
	if (result)
		return result;
	copy->database = NULL;
	if (PQputCopyEnd(database->connection, NULL) != 1)
		return database_fault(database, NULL, fault);
	PGresult *reply;
	while ((reply = PQgetResult(database->connection))) {
		if (result == 0 && PQresultStatus(reply) != PGRES_COMMAND_OK)
			result = database_fault(database, reply, fault);
		PQclear(reply);
	}
	return result;
}

void copy_deinit(struct copy *copy)
{
	if (copy->database &&
	    PQputCopyEnd(copy->database->connection, "given up by the client") == 1) {
		PGresult *result;
		while ((result = PQgetResult(copy->database->connection)))
			PQclear(result);
	}
	copy->database = NULL;
	buffer_deinit(&copy->rows);
}
