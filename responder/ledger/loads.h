/* Lookups, beside loads and polls: whether they read the same history. */
#pragma once

#include "base/record.h"
#include "base/result.h"
#include "db/types.h"

struct ledger;

/* Is what a lookup read of the history that the feed reads? */
must_check bool loads_lookup_believed(struct ledger *l, const struct db_evidence *evidence);
/* A row that a lookup found; its issuer is our number. */
void loads_lookup_row(struct ledger *l, const struct cert_record *record,
		      const struct db_evidence *evidence);
