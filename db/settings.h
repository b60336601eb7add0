/* How a source reaches its database, for both of its connections. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct db_settings {
	const char *conninfo;
	int64_t poll_interval_us, connect_timeout_us, query_timeout_us;
	bool facts; /* lookups read struct cert_facts too, at the price of two more joins */
};
