/* How every session of the responder is set up.
 *
 * default_transaction_read_only: what evidence.h reads must mean "standby" and nothing else.
 * jit: with plan types switched off, costs are fantastic and would make PostgreSQL compile.
 * statement_timeout: our own deadlines come first; this one ends a backend that still waits, for a
 * lock perhaps, after we have closed its connection: without it every attempt would leave one. */
#pragma once

/* Before all else, so that it bounds the setup too. */
#define DB_SESSION_FIRST "SET statement_timeout = '10s'; "

#define DB_SESSION_SETUP                                                               \
	"SET default_transaction_read_only = off; SET default_transaction_isolation =" \
	" 'read committed'; SET search_path = pg_catalog, pg_temp; SET jit = off;"     \
	"SET plan_cache_mode = force_generic_plan;"                                    \
	"SET lock_timeout = 0; SET idle_in_transaction_session_timeout = '60s';"       \
	"SET max_parallel_workers_per_gather = 0;"
