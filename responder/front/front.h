/* What all connections of one front share. */
#pragma once

#include "conf/conf.h"
#include "front/access.h"
#include "front/addresses.h"
#include "front/answers.h"
#include "front/budget.h"
#include "front/turn.h"
#include "front/wheel.h"

#include <event2/event.h>

/* One read takes a whole request of any legal size with its head; so does what a connection may keep
 * of a request that is not complete. */
#define FRONT_INPUT_SIZE (LIMIT_HTTP_HEAD + LIMIT_REQUEST_BODY + 6384u)

struct connection;

struct front_counts {
	uint64_t accepted, refused_connections, requests, refusals, not_modified, malformed;
	uint64_t hashes[OCSP_HASHES + 1]; /* of first CertIDs, by enum ocsp_hash */
};

/* A head written once and used again in the same second. */
struct front_head {
	int64_t second;
	size_t body_size;
	size_t size; /* 0: none */
	uint8_t octets[HTTP_REPLY_HEAD_SIZE];
};

struct front {
	struct event_base *base;
	const struct conf *whole_conf;
	const struct conf_server *conf; /* of it */
	struct answers *answers;
	struct addresses *addresses;
	struct budget *budget;
	struct access *access;
	const struct ip_address *client; /* whose request is looked at now */
	struct wheel wheel;
	LIST_HEAD(, connection) connections;
	unsigned connection_count;
	bool stopping; /* connections that bring no request soon are ended */
	bool draining; /* not ready, and every reply is its connection's last */
	uint64_t last_request; /* its number (ipc/messages.h) */
	struct front_counts counts;
	struct front_head uncacheable;
	int64_t complain_after_us; /* monotonic */
	/* Used by one connection at a time, empty between two. */
	struct turn turn;
	uint8_t input[FRONT_INPUT_SIZE];
	uint8_t der[LIMIT_GET_PATH]; /* of a GET's path */
};

/* `conf` must outlive the front, or the next front_configure(). 0, -ENOMEM, -EIO. */
must_check int front_new(struct event_base *base, const struct conf *conf,
			 const struct answers_ops *ops, void *context, struct front **ret);
/* Another configuration, for connections and stored answers that there are too. */
void front_configure(struct front *front, const struct conf *conf);
/* Its connections are closed already (connections_close()). */
void front_free(struct front *front);
DEFINE_CLEANUP(struct front, front_free)

/* Logs why somebody is turned away; at most one line a second, so that no flood fills the log. */
void front_log_refusal(struct front *front, const struct ip_address *who, const char *why,
		       const struct moment *now);
