/* `import index`: the index.txt of an `openssl ca` becomes rows of the database.
 *
 *   file → one line at a time → COPY into a temporary table → one INSERT … ON CONFLICT
 *   → only if some rows were there already: contradictions are refused, revocations applied → COMMIT
 *
 * What is revoked in the database stays revoked, whatever the file says. */
#include "base/clock.h"
#include "base/hex.h"
#include "base/timetext.h"
#include "cli/copy.h"
#include "cli/index_file.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>

/* The database refuses a revocation from the future; so much may clocks differ. */
#define FUTURE_SECONDS 60
#define SHOWN_CONFLICTS 10

struct import {
	const struct command_line *line;
	const char *path;
	struct database database;
	struct index_file *file;
	struct copy copy;
	struct progress progress;
	char issuer[16]; /* id as text */
	int64_t now;
	uint64_t read, imported, changed;
	uint64_t instructions, removed; /* lines with a hold instruction, with removeFromCRL */
};

static void import_deinit(struct import *import)
{
	progress_deinit(&import->progress);
	copy_deinit(&import->copy);
	index_file_close(import->file);
	database_close(&import->database);
}

static int status_of(const struct index_entry *entry)
{
	if (entry->kind != INDEX_REVOKED)
		return CERT_GOOD;
	return entry->reason == REASON_CERTIFICATE_HOLD ? CERT_HELD : CERT_REVOKED;
}

static void put_note(struct import *import, const struct index_entry *entry)
{
	char note[128];
	if (entry->hold_instruction.size == 0) {
		copy_put_null(&import->copy);
		return;
	}
	int size =
		snprintf(note, sizeof(note), "holdInstruction %.*s",
			 entry->hold_instruction.size > 80 ? 80 : (int)entry->hold_instruction.size,
			 (const char *)entry->hold_instruction.data);
	copy_put_bytes(&import->copy, view_of(note, (size_t)size));
	import->instructions++;
}

static int put_row(struct import *import, const struct index_entry *entry, uint64_t line,
		   struct fault *fault)
{
	int r = copy_row(&import->copy, 8, fault);
	if (r)
		return r;
	copy_put_int8(&import->copy, (int64_t)line);
	copy_put_bytes(&import->copy, serial_view(&entry->serial));
	copy_put_int2(&import->copy, status_of(entry));
	if (entry->reason == REASON_NONE)
		copy_put_null(&import->copy);
	else
		copy_put_int2(&import->copy, (int)entry->reason);
	copy_put_time(&import->copy, entry->revoked_at);
	copy_put_time(&import->copy, entry->invalidity_at);
	copy_put_time(&import->copy, entry->not_after);
	put_note(import, entry);
	import->read++;
	import->removed += entry->removed_from_crl;
	return 0;
}

static int copy_lines(struct import *import, struct fault *fault)
{
	for (;;) {
		struct index_entry entry;
		uint64_t line = 0;
		int r = index_file_next(import->file, &entry, &line, fault);
		if (r)
			return r == INDEX_END ? 0 : r;
		if (entry.kind == INDEX_REVOKED && entry.revoked_at > import->now + FUTURE_SECONDS)
			return fault_set(fault, -EINVAL,
					 "%s:%" PRIu64 ": the revocation date is in the future",
					 import->path, line);
		r = put_row(import, &entry, line, fault);
		if (r)
			return r;
		progress_update(&import->progress, index_file_position(import->file), import->read);
	}
}

static int copy_all(struct import *import, struct fault *fault)
{
	int r = database_run(&import->database,
			     "BEGIN; CREATE TEMPORARY TABLE stillgood_import (line bigint, "
			     "serial bytea, status smallint, reason smallint, "
			     "revoked_at timestamptz, invalidity_at timestamptz, "
			     "not_after timestamptz, note text) ON COMMIT DROP",
			     fault);
	if (r == 0)
		r = copy_begin(&import->copy, &import->database,
			       "COPY stillgood_import FROM STDIN (FORMAT binary)", fault);
	if (r == 0)
		r = copy_lines(import, fault);
	return r ? r : copy_end(&import->copy, fault);
}

static int refuse_duplicates(struct import *import, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int r = database_query(&import->database,
			       "SELECT max(line), min(line), encode(serial, 'hex') "
			       "FROM stillgood_import GROUP BY serial HAVING count(*) > 1 "
			       "ORDER BY 1 LIMIT 1",
			       0, NULL, &rows, fault);
	if (r || PQntuples(rows) == 0)
		return r;
	return fault_set(fault, -EINVAL,
			 "%s:%s: serial %s stands in line %s already; nothing was imported",
			 import->path, PQgetvalue(rows, 0, 0), PQgetvalue(rows, 0, 2),
			 PQgetvalue(rows, 0, 1));
}

