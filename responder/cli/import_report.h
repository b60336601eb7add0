/* What both imports share: findings, said at once and kept for --json, and how they end.
 *
 * Findings may be millions: each kind shows so many and counts all. */
#pragma once

#include "cli/connect.h"
#include "cli/copy.h"
#include "cli/progress.h"
#include "tool/certinput.h"

#include <json-c/json.h>

#define IMPORT_SHOWN_MOST 1000

enum import_finding {
	IMPORT_PROBLEM, /* something was not recorded as it was given: exit status 1 */
	IMPORT_SKIPPED, /* passed over, as was asked for or as it should be */
	IMPORT_LEARNT,
	IMPORT_WARNING,
	IMPORT_FINDINGS
};

struct import_report {
	const struct command_line *line;
	struct progress progress;
	uint64_t counts[IMPORT_FINDINGS];
	struct json_object *texts[IMPORT_FINDINGS];
	struct fault first_problem; /* its text; "": there is none */
};

/* `what` is counted, `total` is that of the progress bar. */
must_check int import_report_init(struct import_report *report, const struct command_line *line,
				  const char *what, uint64_t total, struct fault *fault);
void import_report_deinit(struct import_report *report);

void import_note(struct import_report *report, enum import_finding finding, const char *format, ...)
	printf_like(3, 4);
/* Each file of an operand, as certinput_walk() does. That the walk ends early (a folder too deep, or gone) is a
 * problem and keeps nothing else out; another result is a fault. */
must_check int import_walk(struct import_report *report, const char *operand,
			   certinput_visit *visit, void *context, struct fault *fault);
/* A query whose rows are findings: how many there are in all, and a text. It ends in
 * IMPORT_SHOWN_SQL. */
#define IMPORT_SHOWN_SQL " LIMIT 1000"
must_check int import_note_rows(struct import_report *report, struct database *database,
				enum import_finding finding, const char *sql, int count,
				const char *const *values, uint64_t *ret_count,
				struct fault *fault);

/* COMMIT; ROLLBACK after a dry run. With --strict a problem is a fault, and nothing is written. */
must_check int import_end(struct import_report *report, struct database *database,
			  struct fault *fault);

/* ", 3 problems", or nothing; and the end of the line. */
void import_print_problems(const struct import_report *report);
/* "would be " in a sentence of a dry run. */
const char *import_verb(const struct import_report *report);
/* Adds the findings, prints and frees the document. */
void import_report_json(struct import_report *report, struct json_object *document);
/* STATUS_DONE, or STATUS_REFUSED where there were problems. */
int import_status(const struct import_report *report);

/* How many rows there are, and how different serials are, is all that the plans need to know. */
#define IMPORT_STATISTICS_SQL \
	"SET LOCAL default_statistics_target = 10; ANALYZE stillgood_import (serial)"

/* ---- the table that certificates, and lines to be withdrawn, are copied into ---- */

#define IMPORT_TABLE_SQL                                                            \
	"CREATE TEMPORARY TABLE stillgood_import (place bigint, issuer integer, "   \
	"serial bytea, not_after timestamptz, hash bytea, precertificate boolean, " \
	"origin text) ON COMMIT DROP"

struct import_row {
	int64_t place; /* their order */
	int32_t issuer;
	struct serial serial;
	int64_t not_after;
	struct view hash; /* empty: not known */
	bool precertificate;
	const char *origin;
};
must_check int import_put_row(struct copy *copy, const struct import_row *row, struct fault *fault);

/* Takes back what stands in that table, as far as it is still good and was never revoked or held, ends
 * the transaction and prints what was done. A row with another hash is another certificate, and where
 * none is known, one that was recorded from the certificate itself: what stays is reported. A command's
 * exit status, or negative. */
must_check int import_take_back(struct import_report *report, struct database *database,
				struct fault *fault);
