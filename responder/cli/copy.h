/* COPY … FROM STDIN in PostgreSQL's binary format, streamed: rows are gathered into pieces of some
 * hundred kilobytes. An error of the server shows at the end. */
#pragma once

#include "base/record.h"
#include "cli/connect.h"

struct copy {
	struct database *database;
	struct buffer rows; /* not yet given to libpq; its error is looked at when given */
};

/* `sql`: COPY t (…) FROM STDIN (FORMAT binary). */
must_check int copy_begin(struct copy *copy, struct database *database, const char *sql,
			  struct fault *fault);
/* A row of this many columns follows, then exactly so many puts. */
must_check int copy_row(struct copy *copy, unsigned columns, struct fault *fault);
void copy_put_int2(struct copy *copy, int value);
void copy_put_int4(struct copy *copy, int32_t value);
void copy_put_int8(struct copy *copy, int64_t value);
void copy_put_bool(struct copy *copy, bool value);
void copy_put_bytes(struct copy *copy, struct view value); /* bytea or text */
void copy_put_null(struct copy *copy);
/* timestamptz; TIME_NONE is null. */
void copy_put_time(struct copy *copy, int64_t seconds);

/* Ends it; all rows are there. */
must_check int copy_end(struct copy *copy, struct fault *fault);
/* Ends it from the client's side if it is still open (its transaction fails), frees. */
void copy_deinit(struct copy *copy);
