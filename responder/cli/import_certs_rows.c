/* The rows of `import certs`, in the database. A precertificate has no hash: its certificate's hash
 * comes later, and a hash that is set never changes. */
#include "cli/import_certs.h"
#include "tool/output.h"

#include <stdio.h>

/* Only a hash shows that octets that look like text are a number (P-6), and a precertificate's is not
 * that of the certificate. */
static int refuse_text(struct certs_import *import, struct fault *fault)
{
	uint64_t refused = 0;
	int result = import_note_rows(
		&import->report, &import->database, IMPORT_PROBLEM,
		"SELECT count(*) OVER (), format('%s: serial %s looks like text; import the "
		"certificate itself, not only its precertificate', i.origin, encode(i.serial, "
		"'hex')) "
		"FROM stillgood_import i WHERE i.hash IS NULL "
		"AND stillgood.serial_is_wrong(i.serial, NULL) AND NOT EXISTS (SELECT FROM "
		"stillgood_import o WHERE o.issuer = i.issuer AND o.serial = i.serial "
		"AND o.hash IS NOT NULL) AND NOT EXISTS (SELECT FROM stillgood.certificate c "
		"WHERE c.issuer = i.issuer AND c.serial = i.serial AND c.status <> 3) "
		"ORDER BY i.place" IMPORT_SHOWN_SQL,
		0, NULL, &refused, fault);
	import->refused += refused;
	return result ? result
		      : database_run(
				&import->database,
				"DELETE FROM stillgood_import "
				"WHERE hash IS NULL AND stillgood.serial_is_wrong(serial, NULL)",
				fault);
}

static int count_written(struct certs_import *import, const char *sql, uint64_t *count,
			 struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(&import->database, sql, 0, NULL, &rows, fault);
	if (result == 0)
		*count += result_affected(rows);
	return result;
}

/* The certificate rather than its precertificate; of two certificates the first. */
#define BEST                                                                         \
	"(SELECT DISTINCT ON (issuer, serial) issuer, serial, not_after, hash FROM " \
	"stillgood_import ORDER BY issuer, serial, hash IS NULL, place) AS i "

static int insert_rows(struct certs_import *import, struct fault *fault)
{
	return count_written(import,
			     "INSERT INTO stillgood.certificate "
			     "(issuer, serial, not_after, certificate_hash) "
			     "SELECT issuer, serial, not_after, hash FROM stillgood_import "
			     "ORDER BY place ON CONFLICT (issuer, serial) DO NOTHING",
			     &import->imported, fault);
}

/* Nothing counts of what was withdrawn. */
static int record_again(struct certs_import *import, struct fault *fault)
{
	return count_written(import,
			     "UPDATE stillgood.certificate c SET status = 0, "
			     "not_after = i.not_after, certificate_hash = i.hash FROM " BEST
			     "WHERE c.issuer = i.issuer AND c.serial = i.serial AND c.status = 3",
			     &import->imported, fault);
}

/* Rows made from an index.txt or from a precertificate learn the hash. */
static int complete_rows(struct certs_import *import, struct fault *fault)
{
	return count_written(import,
			     "UPDATE stillgood.certificate c SET certificate_hash = "
			     "coalesce(c.certificate_hash, i.hash), "
			     "not_after = coalesce(c.not_after, i.not_after) FROM " BEST
			     "WHERE c.issuer = i.issuer AND c.serial = i.serial "
			     "AND (c.certificate_hash IS NULL AND i.hash IS NOT NULL "
			     "OR c.not_after IS NULL)",
			     &import->completed, fault);
}

/* Two certificates with one serial number: a fault of the CA, or a file that is not what it seems. */
static int report_conflicts(struct certs_import *import, struct fault *fault)
{
	uint64_t conflicts = 0;
	int result = import_note_rows(
		&import->report, &import->database, IMPORT_PROBLEM,
		"SELECT count(*) OVER (), format('%s: serial %s of issuer \"%s\" already stands "
		"for "
		"another certificate: not imported', i.origin, encode(i.serial, 'hex'), s.name) "
		"FROM stillgood_import i JOIN stillgood.certificate c ON c.issuer = i.issuer "
		"AND c.serial = i.serial JOIN stillgood.issuer s ON s.id = i.issuer "
		"WHERE c.certificate_hash <> i.hash ORDER BY i.place" IMPORT_SHOWN_SQL,
		0, NULL, &conflicts, fault);
	import->refused += conflicts;
	return result;
}

int certs_merge(struct certs_import *import, struct fault *fault)
{
	progress_say(&import->report.progress, "writing to the database");
	int result = database_run(&import->database, IMPORT_STATISTICS_SQL, fault);
	if (result == 0)
		result = refuse_text(import, fault);
	if (result == 0)
		result = insert_rows(import, fault);
	if (result || import->imported + import->refused == import->read)
		return result;
	result = record_again(import, fault);
	if (result == 0)
		result = complete_rows(import, fault);
	return result ? result : report_conflicts(import, fault);
}

static int learn(struct certs_import *import, const struct lesson *lesson, struct fault *fault)
{
	struct certificate certificate;
	struct fault why = {""};
	bool is_new = false;
	if (certificate_read(buffer_view(&lesson->der), &certificate))
		return fault_set(fault, -EBADMSG, "%s: not a readable certificate", lesson->where);
	int result = database_run(&import->database, "SAVEPOINT lesson", fault);
	if (result)
		return result;
	result = registry_learn(&import->database, lesson->issuer, &certificate, &is_new, &why);
	if (result) {
		import_note(&import->report, IMPORT_PROBLEM,
			    "%s: its encoding of the issuer's name cannot be learnt: %s",
			    lesson->where, why.text);
		return database_run(&import->database, "ROLLBACK TO SAVEPOINT lesson", fault);
	}
	if (is_new)
		import_note(&import->report, IMPORT_LEARNT,
			    "%s: another encoding of the name of issuer \"%s\"", lesson->where,
			    lesson->issuer->record.name);
	return database_run(&import->database, "RELEASE SAVEPOINT lesson", fault);
}

int certs_learn(struct certs_import *import, struct fault *fault)
{
	int result = 0;
	for (size_t i = 0; i < import->lesson_count && result == 0; i++)
		result = learn(import, &import->lessons[i], fault);
	return result;
}
