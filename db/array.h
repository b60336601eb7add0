/* One-dimensional arrays in PostgreSQL's binary format, for query parameters. */
#pragma once

#include "base/bytes.h"

/* Types of elements and of arrays of them (pg_type.oid; fixed since they exist). */
enum db_type {
	DB_TYPE_BYTEA = 17,
	DB_TYPE_INT4 = 23,
	DB_TYPE_BYTEA_ARRAY = 1001,
	DB_TYPE_INT4_ARRAY = 1007,
	DB_TYPE_XID8 = 5069,
	DB_TYPE_XID8_ARRAY = 271,
};

/* The head of an array of exactly `count` elements, then each element. */
void db_array_begin(struct buffer *out, enum db_type element, size_t count);
void db_array_put_i32(struct buffer *out, int32_t value);
void db_array_put_u64(struct buffer *out, uint64_t value);
void db_array_put_bytes(struct buffer *out, struct view bytes);
