/* The rows of `import index`, in the database: a revocation or hold always goes in, and none is taken
 * back. */
#include "cli/import_index.h"

/* In the order of the index, which makes a load of random serials twice as fast; what is there
 * already is left out by one join. */
#define INSERT_ROWS                                                                         \
	"INSERT INTO stillgood.certificate (issuer, serial, status, reason, revoked_at, "   \
	"invalidity_at, not_after) "                                                        \
	"SELECT $1::integer, serial, status, reason, revoked_at, invalidity_at, not_after " \
	"FROM stillgood_import i WHERE note IS NULL AND NOT EXISTS (SELECT FROM "           \
	"stillgood.certificate c WHERE c.issuer = $1::integer AND c.serial = i.serial) "    \
	"ORDER BY serial"

static int insert_with(struct index_import *import, const char *sql, struct fault *fault)
{
	const char *const values[] = {import->issuer_id};
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(&import->database, sql, 1, values, &rows, fault);
	if (result == 0)
		import->imported += result_affected(rows);
	return result;
}

/* Of several lines about one certificate the strictest counts, then the first. */
static int drop_duplicates(struct index_import *import, struct fault *fault)
{
	const char *const values[] = {import->path};
	uint64_t dropped = 0;
	int result = import_note_rows(
		&import->report, &import->database, IMPORT_PROBLEM,
		"SELECT count(*) OVER (), format('%s:%s: serial %s stands in line %s already; the "
		"stricter line counts', $1::text, line, encode(serial, 'hex'), first) FROM (SELECT "
		"line, serial, min(line) OVER (PARTITION BY serial) AS first FROM stillgood_import "
		"WHERE serial IN (SELECT serial FROM stillgood_import GROUP BY serial "
		"HAVING count(*) > 1)) AS d WHERE line <> first ORDER BY line" IMPORT_SHOWN_SQL,
		1, values, &dropped, fault);
	import->refused += dropped;
	if (result || dropped == 0)
		return result;
	return database_run(
		&import->database,
		"DELETE FROM stillgood_import i USING (SELECT ctid AS place, row_number() "
		"OVER (PARTITION BY serial ORDER BY status = 1 DESC, status = 2 DESC, line) "
		"AS nth FROM stillgood_import) AS d WHERE d.place = i.ctid AND d.nth > 1",
		fault);
}

/* ON CONFLICT costs half as much again for every row, so it comes only where a row was in the way: a
 * serial that the file has twice, or one that somebody else recorded at this moment. */
static int insert_rows(struct index_import *import, struct fault *fault)
{
	int result = database_run(
		&import->database,
		IMPORT_STATISTICS_SQL "; SET LOCAL work_mem = '256MB'; SAVEPOINT rows", fault);
	if (result == 0)
		result = insert_with(import, INSERT_ROWS, fault);
	if (result != -EEXIST)
		return result;
	result = database_run(&import->database, "ROLLBACK TO SAVEPOINT rows", fault);
	if (result == 0)
		result = drop_duplicates(import, fault);
	if (result == 0)
		result = insert_with(import, INSERT_ROWS " ON CONFLICT (issuer, serial) DO NOTHING",
				     fault);
	return result;
}

/* Hold instructions stand in the note of the event, which a setting gives for a whole statement: one
 * statement for each of them; there are three in the world. */
static int insert_rows_with_note(struct index_import *import, const char *note, struct fault *fault)
{
	const char *const values[] = {import->issuer_id, note};
	cleanup(result_clearp) PGresult *rows = NULL;
	int result =
		database_query(&import->database, "SELECT set_config('stillgood.note', $1, true)",
			       1, &values[1], NULL, fault);
	if (result == 0)
		result = database_query(
			&import->database,
			"INSERT INTO stillgood.certificate (issuer, serial, status, reason, "
			"revoked_at, invalidity_at, not_after) "
			"SELECT $1::integer, serial, status, reason, revoked_at, invalidity_at, "
			"not_after FROM stillgood_import WHERE note = $2 "
			"ON CONFLICT (issuer, serial) DO NOTHING",
			2, values, &rows, fault);
	if (result == 0)
		import->imported += result_affected(rows);
	return result;
}

static int insert_instructions(struct index_import *import, struct fault *fault)
{
	cleanup(result_clearp) PGresult *notes = NULL;
	if (import->instructions == 0)
		return 0;
	int result =
		database_query(&import->database,
			       "SELECT DISTINCT note FROM stillgood_import WHERE note IS NOT NULL",
			       0, NULL, &notes, fault);
	for (int i = 0; result == 0 && i < PQntuples(notes); i++)
		result = insert_rows_with_note(import, PQgetvalue(notes, i, 0), fault);
	if (result == 0)
		result = database_run(&import->database,
				      "SELECT set_config('stillgood.note', '', true)", fault);
	return result;
}

