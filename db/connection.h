/* One connection to PostgreSQL on the event loop. It connects, proves the server's version and the
 * schema, sets the session up, runs one query at a time, and after any fault connects anew with
 * back-off and jitter. It never blocks: its own timers bound connecting and each query, and a
 * connection that misses a deadline is closed, not cancelled. Host names are resolved by resolver.h,
 * because libpq would block on them.
 *
 *	DOWN ──timer──▶ RESOLVING ──▶ CONNECTING ──▶ CHECKING ──▶ SETTING_UP ──▶ READY ⇄ BUSY
 *	  ▲                 │              │             │             │           │       │
 *	  └─────────────────┴──────── error or deadline ─┴─────────────┴───────────┴───────┘
 */
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "db/settings.h"

#include <event2/event.h>
#include <libpq-fe.h>

struct db_connection;

/* Nothing is called from within db_connection_new(), _send(), _execute() and _reset(). The
 * connection may not be freed from within these. */
struct db_connection_ops {
	/* Ready for the first query. */
	void (*up)(void *context);
	/* An attempt failed, or the connection was lost, with it the query in flight. */
	void (*down)(void *context, const char *reason);
	/* A result of the query in flight. */
	void (*result)(void *context, const PGresult *result);
	/* One message of a COPY TO; NULL where nothing is copied. */
	void (*copy)(void *context, struct view message);
	/* The query has succeeded; the next may be sent. */
	void (*done)(void *context);
	/* The query has failed, what its results said is not complete; the next may be sent. */
	void (*failed)(void *context, const char *reason);
};

struct db_connection_settings {
	const struct db_settings *source; /* read during the call */
	const char *purpose; /* for pg_stat_activity: "feed" */
	const char *setup; /* SQL that prepares the session; borrowed */
	bool asleep; /* does not connect before db_connection_wake() */
	/* May be NULL. This one is, where it can be, with the server where the leader is, and goes there when that
	 * moves: in a list of hosts one may be ahead of another, or of another history. Both have the same
	 * conninfo; the leader is freed after those who follow it. */
	struct db_connection *leader;
	/* The query's deadline counts from the last bytes that arrived, for long streams, and not
	 * from its sending. */
	bool streams;
};

/* Parameters of a prepared statement, in binary format. */
struct db_statement {
	const char *name;
	int count;
	struct view parameters[3];
};

must_check int db_connection_new(struct event_base *base,
				 const struct db_connection_settings *settings,
				 const struct db_connection_ops *ops, void *context,
				 struct db_connection **ret);
void db_connection_free(struct db_connection *connection);
DEFINE_CLEANUP(struct db_connection, db_connection_free)

/* No effect on one that is awake. */
void db_connection_wake(struct db_connection *connection);

/* Other timeouts, from the next step on. */
void db_connection_configure(struct db_connection *connection, const struct db_settings *settings);

/* 0; -EBUSY while a query is in flight; -ENOTCONN. What goes wrong later comes by down(). */
must_check int db_connection_send(struct db_connection *connection, const char *sql);
must_check int db_connection_execute(struct db_connection *connection,
				     const struct db_statement *statement);
/* Connects anew, soon: the caller has read something that cannot be. */
void db_connection_reset(struct db_connection *connection, const char *reason);
/* It has done what it is for: the back-off starts anew at the next fault. */
void db_connection_proven(struct db_connection *connection);
