/* Would a responder's statements be taken? The same texts, for a blocking caller (`stillgood check`):
 * what they miss (a column, a function) or what stands in their way (row security) is found before a
 * responder meets it. */
#pragma once

#include "base/result.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* Prepares all of them, which leaves the session set up as a responder's. `facts`: as in struct
 * db_settings. 0, or -EIO with the fault of the first that is refused. */
must_check int db_statements_try(PGconn *connection, bool facts, struct fault *fault);
