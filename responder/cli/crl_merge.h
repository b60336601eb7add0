/* The rows of a CRL (crl_copy.h) in the database: a revocation or hold always goes in, none is taken back but a
 * hold that CRLs of the same scope brought. */
#pragma once

#include "cli/crl_copy.h"

struct crl_merge {
	struct database *database;
	struct import_report *report;
	const struct crl_input *input;
	struct crl_rows rows;
	bool first; /* of its scope: nothing came from there before */
	char issuer[16], crl[16]; /* ids as text */
	const char *scope; /* bytea as text */
	char since[32]; /* thisUpdate as text */
	char note[80]; /* of the events: which CRL it was */
	uint64_t imported, changed, released;
	uint64_t dropped; /* said twice; the stricter counts */
	uint64_t
		unrecorded; /* revocations that the database cannot hold: absence proves nothing then */
};

/* What the events of the next statement say besides: `note` may be NULL. */
must_check int crl_set_note(struct crl_merge *merge, const char *note, struct fault *fault);
must_check int crl_merge(struct crl_merge *merge, struct fault *fault);
