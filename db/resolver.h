/* Resolves host names without blocking: a small process of its own asks the system (files, DNS, whatever
 * nsswitch.conf says), a child for each question, because one name server that never answers must hold up
 * neither the event loop nor another question (doc/faults.md row 6). Its answers are bounded by the asker's
 * own deadlines; a child gives up after RESOLVER_PATIENCE_SECONDS.
 *
 *	connection ──name──▶ resolver ──fork──▶ getaddrinfo ──addresses──▶ connection
 *
 * Make it before the process holds much and before it is locked up: it starts another one. */
#pragma once

#include "base/result.h"

#include <event2/event.h>
#include <stdint.h>

#define RESOLVER_PATIENCE_SECONDS 30

struct db_resolver;

/* Addresses with commas between them; or NULL and why not. */
typedef void db_resolved(void *context, const char *addresses, const char *reason);

/* 0 or -errno. */
must_check int db_resolver_new(struct event_base *base, struct db_resolver **ret);
void db_resolver_free(struct db_resolver *resolver);
DEFINE_CLEANUP(struct db_resolver, db_resolver_free)

/* `resolved` comes from the event loop, once, or never. `*ret`: for taking the question back. 0, -EAGAIN where
 * too many wait, or -EPIPE. */
must_check int db_resolver_ask(struct db_resolver *resolver, const char *name,
			       db_resolved *resolved, void *context, uint64_t *ret);
/* Nobody waits for it any more. 0: no question. */
void db_resolver_forget(struct db_resolver *resolver, uint64_t question);
