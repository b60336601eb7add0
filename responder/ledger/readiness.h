/* May this instance receive traffic? Everything that is missing is named. The fronts are told when
 * it changes. */
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
/* As it was said last: may this instance receive traffic, and what is missing (appended). */
bool readiness_good(const struct ledger *l);
void readiness_reason(const struct ledger *l, struct buffer *out);
/* Was the evidence fresh when it was last looked at, so that its end must be noticed? */
bool readiness_fresh(const struct ledger *l);
