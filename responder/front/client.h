/* Who is at the other end of a connection (P-51): its peer, or whoever a listed proxy says. Counted
 * against connections_per_address (P-47), named in logs. */
#pragma once

#include "front/front.h"

/* Lives in its connection; zero-initialised it is nobody. */
struct client {
	uint32_t door; /* the number of that by which it came in */
	struct ip_address name;
	struct ip_address proxy; /* IP_NONE: its word for its clients is not taken */
	struct address *counted;
};

/* May the client whose request is looked at now cause one more signature? A proxy that speaks for itself
 * always. */
must_check bool client_may_ask(struct front *front, const struct moment *now);
/* A new connection; a listed proxy's own is not counted, its clients' are. 0, ADDRESSES_FULL or
 * -ENOMEM. */
must_check int client_arrive(struct front *front, struct client *client,
			     const struct ip_address *peer);
/* Its connection begins with a PROXY header. */
bool client_has_header(const struct front *front, const struct client *client);
/* What that header says; IP_NONE: the proxy speaks for itself. As client_arrive(). */
must_check int client_introduce(struct front *front, struct client *client,
				const struct ip_address *name);
/* A request of a proxy whose word is taken: from now on the connection is counted for the last
 * address of X-Forwarded-For that is no proxy of ours. As client_arrive(); where it fails, for
 * nobody. */
must_check int client_forward(struct front *front, struct client *client,
			      struct view forwarded_for);
void client_leave(struct front *front, struct client *client);
