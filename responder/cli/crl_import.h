/* CRLs become rows of the database: what `import crl` does, and the importer, which has one that the fetcher
 * brought.
 *
 *   octets → judged (crl_judge.h) → does it follow the last one (crl_sequence.h)
 *   → COPY into a temporary table → what it revokes, holds and releases → its scope's row, and with it how
 *     long absence from it proves something → COMMIT */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

/* One CRL in a descriptor, for an issuer. */
struct crl_delivery {
	const char *conninfo; /* of a login with the role stillgood_ca */
	const char *issuer; /* its registered name: CRLs of another one are refused */
	const char *origin; /* where it came from, for messages */
	int fd; /* read from its beginning; stays open */
};

struct crl_outcome {
	bool changed; /* false: the database had it already, or a newer one */
	bool lapsed; /* its nextUpdate has passed: it proves no absence */
	int64_t this_update,
		next_update; /* of the last that was taken; TIME_NONE: none, or not said */
	uint64_t imported, changes, released, problems;
	struct fault said; /* one line: what was done; and the first problem, if there are any */
};

/* DER or PEM. Blocks: for a process that does nothing else. Findings go to standard error, a line each.
 * 0: done, or nothing to do; or negative with the reason why nothing was recorded. */
must_check int crl_import_delivery(const struct crl_delivery *delivery, struct crl_outcome *ret,
				   struct fault *fault);
