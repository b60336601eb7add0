/* The rows of `import answers`, in the database: compared with what is recorded there. An answer that is less
 * strict than that is not taken; one that is stricter is, and is named. */
#include "cli/import_answers.h"

#define FROM_RECORDED                                                                       \
	" FROM stillgood_import i JOIN stillgood.issuer s ON s.id = i.issuer "              \
	"LEFT JOIN stillgood.certificate c ON c.issuer = i.issuer AND c.serial = i.serial " \
	"AND c.status <> 3 "
#define SERIAL_OF "encode(i.serial, 'hex'), s.name"

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
		      ANSWERS_DROP_UNRECORDED_SQL, fault);
}

static int refuse_less_strict(struct answers_import *import, struct fault *fault)
{
	return refuse(import,
		      "SELECT count(*) OVER (), format('%s: serial %s of issuer \"%s\": the "
		      "database is stricter than this answer: not imported', i.origin, " SERIAL_OF
		      ")" FROM_RECORDED "WHERE " ANSWERS_LESS_STRICT_SQL
		      " ORDER BY i.place" IMPORT_SHOWN_SQL,
		      ANSWERS_DROP_LESS_STRICT_SQL, fault);
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

static int insert_rows(struct answers_import *import, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(&import->database, ANSWERS_INSERT_SQL, 0, NULL, &rows, fault);
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
