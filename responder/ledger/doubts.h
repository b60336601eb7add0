/* Certificates of which the feed has said only that what was known of them counts no more: a row that cannot
 * be understood, or one that contradicts another. Lookups tell what holds, but only those of a snapshot that
 * is not older than the doubt; a server that is behind the feed's would show the row as it was before. */
#pragma once

#include "ledger/state.h"

/* Of this tag. It is as new as the evidence that doubts_date() gives next. */
void doubts_note(struct ledger *l, uint64_t tag);
/* The feed has told all that this evidence vouches for. */
void doubts_date(struct ledger *l, const struct db_evidence *evidence);
/* Positions of a former history mean nothing. */
void doubts_forget_all(struct ledger *l);
/* May the certificate of this tag be different from what this lookup found, for all that we know? */
must_check bool doubts_bar(const struct ledger *l, uint64_t tag,
			   const struct db_evidence *evidence);
