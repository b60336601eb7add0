/* The files that libpq, and the name service below it, may read for a connection: what a process that is locked in
 * must still be able to open (room/sandbox.h). Paths that do not exist are named too: they may come. */
#pragma once

#include "base/result.h"

/* A folder stands for all beneath it. 0, -EINVAL (not a connection string) or -ENOMEM. */
must_check int db_files(const char *conninfo, void (*each)(void *context, const char *path),
			void *context);
