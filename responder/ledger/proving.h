/* While a poll of very many changes is read, which comes in parts (db/ops.h), the feed's evidence stands still. When
 * that comes near its bound, lookups prove what they find by themselves: those that bring, in one snapshot, a
 * certificate's row and the version of its issuer's. Where that version is the one that is known here, all that a
 * verdict rests on is of that snapshot, whatever the poll has not brought yet (I-1); and it is no older than the
 * lookup (I-3). Nothing that is said so is stored anywhere.
 *
 * Where nobody asks for anything the ledger does, so that it knows whether it could answer. */
#pragma once

#include "base/clock.h"
#include "db/types.h"

struct ledger;

/* Is it so now? Then lookups are asked to prove. */
must_check bool proving(const struct ledger *l, struct moment now);
/* Such a lookup was sent; is one due that nobody asks for; when will it be? INT64_MAX: not before a poll is read. */
void proving_sent(struct ledger *l, struct moment now);
bool proving_due(const struct ledger *l, struct moment now);
int64_t proving_next(const struct ledger *l);
/* Such a lookup read this. */
void proving_take(struct ledger *l, const struct db_evidence *evidence);
/* Does what it read prove anything: is it later than the feed's, and of the history that is read? */
must_check bool proving_counts(const struct ledger *l, const struct db_evidence *evidence,
			       struct moment now);
/* Until when what is asked can be proven, as far as the latest of them tells, monotonic; 0: it cannot. */
int64_t proving_until(const struct ledger *l, struct moment now);
