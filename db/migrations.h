/* The schema's migrations, in order, as this executable was built with them (db/migrations/). */
#pragma once

#include "base/compiler.h"

#include <stddef.h>

struct db_migration {
	int number; /* 1, 2, 3 … */
	const char *name, *sha256, *sql;
};

extern const struct db_migration db_migrations[];
extern const size_t db_migration_count;
