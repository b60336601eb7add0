/* What is known of a question's certificates, and what may be said of them now.
 *
 * The revoked set comes first: what is not good there needs no lookup and loses against no lookup.
 * Everything else needs a lookup whose evidence is fresh and which is not older than the set. */
#pragma once

#include "ledger/question.h"

/* Fills the question's verdicts and times and returns the state that it must go to: QUESTION_LOOKUP (for
 * the entries that want one), QUESTION_STALE or QUESTION_QUEUED; QUESTION_NEW: it is answered with
 * `refusal`. */
enum question_state verdicts_decide(const struct ledger *l, struct question *q, struct moment now,
				    enum ocsp_result *refusal);
/* Do its lookups prove them now (proving.h), whatever the feed does? */
bool verdicts_proven(const struct ledger *l, const struct question *q, struct moment now);
/* What an entry's verdict rests on; for people. */
enum basis {
	BASIS_NOTHING, /* known yet */
	BASIS_ISSUER, /* it decides whatever the certificate's row says */
	BASIS_SET, /* the revoked set */
	BASIS_KNOWN, /* a row that was looked up before (known.h) */
	BASIS_ROW, /* a row that was looked up for this question */
	BASIS_ABSENCE, /* a lookup found no row */
	BASIS_CORRUPTION, /* a lookup found a row that cannot be understood */
};
/* `*ret` is the row where there is one: BASIS_SET, BASIS_KNOWN, BASIS_ROW. */
enum basis verdicts_basis(const struct ledger *l, const struct entry *entry,
			  struct cert_record *ret);
/* Would what was decided be decided again? The fence sees to that: only check() asks. */
bool verdicts_hold(const struct ledger *l, const struct question *q, struct moment now);
