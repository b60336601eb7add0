/* Which of an issuer's responders signs, and until when there is one (P-17, P-37). Pure: time comes
 * in as an argument. All times are seconds since 1970. */
#pragma once

#include "signer/credential_parts.h"

/* Of those in date, and ready, that sign with this algorithm (an OBJECT IDENTIFIER with its header; empty: with
 * any), the first whose certificate lasts until then; if none does, the one that lasts longest. When
 * nobody signs with that algorithm, as if none had been asked for. NULL: nobody can sign. */
struct responder *choice_of(struct credential *credential, struct view algorithm, int64_t until,
			    int64_t now);

/* What choice_of() gives to an answer that lasts the issuer's whole validity and asks for no
 * algorithm. */
struct responder *choice_default(struct credential *credential, int64_t now);

/* The algorithms of those in date, each once, that of the default first. Returns their number; 0:
 * nobody can sign. */
unsigned choice_offers(struct credential *credential, int64_t now,
		       struct view ret[static LIMIT_ISSUER_SIGNERS]);

/* The responder after whose end nobody can sign, seen from `now` on, by dates alone; NULL: nobody is in date. */
const struct responder *choice_last(const struct credential *credential, int64_t now);
