/* How a cache of each kind is told what to forget: the requests, and which answers confirm. Pure. */
#pragma once

#include "conf/conf.h"
#include "fetcher/purge_queue.h"

/* One request; it lives as long as its buffers. */
struct cachekind_request {
	struct buffer url, fields, body; /* NULs at their ends; fields: one after the other */
	const char *method;
};
void cachekind_request_deinit(struct cachekind_request *request);

/* How many items one request may name. */
unsigned cachekind_most(const struct conf_cache *cache);
/* How many requests one item, or as many as one request may name, takes. */
unsigned cachekind_steps(const struct conf_cache *cache, const struct purge_item *items);
/* The request `step` of them. 0 or -ENOMEM. */
must_check int cachekind_request(const struct conf_cache *cache, const struct purge_item *items,
				 unsigned count, unsigned step, struct cachekind_request *ret);
/* Has the cache done it, by this answer? `kept`: it bears an ETag, as what caches may keep does. Where a URL is asked
 * for anew (method GET), anything else, tryLater among it, takes the place of nothing. */
bool cachekind_confirmed(const struct conf_cache *cache, const struct purge_item *items,
			 unsigned status, bool kept);
