/* Under what a signed answer is kept for another process (kept.h): a hash over all that it says and rests on, but
 * for times, so that under the same key there is only an answer that would be signed in just these words again. */
#pragma once

#include "ledger/kept_record.h"

struct ledger;
struct question;

/* Of what was decided about it. False: it is none that may be kept, or what it depends on is not known yet. */
must_check bool kept_key(struct ledger *l, const struct question *q, uint8_t ret[static KEPT_KEY]);
