/* The servers that a connection string names, to be tried one after the other.
 *
 * libpq itself walks a list of hosts, but only connect_timeout makes it give up one that swallows
 * packets, and its asynchronous interface ignores that. So we give it one host at a time, under our
 * own deadline: the second host is reached also if the first never answers (doc/faults.md row 6). */
#pragma once

#include "base/result.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DB_TARGET_PARAMETERS 64 /* more than libpq has */

struct db_targets;

/* For PQconnectStartParams(); NULL-terminated. Valid until the next call and db_targets_free(). */
struct db_target {
	const char *keywords[DB_TARGET_PARAMETERS], *values[DB_TARGET_PARAMETERS];
};

/* What the text does not say comes from a service file and the environment, as libpq has it. `purpose`: what
 * the server's pg_stat_activity shows behind "stillgood" or the application_name that the text gives; a
 * literal. 0, -EINVAL (the fault never repeats the text: it may hold a password) or -ENOMEM. */
must_check int db_targets_new(const char *conninfo, const char *purpose, struct db_targets **ret,
			      struct fault *fault);
void db_targets_free(struct db_targets *targets);
DEFINE_CLEANUP(struct db_targets, db_targets_free)

/* Where load_balance_hosts is random: the hosts' order becomes one that the seed chooses, the same one for each list of as
 * many. Before the first index is used. */
void db_targets_shuffle(struct db_targets *targets, uint64_t seed);
/* Attempts of a round: one for each host, or two where a standby is preferred and any other taken too. */
size_t db_targets_count(const struct db_targets *targets);
/* The host of this index, where it is a name that somebody must resolve, for libpq would block; or NULL.
 * Valid until db_targets_free(). */
const char *db_targets_name(const struct db_targets *targets, size_t index);
/* Is there any? */
bool db_targets_named(const struct db_targets *targets);
/* The index counts on for ever; hosts take turns. `addresses`: what the name resolved to, with commas between
 * them, or NULL; the name stays for TLS and password files. 0 or -ENOMEM. */
must_check int db_targets_get(struct db_targets *targets, size_t index, const char *addresses,
			      struct db_target *ret);
/* "stillgood feed": a name of the operator's, or ours, and the purpose. Freed by the caller; NULL: no
 * memory. `given`: the application_name of a connection string, or NULL. */
char *db_application_name(const char *given, const char *purpose);
