/* COPY … (FORMAT binary): the stream's framing. A message from the server holds whole rows; the
 * first also has the header, the last the trailer. */
#pragma once

#include "db/row.h"

#define DB_COPY_COLUMNS 16 /* at most */

struct db_copy {
	unsigned columns;
	bool started, ended; /* header, trailer seen */
};

typedef void db_copy_row(void *context, const struct db_field *fields);

/* Gives each row in this message. 0, or -EBADMSG for anything else. */
must_check int db_copy_message(struct db_copy *copy, struct view message, db_copy_row *row,
			       void *context);
