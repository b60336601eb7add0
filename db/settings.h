/* How a source reaches its database, for both of its connections. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct resolver;

struct db_settings {
	struct resolver *resolver; /* borrowed; NULL: conninfo has no names (db_names()) */
	const char *conninfo;
	int64_t poll_interval_us, connect_timeout_us, query_timeout_us;
	uint64_t order; /* of hosts, where that is random: both connections must have the same */
	bool facts; /* lookups read struct cert_facts too, at the price of two more joins */
};
