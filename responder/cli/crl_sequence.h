/* Does a CRL follow what is known of its scope: numbers never go back, and a delta changes what is its base or
 * newer than that (RFC 5280, 5.2.3, 5.2.4). Pure. */
#pragma once

#include "base/result.h"
#include "ocsp/crl.h"

/* stillgood.crl_scope. */
struct crl_known {
	bool there; /* a CRL of this scope came before */
	struct view number, full_number; /* content octets; empty: it had none */
	struct view sha256; /* empty: somebody else has read it */
	int64_t this_update;
};

enum crl_place {
	CRL_FOLLOWS,
	CRL_KNOWN, /* this very one, or the delta beside a full one that is known: there is nothing to do */
	CRL_MISPLACED, /* with the reason */
};

enum crl_place crl_place_of(const struct crl *crl, struct view sha256,
			    const struct crl_known *known, struct fault *why);
/* In decimal, as people compare them; cut after 48 digits. */
#define CRL_NUMBER_TEXT 52
void crl_number_text(struct view number, char out[CRL_NUMBER_TEXT]);
/* < 0, 0, > 0. Of content octets of minimal INTEGERs that are not negative. */
int crl_number_compare(struct view a, struct view b);
