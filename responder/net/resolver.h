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

struct resolver;

/* Addresses with commas between them; or NULL and why not. */
typedef void resolver_done(void *context, const char *addresses, const char *reason);

/* 0 or -errno. */
must_check int resolver_new(struct event_base *base, struct resolver **ret);
void resolver_free(struct resolver *resolver);
DEFINE_CLEANUP(struct resolver, resolver_free)

/* `resolved` comes from the event loop, once, or never. `*ret`: for taking the question back. 0, -EAGAIN where
 * too many wait, or -EPIPE. */
must_check int resolver_ask(struct resolver *resolver, const char *name, resolver_done *resolved,
			    void *context, uint64_t *ret);
/* Nobody waits for it any more. 0: no question. */
void resolver_forget(struct resolver *resolver, uint64_t question);
