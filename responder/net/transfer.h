/* HTTP exchanges, many at a time, in the event loop of a process: by libcurl, with names resolved by resolver.h,
 * so that nothing blocks and there are no threads.
 *
 *	transfer_start ──name──▶ resolver ──addresses──▶ libcurl ──▶ done
 *
 * Redirects are told, not followed: who asked decides where it may lead. Bodies are never decompressed. No proxy
 * but the one that who asks names, whatever the environment says. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <event2/event.h>

struct resolver;
struct transfer;
struct transfers;

/* Of a field of the answer that is kept; longer ones are as if they were missing. */
#define TRANSFER_FIELD 1024

/* `resolver` is borrowed. `trusted`: PEM certificates for https, copied; empty: there is no https. Make it before
 * the process is locked in. 0, -ENOMEM, or -ENOENT (no libcurl), with a fault. */
must_check int transfers_new(struct event_base *base, struct resolver *resolver,
			     struct view trusted, struct transfers **ret, struct fault *fault);
/* Those under way end untold. */
void transfers_free(struct transfers *transfers);
DEFINE_CLEANUP(struct transfers, transfers_free)

struct transfer_request {
	const char *url; /* absolute */
	const char *proxy; /* "http://HOST:PORT", whose name is resolved instead; NULL: none */
	const char *method; /* NULL: GET */
	const char *const *fields; /* lines "Name: value", NULL at the end; NULL: none */
	struct view body; /* empty: none */
	size_t most; /* octets of the answer's body: one with more of them fails */
	int64_t timeout_us; /* of the whole, names and all */
};

struct transfer_reply {
	const char *reason; /* there is no answer, and why; NULL: there is one */
	unsigned status; /* of HTTP */
	struct view body;
	/* Of its fields, or "". */
	const char *etag, *last_modified, *location;
};

/* Once, from the event loop; what it is given lives as long as the call. */
typedef void transfer_done(void *context, const struct transfer_reply *reply);

/* Everything is copied. 0, -EINVAL (no URL of http, or of https where there is one), -EAGAIN (the resolver has no
 * room) or -ENOMEM; nothing follows then. */
must_check int transfer_start(struct transfers *transfers, const struct transfer_request *request,
			      transfer_done *done, void *context, struct transfer **ret);
/* It is told no more. Not from within its done(). */
void transfer_cancel(struct transfer *transfer);
