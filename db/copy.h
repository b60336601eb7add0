/* COPY … (FORMAT binary): the stream's framing. A message from the server holds whole rows; the
 * first also has the header, the last the trailer. */
#pragma once

#include "db/row.h"

struct db_copy {
	bool started, ended; /* header, trailer seen */
};

typedef void db_copy_row(void *context, const struct db_field *fields);

/* Gives each row of DB_ROW_FIELDS columns in this message. 0, or -EBADMSG for anything else. */
must_check int db_copy_message(struct db_copy *copy, struct view message, db_copy_row *row,
			       void *context);
