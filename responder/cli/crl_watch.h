/* Does a published CRL say what the database says: `diff --crl` for the importer, of one that the fetcher brought. */
#pragma once

#include "cli/crl_compare.h"
#include "cli/crl_import.h"

struct crl_watched {
	uint64_t counts[CRL_DIFFERENCES];
	struct fault said; /* one line: how many of which kind, and the first serials; "": none */
};

/* 0 or negative with a fault: there is nothing to compare with. Nothing is written. */
must_check int crl_watch_delivery(const struct crl_delivery *delivery, struct crl_watched *ret,
				  struct fault *fault);