/* Octets that look like text are a number only where a hash says so (P-6); an index has none. */
static int refuse_text(struct index_import *import, struct fault *fault)
{
	const char *const values[] = {import->issuer_id, import->path};
	uint64_t refused = 0;
	if (!import->has_text)
		return 0;
	int result = import_note_rows(
		&import->report, &import->database, IMPORT_PROBLEM,
		"WITH gone AS (DELETE FROM stillgood_import i "
		"WHERE stillgood.serial_is_wrong(i.serial, NULL) AND NOT EXISTS (SELECT FROM "
		"stillgood.certificate c WHERE c.issuer = $1::integer AND c.serial = i.serial "
		"AND c.certificate_hash IS NOT NULL AND c.status <> 3) RETURNING line, serial) "
		"SELECT count(*) OVER (), format('%s:%s: the octets of serial %s are text as well: "
		"import the certificate itself first', $2::text, line, encode(serial, 'hex')) "
		"FROM gone ORDER BY line" IMPORT_SHOWN_SQL,
		2, values, &refused, fault);
	import->refused += refused;
	return result;
}

#define IS_CONTRADICTION "(c.status = 1 AND i.status <> 1 OR c.status = 2 AND i.status = 0) "

/* The file may add revocations; it takes none back. */
static int report_contradictions(struct index_import *import, struct fault *fault)
{
	const char *const values[] = {import->issuer_id, import->path};
	return import_note_rows(
		&import->report, &import->database, IMPORT_PROBLEM,
		"SELECT count(*) OVER (), format('%s:%s: serial %s is %s in the database, but %s "
		"here; "
		"%s', $2::text, i.line, encode(i.serial, 'hex'), CASE c.status WHEN 2 THEN 'on "
		"hold' "
		"ELSE 'revoked' END, CASE i.status WHEN 2 THEN 'on hold' ELSE 'not revoked' END, "
		"CASE c.status WHEN 2 THEN 'end the hold with `stillgood release`' "
		"ELSE 'a revocation is never taken back' END) "
		"FROM stillgood_import i JOIN stillgood.certificate c "
		"ON c.issuer = $1::integer AND c.serial = i.serial "
		"WHERE " IS_CONTRADICTION "ORDER BY i.line" IMPORT_SHOWN_SQL,
		2, values, NULL, fault);
}

/* Good, held or withdrawn rows that the file revokes, and withdrawn ones that it has. Of a revocation
 * that the database knows already, its date stays; a reason or invalidity date that it lacks is added.
 * A hold that becomes a revocation keeps the earlier date, because the certificate was not good since
 * then. Nothing counts of what was withdrawn. */
static int update_rows(struct index_import *import, struct fault *fault)
{
	const char *const values[] = {import->issuer_id};
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(
		&import->database,
		"UPDATE stillgood.certificate c SET status = i.status, "
		"reason = CASE WHEN c.status = i.status THEN coalesce(c.reason, i.reason) "
		"ELSE i.reason END, "
		"revoked_at = CASE WHEN c.status = i.status THEN c.revoked_at "
		"ELSE least(c.revoked_at, i.revoked_at) END, "
		"invalidity_at = coalesce(c.invalidity_at, i.invalidity_at), "
		"not_after = CASE c.status WHEN 3 THEN i.not_after "
		"ELSE coalesce(c.not_after, i.not_after) END, "
		"certificate_hash = CASE c.status WHEN 3 THEN NULL ELSE c.certificate_hash END "
		"FROM stillgood_import i WHERE c.issuer = $1::integer AND c.serial = i.serial "
		"AND NOT " IS_CONTRADICTION
		"AND (c.status <> i.status OR c.reason IS NULL AND i.reason IS NOT NULL "
		"OR c.invalidity_at IS NULL AND i.invalidity_at IS NOT NULL "
		"OR c.not_after IS NULL AND i.not_after IS NOT NULL)",
		1, values, &rows, fault);
	if (result == 0)
		import->changed = result_affected(rows);
	return result;
}

int index_merge(struct index_import *import, struct fault *fault)
{
	progress_say(&import->report.progress, "writing to the database");
	int result = refuse_text(import, fault);
	if (result == 0)
		result = insert_rows(import, fault);
	if (result == 0)
		result = insert_instructions(import, fault);
	if (result || import->imported + import->refused == import->read)
		return result;
	result = drop_duplicates(import, fault);
	if (result == 0)
		result = report_contradictions(import, fault);
	return result ? result : update_rows(import, fault);
}
