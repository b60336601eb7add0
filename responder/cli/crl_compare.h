/* Where a published CRL and the database disagree. Nothing is written. */
#pragma once

#include "cli/crl_run.h"

enum crl_difference {
	CRL_MISSING, /* revoked or on hold in the database since before the CRL, not expired, not on the CRL */
	CRL_EXTRA, /* on the CRL, neither revoked nor on hold in the database */
	CRL_OTHER_STATUS, /* revoked here, on hold there */
	CRL_OTHER_REASON, /* none and unspecified are the same */
	CRL_OTHER_DATE,
	CRL_LAPSED, /* of the CRL itself: its nextUpdate has passed */
	CRL_OLDER, /* a newer one was imported */
	CRL_DIFFERENCES
};
/* "missing", "extra", "status", "reason", "date", "lapsed", "older" */
extern const char *const crl_difference_names[CRL_DIFFERENCES];

struct crl_comparison {
	uint64_t counts[CRL_DIFFERENCES];
	/* The first thousand about certificates: kind (its name), serial (hex), then status, reason and date of the
	 * database's and of the CRL's, null where there is none. */
	PGresult *rows;
};

void crl_comparison_deinit(struct crl_comparison *comparison);
/* A full CRL that crl_judge() found right. In a transaction of its own, which is taken back. */
must_check int crl_compare(struct crl_run *run, const struct crl_input *input,
			   struct crl_comparison *ret, struct fault *fault);
uint64_t crl_comparison_sum(const struct crl_comparison *comparison);
