/* One HTTP exchange over a blocking socket with an absolute deadline: what `ask` needs, and no more.
 * No TLS (OCSP answers are signed), no redirects, no proxies; everything read is bounded. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

struct client_url {
	char host[256]; /* without brackets */
	char port[6];
	char path[2048]; /* with query; at least "/" */
	bool host_is_ipv6;
};

/* http:// only. 0 or -EINVAL with a fault that names the URL. */
must_check int client_url_parse(const char *text, struct client_url *ret, struct fault *fault);

struct client_exchange {
	const struct client_url *url;
	struct view get_suffix; /* GET: appended to the path after a slash; else empty */
	struct view post_body; /* POST: the body; else empty */
	int64_t timeout_us;
};

struct client_reply {
	unsigned status; /* 200 … */
	char content_type[64]; /* as sent, cut; "" without one */
	struct buffer body;
	/* Since the beginning: the name is resolved, the connection stands, the request is written,
	 * the first octet is there, the reply is whole. 0: it did not come to that. */
	int64_t resolve_us, connect_us, send_us, first_octet_us, total_us;
};
void client_reply_deinit(struct client_reply *reply);

/* 0 whatever the status is, or -errno with a fault that names host and reason. */
must_check int client_exchange_run(const struct client_exchange *exchange, struct client_reply *ret,
				   struct fault *fault);

/* The strict reader, for itself and for tests. A positive result: more bytes are needed. */
#define CLIENT_REPLY_MORE 1
/* `at_end`: the peer closed. Appends the body. 0, CLIENT_REPLY_MORE, -EBADMSG or -EMSGSIZE. */
must_check int client_reply_read(struct view bytes, bool at_end, struct client_reply *ret);
