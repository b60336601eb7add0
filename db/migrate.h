/* `stillgood db init|upgrade` and the check that every command makes first. These calls block: they
 * are for the commands, never for a process that serves. The connection belongs to the caller and is
 * outside of a transaction. */
#pragma once

#include "db/schema.h"

enum db_migrate_mode {
	DB_MIGRATE_INIT, /* makes the schema; an old one is left alone and a fault says `upgrade` */
	DB_MIGRATE_UPGRADE, /* brings a schema up to date; a missing one is a fault that says `init` */
};

/* Applies what is pending in one transaction under an advisory lock: all or nothing, and safe to
 * run twice or at the same time. `*ret_applied`: how many migrations were applied, 0 if the schema
 * was right already. 0, or -EPERM (the fault names the missing privilege), -EINVAL (not a schema
 * that this mode mends), -EIO. */
must_check int db_migrate(PGconn *connection, enum db_migrate_mode mode, size_t *ret_applied,
			  struct fault *fault);

/* enum db_schema with a fault unless it is DB_SCHEMA_RIGHT, or -EIO. Also refuses servers before
 * version 13 (-EINVAL). */
must_check int db_schema_check(PGconn *connection, struct fault *fault);
