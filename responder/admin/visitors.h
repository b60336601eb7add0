/* Who comes to the admin listener: one request a connection, then it closes.
 *
 *   READING ──whole request──▶ ASKING (the warden) ──▶ WRITING ──▶ LINGERING ──▶ closed
 *
 * libevent's own HTTP server would do all of this but what matters here: it has no cap on connections and
 * no deadline that a trickle of octets does not move, and it reads requests more leniently than the
 * parser that the public listener has (http/). A connection ends after LIMIT_ADMIN_SECONDS whatever it
 * does, and one above LIMIT_ADMIN_CONNECTIONS takes the place of the oldest. */
#pragma once

#include "admin/hour.h"
#include "admin/window.h"
#include "base/clock.h"
#include "base/result.h"
#include "conf/conf.h"

struct visitors;

struct visitors_counts {
	uint64_t accepted, requests, refused;
	unsigned open;
};

/* `*conf` is looked at for each request; it, `window` and `hour` must outlive them. 0 or -ENOMEM. */
must_check int visitors_new(struct event_base *base, const struct conf *const *conf,
			    struct window *window, const struct hour *hour, struct visitors **ret);
void visitors_free(struct visitors *visitors);
DEFINE_CLEANUP(struct visitors, visitors_free)
/* Listens on these instead of those before. Takes them over, on failure too. 0 or -ENOMEM. */
must_check int visitors_listen(struct visitors *visitors, const int *descriptors, unsigned count);
/* No more connections; those that are open are served. */
void visitors_close_doors(struct visitors *visitors);
/* Tries doors again that had to pause for want of descriptors or memory. */
void visitors_resume(struct visitors *visitors);
struct visitors_counts visitors_counts(const struct visitors *visitors);
/* A connection that is open already, as if it had been accepted. Takes it over. */
void visitors_admit(struct visitors *visitors, int fd);