/* In the order of the index, which makes a load of random serials twice as fast; what is there
 * already is left out by one join. */
#define INSERT_ROWS                                                                         \
	"INSERT INTO stillgood.certificate (issuer, serial, status, reason, revoked_at, "   \
	"invalidity_at, not_after) "                                                        \
	"SELECT $1::integer, serial, status, reason, revoked_at, invalidity_at, not_after " \
	"FROM stillgood_import i WHERE note IS NULL AND NOT EXISTS (SELECT FROM "           \
	"stillgood.certificate c WHERE c.issuer = $1::integer AND c.serial = i.serial) "    \
	"ORDER BY serial"

static int insert_with(struct import *import, const char *sql, struct fault *fault)
{
	const char *const values[] = {import->issuer};
	cleanup(result_clearp) PGresult *result = NULL;
	int r = database_query(&import->database, sql, 1, values, &result, fault);
	if (r == 0)
		import->imported += result_affected(result);
	return r;
}

/* ON CONFLICT costs half as much again for every row, so it comes only where a row was in the way: a
 * serial that the file has twice, or one that somebody else recorded at this moment. */
static int insert_rows(struct import *import, struct fault *fault)
{
	int r = database_run(
		&import->database,
		"ANALYZE stillgood_import; SET LOCAL work_mem = '256MB'; SAVEPOINT rows", fault);
	if (r == 0)
		r = insert_with(import, INSERT_ROWS, fault);
	if (r != -EEXIST)
		return r;
	r = database_run(&import->database, "ROLLBACK TO SAVEPOINT rows", fault);
	if (r == 0)
		r = refuse_duplicates(import, fault);
	if (r == 0)
		r = insert_with(import, INSERT_ROWS " ON CONFLICT (issuer, serial) DO NOTHING",
				fault);
	return r;
}

/* Hold instructions stand in the note of the event, which a setting gives for a whole statement: one
 * statement for each of them; there are three in the world. */
static int insert_rows_with_note(struct import *import, const char *note, struct fault *fault)
{
	const char *const values[] = {import->issuer, note};
	cleanup(result_clearp) PGresult *result = NULL;
	int r = database_query(&import->database, "SELECT set_config('stillgood.note', $1, true)",
			       1, &values[1], NULL, fault);
	if (r == 0)
		r = database_query(
			&import->database,
			"INSERT INTO stillgood.certificate (issuer, serial, status, reason, "
			"revoked_at, invalidity_at, not_after) "
			"SELECT $1::integer, serial, status, reason, revoked_at, invalidity_at, "
			"not_after FROM stillgood_import WHERE note = $2 "
			"ON CONFLICT (issuer, serial) DO NOTHING",
			2, values, &result, fault);
	if (r == 0)
		import->imported += result_affected(result);
	return r;
}

static int insert_instructions(struct import *import, struct fault *fault)
{
	cleanup(result_clearp) PGresult *notes = NULL;
	if (import->instructions == 0)
		return 0;
	int r = database_query(&import->database,
			       "SELECT DISTINCT note FROM stillgood_import WHERE note IS NOT NULL",
			       0, NULL, &notes, fault);
	for (int i = 0; r == 0 && i < PQntuples(notes); i++)
		r = insert_rows_with_note(import, PQgetvalue(notes, i, 0), fault);
	if (r == 0)
		r = database_run(&import->database, "SELECT set_config('stillgood.note', '', true)",
				 fault);
	return r;
}

static void show_conflicts(const struct import *import, const PGresult *rows)
{
	for (int i = 0; i < PQntuples(rows) && i < SHOWN_CONFLICTS; i++) {
		bool held = column_int(rows, i, 2) == CERT_HELD;
		output_note("%s:%s: serial %s is %s in the database, but %s here; %s", import->path,
			    PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1),
			    held ? "on hold" : "revoked",
			    column_int(rows, i, 3) == CERT_HELD ? "on hold" : "not revoked",
			    held ? "end the hold with `stillgood release` first"
				 : "a revocation is never taken back");
	}
	if (PQntuples(rows) > SHOWN_CONFLICTS)
		output_note("… and more");
}

/* The file may add revocations; it takes none back. */
static int refuse_contradictions(struct import *import, struct fault *fault)
{
	const char *const values[] = {import->issuer};
	cleanup(result_clearp) PGresult *rows = NULL;
	int r = database_query(&import->database,
			       "SELECT i.line, encode(i.serial, 'hex'), c.status, i.status "
			       "FROM stillgood_import i JOIN stillgood.certificate c "
			       "ON c.issuer = $1::integer AND c.serial = i.serial "
			       "WHERE c.status = 1 AND i.status <> 1 "
			       "OR c.status = 2 AND i.status = 0 ORDER BY i.line LIMIT 11",
			       1, values, &rows, fault);
	if (r || PQntuples(rows) == 0)
		return r;
	progress_deinit(&import->progress);
	show_conflicts(import, rows);
	return fault_set(fault, -EINVAL, "%s:%s: contradicts the database; nothing was imported",
			 import->path, PQgetvalue(rows, 0, 0));
}

