/* The rows of `import answers`, in the database: compared with what is recorded there. An answer that is less
 * strict than that is not taken; one that is stricter is, and is named. */
#include "cli/import_answers.h"

#define FROM_RECORDED                                                                       \
	" FROM stillgood_import i JOIN stillgood.issuer s ON s.id = i.issuer "              \
	"LEFT JOIN stillgood.certificate c ON c.issuer = i.issuer AND c.serial = i.serial " \
	"AND c.status <> 3 "
#define SERIAL_OF "encode(i.serial, 'hex'), s.name"

/* Good of what is revoked or on hold, or a hold of what is revoked. */
#define LESS_STRICT                                                      \
	"(i.status = 0 AND (c.status <> 0 OR s.revoked_at IS NOT NULL) " \
	"OR i.held AND (c.status = 1 OR s.revoked_at IS NOT NULL))"

/* Names what the condition finds, and takes it out. */
static int refuse(struct answers_import *import, const char *query, const char *statement,
		  struct fault *fault)
{
	uint64_t refused = 0;
	int result = import_note_rows(&import->report, &import->database, IMPORT_PROBLEM, query, 0,
				      NULL, &refused, fault);
	import->refused += refused;
	return result == 0 && refused > 0 ? database_run(&import->database, statement, fault)
					  : result;
}

static int refuse_unrecorded(struct answers_import *import, struct fault *fault)
{
	return refuse(import,
		      "SELECT count(*) OVER (), format('%s: serial %s of issuer \"%s\" is not "
		      "recorded: not imported', i.origin, " SERIAL_OF ")" FROM_RECORDED
		      "WHERE c.serial IS NULL ORDER BY i.place" IMPORT_SHOWN_SQL,
		      "DELETE FROM stillgood_import i WHERE NOT EXISTS (SELECT FROM "
		      "stillgood.certificate c WHERE c.issuer = i.issuer AND c.serial = i.serial "
		      "AND c.status <> 3)",
		      fault);
}

static int refuse_less_strict(struct answers_import *import, struct fault *fault)
{
	return refuse(import,
		      "SELECT count(*) OVER (), format('%s: serial %s of issuer \"%s\": the "
		      "database is stricter than this answer: not imported', i.origin, " SERIAL_OF
		      ")" FROM_RECORDED "WHERE " LESS_STRICT " ORDER BY i.place" IMPORT_SHOWN_SQL,
		      "DELETE FROM stillgood_import d USING stillgood_import i JOIN "
		      "stillgood.issuer s ON s.id = i.issuer JOIN stillgood.certificate c ON "
		      "c.issuer = i.issuer AND c.serial = i.serial "
		      "WHERE d.place = i.place AND " LESS_STRICT,
		      fault);
}

static int name_stricter(struct answers_import *import, struct fault *fault)
{
	return import_note_rows(
		&import->report, &import->database, IMPORT_WARNING,
		"SELECT count(*) OVER (), format('%s: serial %s of issuer \"%s\": this answer says "
		"revoked, the database good', i.origin, " SERIAL_OF ")" FROM_RECORDED
		"WHERE i.status = 1 AND c.status = 0 AND s.revoked_at IS NULL "
		"ORDER BY i.place" IMPORT_SHOWN_SQL,
		0, NULL, NULL, fault);
}

/* Of several the newest; never an older one than what is there. Issuers are locked by the trigger, in the order of
 * their numbers. */
static int insert_rows(struct answers_import *import, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(
		&import->database,
		"INSERT INTO stillgood.presigned AS p (this_update, next_update, issuer, status, "
		"with_certificate, serial, certid, answer) "
		"SELECT DISTINCT ON (i.issuer, i.serial, i.certid) i.this_update, i.next_update, "
		"i.issuer, i.status, coalesce(i.next_update >= c.not_after - interval '1 second', "
		"false), i.serial, i.certid, i.answer FROM stillgood_import i "
		"JOIN stillgood.certificate c ON c.issuer = i.issuer AND c.serial = i.serial "
		"ORDER BY i.issuer, i.serial, i.certid, i.this_update DESC, i.next_update DESC, "
		"i.place ON CONFLICT ON CONSTRAINT presigned_pkey DO UPDATE SET this_update = "
		"EXCLUDED.this_update, next_update = EXCLUDED.next_update, imported_at = "
		"clock_timestamp(), status = EXCLUDED.status, with_certificate = "
		"EXCLUDED.with_certificate, answer = EXCLUDED.answer "
		"WHERE p.answer <> EXCLUDED.answer AND p.this_update <= EXCLUDED.this_update",
		0, NULL, &rows, fault);
	if (result == 0)
		import->imported = result_affected(rows);
	return result;
}

int answers_merge(struct answers_import *import, struct fault *fault)
{
	progress_say(&import->report.progress, "writing to the database");
	int result = database_run(&import->database, IMPORT_STATISTICS_SQL, fault);
	if (result == 0)
		result = refuse_unrecorded(import, fault);
	if (result == 0)
		result = refuse_less_strict(import, fault);
	if (result == 0)
		result = name_stricter(import, fault);
	return result == 0 ? insert_rows(import, fault) : result;
}
