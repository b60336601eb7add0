/* May this instance receive traffic? It may while its evidence is within `freshness` and it can answer about
 * one CA at least; whatever else is wrong is no reason to send everybody away, and is told: as a condition
 * (base/alarms.h), as "degraded" on /readyz, and for one CA on /readyz/NAME. */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"

struct ledger;

must_check int readiness_init(struct ledger *l);
void readiness_deinit(struct ledger *l);
/* The ledger's configuration is another one: what was said of sections is forgotten. */
void readiness_configure(struct ledger *l);
/* Tells the fronts where it changed. */
void readiness_update(struct ledger *l, struct moment now);
void readiness_send(struct ledger *l, unsigned front);
/* When conditions are to be looked at again; INT64_MAX: when something happens. */
int64_t readiness_next(const struct ledger *l);
/* As it was said last: may this instance receive traffic? */
bool readiness_good(const struct ledger *l);
/* Appends, with names and what libpq says: why not; and what is wrong all the same. */
void readiness_reason(const struct ledger *l, struct buffer *out);
void readiness_degraded(const struct ledger *l, struct buffer *out);
/* Was the evidence fresh when it was last looked at, so that its end must be noticed? */
bool readiness_fresh(const struct ledger *l);
int64_t readiness_stale(const struct ledger *l); /* when it does, monotonic */