/* Good or held rows that the file revokes. Of a revocation that the database knows already, its date
 * stays; a reason or invalidity date that it lacks is added. A hold that becomes a revocation keeps
 * the earlier date, because the certificate was not good since then. */
static int update_rows(struct import *import, struct fault *fault)
{
	const char *const values[] = {import->issuer};
	cleanup(result_clearp) PGresult *result = NULL;
	int r = database_query(
		&import->database,
		"UPDATE stillgood.certificate c SET status = i.status, "
		"reason = CASE WHEN c.status = i.status THEN coalesce(c.reason, i.reason) "
		"ELSE i.reason END, "
		"revoked_at = CASE WHEN c.status = i.status THEN c.revoked_at "
		"ELSE least(c.revoked_at, i.revoked_at) END, "
		"invalidity_at = coalesce(c.invalidity_at, i.invalidity_at), "
		"not_after = coalesce(c.not_after, i.not_after) "
		"FROM stillgood_import i WHERE c.issuer = $1::integer AND c.serial = i.serial "
		"AND (c.status <> i.status OR c.reason IS NULL AND i.reason IS NOT NULL "
		"OR c.invalidity_at IS NULL AND i.invalidity_at IS NOT NULL "
		"OR c.not_after IS NULL AND i.not_after IS NOT NULL)",
		1, values, &result, fault);
	if (r == 0)
		import->changed = result_affected(result);
	return r;
}

static int merge(struct import *import, struct fault *fault)
{
	progress_say(&import->progress, "writing to the database");
	int r = insert_rows(import, fault);
	if (r == 0)
		r = insert_instructions(import, fault);
	if (r == 0 && import->imported < import->read) {
		r = refuse_duplicates(import, fault);
		if (r == 0)
			r = refuse_contradictions(import, fault);
		if (r == 0)
			r = update_rows(import, fault);
	}
	return r ? r : database_run(&import->database, "COMMIT", fault);
}

static void report(const struct import *import)
{
	uint64_t present = import->read - import->imported;
	if (import->removed)
		output_note("%" PRIu64 " lines say removeFromCRL, which is no state of a "
			    "certificate: put on hold; `stillgood release` makes them good",
			    import->removed);
	if (!option_given(import->line, OPTION_JSON)) {
		printf("%" PRIu64 " imported, %" PRIu64 " already there, %" PRIu64
		       " of them changed\n",
		       import->imported, present, import->changed);
		return;
	}
	struct json_object *document = json_object_new_object();
	output_json_number(document, "imported", (int64_t)import->imported);
	output_json_number(document, "already_there", (int64_t)present);
	output_json_number(document, "changed", (int64_t)import->changed);
	output_json_number(document, "removed_from_crl", (int64_t)import->removed);
	output_json(document);
}

static int find_issuer(struct import *import, const char *name, struct fault *fault)
{
	const char *const values[] = {name};
	cleanup(result_clearp) PGresult *rows = NULL;
	int r = database_query(&import->database, "SELECT id FROM stillgood.issuer WHERE name = $1",
			       1, values, &rows, fault);
	if (r)
		return r;
	if (PQntuples(rows) == 0)
		return fault_set(fault, -ENOENT,
				 "no issuer is named \"%s\"; `stillgood issuer list` shows them",
				 name);
	(void)snprintf(import->issuer, sizeof(import->issuer), "%s", PQgetvalue(rows, 0, 0));
	return 0;
}

int command_import_index(const struct command_line *line, struct fault *fault)
{
	cleanup(import_deinit) struct import import = {
		.line = line,
		.path = line->operands[0],
		.now = wall_seconds(clock_now().wall_us),
	};
	if (!option_given(line, OPTION_ISSUER))
		return fault_set(fault, STATUS_USAGE,
				 "import index: --issuer NAME is missing; an index.txt does not "
				 "say whose it is");
	int r = index_file_open(import.path, &import.file, fault);
	if (r == 0)
		r = database_open_current(line, "stillgood_ca", &import.database, fault);
	if (r == 0)
		r = find_issuer(&import, line->values[OPTION_ISSUER], fault);
	if (r)
		return r;
	progress_init(&import.progress, "lines", index_file_size(import.file));
	r = copy_all(&import, fault);
	if (r == 0)
		r = merge(&import, fault);
	progress_deinit(&import.progress);
	if (r == 0)
		report(&import);
	return r;
}
