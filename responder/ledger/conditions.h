/* What lasts and needs a person, of the whole instance (base/alarms.h): the database that is away, evidence
 * that stands still or is too old, and their causes. What is one issuer's is raised where it is noticed
 * (sections.c, changes.c). */
#pragma once

#include "base/clock.h"

#include <stdbool.h>

struct ledger;

/* The feed's evidence is too old, and lookups prove (proving.h). */
#define CONDITION_PROVING \
	"very many changes are being read: each good answer is proven by a lookup of its own"

#define HISTORY_UNREAD "another history of the database is being read"

/* The database cannot be read, or not be asked, and it was tried. */
bool conditions_away(const struct ledger *l);
/* Why, with what libpq says. */
const char *conditions_reason(const struct ledger *l);
/* Why the evidence grows old: one of the two, or that very many changes are being read; NULL: nobody knows. */
const char *conditions_cause(const struct ledger *l);
/* Why the evidence of a standby stands still; NULL: it does not. */
const char *conditions_stalled(const struct ledger *l);
/* Raises what is so and clears what is not. */
void conditions_update(struct ledger *l, struct moment now);
