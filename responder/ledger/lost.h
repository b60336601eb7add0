/* What is remembered as revoked and the database says less of (I-10): it stays until an operator accepts
 * that. Such rows are known once a load is settled; until then what was lost before it counts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ledger;

/* A load is settled, and none has begun since. */
bool lost_is_known(const struct ledger *l);
/* on_lost_history = stop, and something is lost or may turn out to be. */
bool lost_stops_good(const struct ledger *l);
