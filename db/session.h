/* How every session of ours is set up. A role, a database, PGOPTIONS or the server's configuration may
 * have changed any setting, so each one that something here depends on is set. */
#pragma once

#include "base/result.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* What is read and written, whoever the login is and wherever the database.
 *
 * search_path: first, because a hostile one could put its own set_config() in front.
 * row_security: with policies that hide rows a query fails, instead of missing some in silence.
 * Not every version knows every timeout; those that it does not know are left out by pg_settings. */
#define DB_SESSION_SANE                                                                      \
	"SET search_path = pg_catalog, pg_temp; SET client_encoding = 'UTF8';"               \
	"SET bytea_output = 'hex'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle ="          \
	" 'postgres'; SET TimeZone = 'UTC'; SET standard_conforming_strings = on;"           \
	"SET row_security = off; SET transform_null_equals = off; SET exit_on_error = off;"  \
	"SET default_transaction_read_only = off; SET default_transaction_isolation ="       \
	" 'read committed'; SET default_transaction_deferrable = off; SET lock_timeout = 0;" \
	"SET check_function_bodies = on;"                                                    \
	"SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN"                 \
	" ('idle_session_timeout', 'transaction_timeout');"

/* Commands: an import or a migration takes as long as it takes, and whoever waits can interrupt. */
#define DB_SESSION_COMMAND \
	"SET statement_timeout = 0;" DB_SESSION_SANE "SET idle_in_transaction_session_timeout = 0"

/* Responders.
 *
 * default_transaction_read_only: what evidence.h reads must mean "standby" and nothing else.
 * jit: with plan types switched off, costs are fantastic and would make PostgreSQL compile.
 * statement_timeout: our own deadlines come first; this one ends a backend that still waits, for a
 * lock perhaps, after we have closed its connection: without it every attempt would leave one. */

/* Before all else, so that it bounds the setup too. */
#define DB_SESSION_FIRST "SET statement_timeout = '10s'; "

#define DB_SESSION_SETUP                                           \
	DB_SESSION_SANE                                            \
	"SET jit = off; SET plan_cache_mode = force_generic_plan;" \
	"SET idle_in_transaction_session_timeout = '60s';"         \
	"SET max_parallel_workers_per_gather = 0;"

/* Responders and commands keep state in their sessions: settings, prepared statements. */
#define DB_POOLER_HINT                                                                          \
	": what a session had is gone with the transaction, as behind a pooler in transaction " \
	"mode (PgBouncer: pool_mode); use its session mode, or connect to the server itself"

/* For commands, right after the connection was made: DB_SESSION_COMMAND, and what cannot be set is
 * checked where the session writes. 0 or -EIO. Blocks. */
must_check int db_session_prepare(PGconn *connection, bool writes, struct fault *fault);
