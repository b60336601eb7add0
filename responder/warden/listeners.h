/* The sockets that are listened on, of the fronts and of the admin room: for each address one a process,
 * joined by SO_REUSEPORT, so that the kernel spreads connections. The warden keeps them open: while a
 * room is restarted its connections wait in the backlog.
 *
 * The end: a connection that is in the queue of a socket when that is closed is reset, and so is one whose
 * handshake the kernel has not finished. So first the sockets let nobody begin a handshake any more
 * (whoever tries is not answered, tries again after a second, and finds the next instance or none), the
 * warden closes its descriptors, and each room, the only one who holds its sockets now, empties
 * their queues and closes them when no handshake can be under way any more. A socket that the service
 * manager handed over (inherited.h) is one for all processes, and goes on without us. */
#pragma once

#include "base/result.h"
#include "conf/conf.h"

struct listeners {
	unsigned processes, addresses;
	int *descriptors; /* process 0's addresses, process 1's … ; -1: not open */
};

/* The fault names the address and the reason. 0 or -errno; nothing stays open on failure. */
must_check int listeners_open(const struct conf_listen *addresses, unsigned processes,
			      struct listeners *ret, struct fault *fault);
/* The same, where `now` has some of them already: those are the same sockets, by other descriptors. */
must_check int listeners_reopen(const struct conf_listen *addresses, unsigned processes,
				const struct listeners *now,
				const struct conf_listen *now_addresses, struct listeners *ret,
				struct fault *fault);
/* Is each address free? Opens nothing for longer than it takes to see. 0 or -errno with a fault. */
must_check int listeners_try(const struct conf_listen *addresses, struct fault *fault);
/* The descriptors of one process, listeners.addresses of them. */
const int *listeners_of(const struct listeners *listeners, unsigned process);
/* Nobody may begin to connect any more; closes our descriptors. */
void listeners_retire(struct listeners *listeners);
/* The same of those that are not kept; all descriptors close, the kept ones are open elsewhere. */
void listeners_replace(struct listeners *listeners, const struct conf_listen *addresses,
		       const struct conf_listen *kept);
void listeners_close(struct listeners *listeners);
