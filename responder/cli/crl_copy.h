/* The entries of a CRL as rows of a temporary table. */
#pragma once

#include "cli/copy.h"
#include "cli/crl_input.h"

/* status: 1 revoked, 2 on hold, 0 released (removeFromCRL). dated: the date is the CRL's own. */
#define CRL_TABLE_SQL                                                           \
	"CREATE TEMPORARY TABLE stillgood_import (place bigint, serial bytea, " \
	"status smallint, reason smallint, revoked_at timestamptz, "            \
	"invalidity_at timestamptz, dated boolean, note text) ON COMMIT DROP"

struct crl_rows {
	uint64_t rows; /* in the table */
	bool has_text; /* a serial whose octets are those of written numbers */
	bool removes; /* some say removeFromCRL */
	bool instructs; /* some have a note */
};

/* Is the entry's date one that can be recorded? */
bool crl_date_stands(const struct crl_entry *entry, int64_t now);
/* Status, reason, revoked_at, invalidity_at. */
void crl_put_state(struct copy *copy, const struct crl_input *input, const struct crl_entry *entry);

/* From a CRL that was judged. `now`: instead of dates that are none. */
must_check int crl_copy(struct database *database, const struct crl_input *input, int64_t now,
			struct import_report *report, struct crl_rows *ret, struct fault *fault);
