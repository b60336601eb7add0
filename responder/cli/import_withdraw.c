/* `import … --withdraw`: takes back a mistaken import. What was ever revoked or held, and what is known
 * by a hash that the import does not have, was no mistake of this import: it stays and is named. */
#include "cli/import_report.h"
#include "tool/output.h"

#include <inttypes.h>
#include <stdio.h>

#define JOINED                                                                    \
	"stillgood_import i JOIN stillgood.certificate c ON c.issuer = i.issuer " \
	"AND c.serial = i.serial "
/* What happened to a row is in its events; recording leaves none. */
#define HAS_HISTORY                                                                  \
	"(c.version > 1 AND EXISTS (SELECT FROM stillgood.revocation_event e WHERE " \
	"e.issuer = c.issuer AND e.serial = c.serial AND e.new_status IN (1, 2))) "
#define IS_ANOTHER                                                                        \
	"(c.certificate_hash IS NOT NULL AND c.certificate_hash IS DISTINCT FROM i.hash " \
	"AND NOT i.precertificate) "

struct withdrawal {
	uint64_t withdrawn, already, missing;
};

static int report_what_stays(struct import_report *report, struct database *database,
			     struct fault *fault)
{
	return import_note_rows(
		report, database, IMPORT_PROBLEM,
		"SELECT count(*) OVER (), format('%s: serial %s %s: not withdrawn', i.origin, "
		"encode(i.serial, 'hex'), CASE WHEN c.status = 1 THEN 'is revoked' "
		"WHEN c.status = 2 THEN 'is on hold' WHEN " HAS_HISTORY
		"THEN 'was on hold once' WHEN i.hash IS NULL THEN 'was recorded from its "
		"certificate' "
		"ELSE 'stands for another certificate' END) FROM " JOINED
		"WHERE c.status IN (1, 2) OR c.status = 0 AND (" HAS_HISTORY "OR " IS_ANOTHER
		") ORDER BY i.place" IMPORT_SHOWN_SQL,
		0, NULL, NULL, fault);
}

static int count_others(struct database *database, struct withdrawal *ret, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(
		database,
		"SELECT count(*) FILTER (WHERE c.status = 3), count(*) FILTER (WHERE c.status IS "
		"NULL) "
		"FROM (SELECT DISTINCT issuer, serial FROM stillgood_import) AS i "
		"LEFT JOIN stillgood.certificate c ON c.issuer = i.issuer AND c.serial = i.serial",
		0, NULL, &rows, fault);
	if (result)
		return result;
	ret->already = (uint64_t)column_int(rows, 0, 0);
	ret->missing = (uint64_t)column_int(rows, 0, 1);
	return 0;
}

static int withdraw(struct import_report *report, struct database *database, struct withdrawal *ret,
		    struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	progress_say(&report->progress, "withdrawing");
	int result =
		database_run(database,
			     IMPORT_STATISTICS_SQL "; SET LOCAL work_mem = '256MB'; "
						   "SET LOCAL stillgood.note = 'import withdrawn'",
			     fault);
	if (result == 0)
		result = count_others(database, ret, fault);
	if (result == 0)
		result = report_what_stays(report, database, fault);
	if (result == 0)
		result = database_query(database,
					"UPDATE stillgood.certificate u SET status = 3 "
					"FROM (SELECT DISTINCT c.issuer, c.serial FROM " JOINED
					"WHERE c.status = 0 AND NOT " HAS_HISTORY
					"AND NOT " IS_ANOTHER
					") AS d WHERE u.issuer = d.issuer AND u.serial = d.serial "
					"AND u.status = 0",
					0, NULL, &rows, fault);
	if (result == 0)
		ret->withdrawn = result_affected(rows);
	return result;
}

static void print_withdrawal(struct import_report *report, const struct withdrawal *done)
{
	if (!option_given(report->line, OPTION_JSON)) {
		printf("%" PRIu64 " %swithdrawn, %" PRIu64 " withdrawn before, %" PRIu64
		       " not recorded, %" PRIu64 " problem%s\n",
		       done->withdrawn, import_verb(report), done->already, done->missing,
		       report->counts[IMPORT_PROBLEM],
		       output_plural(report->counts[IMPORT_PROBLEM]));
		return;
	}
	struct json_object *document = json_object_new_object();
	output_json_number(document, "withdrawn", (int64_t)done->withdrawn);
	output_json_number(document, "withdrawn_before", (int64_t)done->already);
	output_json_number(document, "not_recorded", (int64_t)done->missing);
	import_report_json(report, document);
}

int import_take_back(struct import_report *report, struct database *database, struct fault *fault)
{
	struct withdrawal done = {0};
	int result = withdraw(report, database, &done, fault);
	if (result == 0)
		result = import_end(report, database, fault);
	if (result)
		return result;
	print_withdrawal(report, &done);
	return import_status(report);
}
