/* Do the three fit that stand for one CA: the section, the issuer that the database has under its name,
 * and the key in the section's file, which signers tell? Where they do not, nothing can be said of that
 * CA until somebody sees to it: `tryLater`, for it alone, and a condition (base/alarms.h). */
#pragma once

#include "ipc/messages.h"
#include "ledger/issuers.h"

struct ledger;

struct sections;

must_check int sections_init(struct ledger *l);
void sections_deinit(struct ledger *l);
/* NULL: no memory. */
struct sections *sections_new(const struct conf *conf);
void sections_free(struct sections *sections);
/* These count from here on, for `conf`; the ledger's is still the one before. */
void sections_replace(struct ledger *l, struct sections *next, const struct conf *conf);
/* Looks again where something has changed; marks the questions that it concerns. */
void sections_update(struct ledger *l);
#define SECTION_HASH 32u
/* Of all that the ledger is given of this section: another one wherever it says something else. Empty: it could not
 * be made. */
struct view sections_hash(const struct ledger *l, unsigned section);
/* May anything be said of this issuer, which has a section? */
bool sections_fit(const struct ledger *l, const struct issuer *issuer);
/* May it be of a CA whose section does not fit, so that it is only not known yet? */
bool sections_expect(const struct ledger *l, const struct ocsp_certid *certid);
/* What /readyz/NAME tells of it, while the instance itself is ready. */
enum issuer_readiness sections_readiness(const struct ledger *l, unsigned section);
/* Another number whenever that may have changed. */
uint64_t sections_news(const struct ledger *l);
