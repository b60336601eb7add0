/* What the database room speaks of, besides base/record.h. */
#pragma once

#include "base/facts.h"
#include "base/record.h"

/* The data is complete up to this moment (DESIGN.md, Time and truth): the start of the query's
 * transaction on a primary, the heartbeat read in the same snapshot on a standby. */
struct db_evidence {
	int64_t time_us; /* the database's wall clock */
	int64_t mono_us; /* our monotonic clock at a moment that is not later than time_us */
};

struct db_key {
	int32_t issuer;
	struct serial serial;
};

struct db_issuer {
	struct issuer_record record;
	struct view certificate; /* DER */
	struct view names; /* further encodings of its subject: DER Names, one after the other */
};

/* One key's result: exactly one for each key asked for. */
struct db_found {
	bool found;
	bool bad; /* there is a row, but it cannot be understood: neither found nor "no such row" */
	struct cert_record record;
	struct cert_facts facts; /* where asked for; valid during the call that gives it */
};
