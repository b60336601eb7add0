/* What happens to open questions is only noted here, as marks; a question that was marked since it was
 * decided is decided anew before it is answered (the fence, I-1). */
#pragma once

#include "ledger/issuers.h"

struct ledger;

/* What is known of the certificate of this tag has changed, or is not known any more. */
void questions_mark_tag(struct ledger *l, uint64_t tag);
/* Anything that is said of this issuer may have changed; it may also be a new one. */
void questions_mark_issuer(struct ledger *l, const struct issuer *issuer);
/* Everything: another history of the database. */
void questions_mark_all(struct ledger *l);
