#include "cli/crl_merge.h"

#include <stdio.h>

/* What CRLs of this scope brought, $1 the issuer, $3 the scope: there the CA's newer word counts. */
#define OURS                                                                                \
	"coalesce(c.crl IN (SELECT k.id FROM stillgood.crl k WHERE k.issuer = $1::integer " \
	"AND k.scope = $3::bytea), false)"
/* $4: thisUpdate. What has expired leaves a CRL whatever it was. */
#define NOT_EXPIRED "(c.not_after IS NULL OR c.not_after > $4::timestamptz)"
#define JOINED                                             \
	"stillgood_import i JOIN stillgood.certificate c " \
	"ON c.issuer = $1::integer AND c.serial = i.serial "
#define RELEASED "status = 0, reason = NULL, revoked_at = NULL, invalidity_at = NULL, crl = NULL "

/* In the order of the index, which makes a load of random serials twice as fast; what is there already is left
 * out by one join. */
#define INSERT_ROWS                                                                         \
	"INSERT INTO stillgood.certificate (issuer, serial, status, reason, revoked_at, "   \
	"invalidity_at, crl) SELECT $1::integer, serial, status, reason, revoked_at, "      \
	"invalidity_at, $2::integer FROM stillgood_import i WHERE status <> 0 AND note IS " \
	"NOT DISTINCT FROM $3 AND NOT EXISTS (SELECT FROM stillgood.certificate c "         \
	"WHERE c.issuer = $1::integer AND c.serial = i.serial) ORDER BY serial"

/* Of what CRLs of this scope brought, reason and dates follow the CRL; of what came from elsewhere only what is
 * lacking is added. Where a revocation or hold from elsewhere becomes a stricter one the earlier date stays,
 * because the certificate was not good since then. Nothing counts of what was withdrawn. */
#define UPDATE_ROWS                                                                               \
	"UPDATE stillgood.certificate c SET status = i.status, "                                  \
	"reason = CASE WHEN c.status <> i.status THEN i.reason "                                  \
	"WHEN " OURS " THEN coalesce(i.reason, c.reason) ELSE coalesce(c.reason, i.reason) END, " \
	"revoked_at = CASE WHEN " OURS " AND i.dated THEN i.revoked_at "                          \
	"WHEN c.status <> i.status THEN least(c.revoked_at, i.revoked_at) "                       \
	"ELSE c.revoked_at END, "                                                                 \
	"invalidity_at = CASE WHEN c.status <> i.status OR " OURS                                 \
	" THEN coalesce(i.invalidity_at, c.invalidity_at) "                                       \
	"ELSE coalesce(c.invalidity_at, i.invalidity_at) END, "                                   \
	"not_after = CASE c.status WHEN 3 THEN NULL ELSE c.not_after END, "                       \
	"certificate_hash = CASE c.status WHEN 3 THEN NULL ELSE c.certificate_hash END, "         \
	"crl = CASE WHEN c.status <> i.status THEN $2::integer ELSE c.crl END "                   \
	"FROM stillgood_import i WHERE c.issuer = $1::integer AND c.serial = i.serial "           \
	"AND i.status <> 0 AND i.note IS NOT DISTINCT FROM $4::text "                             \
	"AND NOT (c.status = 1 AND i.status = 2) AND (c.status <> i.status "                      \
	"OR c.reason IS NULL AND i.reason IS NOT NULL "                                           \
	"OR c.invalidity_at IS NULL AND i.invalidity_at IS NOT NULL "                             \
	"OR " OURS " AND (i.dated AND c.revoked_at <> i.revoked_at OR c.reason <> i.reason "      \
	"OR c.invalidity_at <> i.invalidity_at))"

static int count(struct crl_merge *merge, const char *sql, int parameters,
		 const char *const *values, uint64_t *ret_count, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(merge->database, sql, parameters, values, &rows, fault);
	if (result == 0)
		*ret_count += result_affected(rows);
	return result;
}

/* ---- one statement for each note, which a setting gives to the events ---- */

typedef int with_note(struct crl_merge *merge, const char *note, struct fault *fault);

int crl_set_note(struct crl_merge *merge, const char *note, struct fault *fault)
{
	char text[256];
	const char *const values[] = {text};
	(void)snprintf(text, sizeof(text), "%s%s%s", merge->note, note ? ", " : "",
		       note ? note : "");
	return database_query(merge->database, "SELECT set_config('stillgood.note', $1, true)", 1,
			      values, NULL, fault);
}

static int for_each_note(struct crl_merge *merge, with_note *act, struct fault *fault)
{
	cleanup(result_clearp) PGresult *notes = NULL;
	int result = act(merge, NULL, fault);
	if (result || !merge->rows.instructs)
		return result;
	result = database_query(merge->database,
				"SELECT DISTINCT note FROM stillgood_import WHERE note IS NOT NULL",
				0, NULL, &notes, fault);
	for (int i = 0; result == 0 && i < PQntuples(notes); i++) {
		result = crl_set_note(merge, PQgetvalue(notes, i, 0), fault);
		if (result == 0)
			result = act(merge, PQgetvalue(notes, i, 0), fault);
	}
	return result ? result : crl_set_note(merge, NULL, fault);
}

/* ---- new rows ---- */

/* Octets that look like text are a number only where a hash says so (P-6). */
static int refuse_text(struct crl_merge *merge, struct fault *fault)
{
	const char *const values[] = {merge->issuer, merge->input->place};
	if (!merge->rows.has_text)
		return 0;
	return import_note_rows(
		merge->report, merge->database, IMPORT_PROBLEM,
		"WITH gone AS (DELETE FROM stillgood_import i "
		"WHERE stillgood.serial_is_wrong(i.serial, NULL) AND NOT EXISTS (SELECT FROM "
		"stillgood.certificate c WHERE c.issuer = $1::integer AND c.serial = i.serial "
		"AND c.certificate_hash IS NOT NULL AND c.status <> 3) RETURNING place, serial) "
		"SELECT count(*) OVER (), format('%s: entry %s: the octets of serial %s are text "
		"as well: import the certificate itself first, then the CRL with a newer number', "
		"$2::text, place, encode(serial, 'hex')) FROM gone ORDER BY place" IMPORT_SHOWN_SQL,
		2, values, &merge->unrecorded, fault);
}

/* Of several entries about one certificate the strictest counts, then the first. */
static int drop_duplicates(struct crl_merge *merge, struct fault *fault)
{
	const char *const values[] = {merge->input->place};
	uint64_t dropped = 0;
	int result = import_note_rows(
		merge->report, merge->database, IMPORT_PROBLEM,
		"SELECT count(*) OVER (), format('%s: serial %s has two entries, %s and %s: the "
		"stricter counts', $1::text, encode(serial, 'hex'), first, place) FROM (SELECT "
		"place, serial, min(place) OVER (PARTITION BY serial) AS first FROM "
		"stillgood_import WHERE serial IN (SELECT serial FROM stillgood_import GROUP BY "
		"serial HAVING count(*) > 1)) AS d WHERE place <> first ORDER BY "
		"place" IMPORT_SHOWN_SQL,
		1, values, &dropped, fault);
	merge->dropped += dropped;
	if (result || dropped == 0)
		return result;
	return database_run(
		merge->database,
		"DELETE FROM stillgood_import i USING (SELECT ctid AS place, row_number() "
		"OVER (PARTITION BY serial ORDER BY status = 1 DESC, status = 2 DESC, place) "
		"AS nth FROM stillgood_import) AS d WHERE d.place = i.ctid AND d.nth > 1",
		fault);
}

static int insert(struct crl_merge *merge, const char *note, struct fault *fault)
{
	const char *const values[] = {merge->issuer, merge->crl, note};
	return count(merge,
		     note ? INSERT_ROWS " ON CONFLICT (issuer, serial) DO NOTHING" : INSERT_ROWS, 3,
		     values, &merge->imported, fault);
}

/* ON CONFLICT costs half as much again for every row, so it comes only where a row was in the way: a serial that
 * the CRL has twice, or one that somebody else recorded at this moment. */
static int insert_carefully(struct crl_merge *merge, const char *note, struct fault *fault)
{
	const char *const values[] = {merge->issuer, merge->crl, note};
	return count(merge, INSERT_ROWS " ON CONFLICT (issuer, serial) DO NOTHING", 3, values,
		     &merge->imported, fault);
}

static int insert_rows(struct crl_merge *merge, struct fault *fault)
{
	int result = database_run(merge->database, "SAVEPOINT rows", fault);
	if (result == 0)
		result = for_each_note(merge, insert, fault);
	if (result != -EEXIST)
		return result;
	merge->imported = 0;
	result = database_run(merge->database, "ROLLBACK TO SAVEPOINT rows", fault);
	if (result == 0)
		result = drop_duplicates(merge, fault);
	if (result == 0)
		result = crl_set_note(merge, NULL, fault);
	return result ? result : for_each_note(merge, insert_carefully, fault);
}

/* ---- rows that were there ---- */

static int report_contradictions(struct crl_merge *merge, struct fault *fault)
{
	const char *const values[] = {merge->issuer, merge->input->place};
	return import_note_rows(
		merge->report, merge->database, IMPORT_PROBLEM,
		"SELECT count(*) OVER (), format('%s: serial %s is revoked in the database, but on "
		"hold here; a revocation is never taken back', $2::text, encode(i.serial, 'hex')) "
		"FROM " JOINED
		"WHERE c.status = 1 AND i.status = 2 ORDER BY i.place" IMPORT_SHOWN_SQL,
		2, values, NULL, fault);
}

static int update(struct crl_merge *merge, const char *note, struct fault *fault)
{
	const char *const values[] = {merge->issuer, merge->crl, merge->scope, note};
	return count(merge, UPDATE_ROWS, 4, values, &merge->changed, fault);
}

/* ---- holds that end ---- */

static int release_removed(struct crl_merge *merge, struct fault *fault)
{
	const char *const values[] = {merge->issuer, merge->input->place, merge->scope,
				      merge->since};
	if (!merge->rows.removes)
		return 0;
	int result = import_note_rows(
		merge->report, merge->database, IMPORT_PROBLEM,
		"SELECT count(*) OVER (), format('%s: serial %s is %s in the database, but "
		"removeFromCRL here; %s', $2::text, encode(i.serial, 'hex'), CASE c.status WHEN 1 "
		"THEN 'revoked' ELSE 'on hold' END, CASE c.status WHEN 1 THEN 'a revocation is "
		"never "
		"taken back' ELSE 'no CRL brought that hold: end it with `stillgood release`' END) "
		"FROM " JOINED "WHERE i.status = 0 AND " NOT_EXPIRED
		" AND (c.status = 1 OR c.status = 2 AND NOT " OURS
		") ORDER BY i.place" IMPORT_SHOWN_SQL,
		4, values, NULL, fault);
	if (result)
		return result;
	return count(merge,
		     "UPDATE stillgood.certificate c SET " RELEASED
		     "FROM stillgood_import i WHERE c.issuer = $1::integer AND c.serial = i.serial "
		     "AND $2::text IS NOT NULL AND i.status = 0 AND c.status = 2 AND " OURS
		     " AND " NOT_EXPIRED,
		     4, values, &merge->released, fault);
}

/* A full CRL is all there is: a hold of its scope that it does not have is over. */
static int release_unlisted(struct crl_merge *merge, struct fault *fault)
{
	const char *const values[] = {merge->issuer, merge->input->place, merge->scope,
				      merge->since};
	if (merge->first)
		return 0;
	return count(
		merge,
		"UPDATE stillgood.certificate c SET " RELEASED
		"WHERE c.issuer = $1::integer AND $2::text IS NOT NULL AND c.status = 2 AND " OURS
		" AND " NOT_EXPIRED " AND NOT EXISTS (SELECT FROM stillgood_import i "
		"WHERE i.serial = c.serial)",
		4, values, &merge->released, fault);
}

/* Only where it is about every certificate: which ones a part has nobody knows. Holds that are younger than the
 * CRL cannot be on it. */
static int report_unlisted(struct crl_merge *merge, struct fault *fault)
{
	const char *const values[] = {merge->issuer, merge->input->place, merge->scope,
				      merge->since};
	if (merge->input->crl.distribution.size > 0)
		return 0;
	return import_note_rows(
		merge->report, merge->database, IMPORT_PROBLEM,
		"SELECT count(*) OVER (), format('%s: serial %s is on hold in the database, but "
		"not "
		"here; no CRL brought that hold: end it with `stillgood release`', $2::text, "
		"encode(c.serial, 'hex')) FROM stillgood.certificate c WHERE c.issuer = "
		"$1::integer "
		"AND c.status = 2 AND c.revoked_at < $4::timestamptz AND NOT " OURS
		" AND " NOT_EXPIRED " AND NOT EXISTS (SELECT FROM stillgood_import i "
		"WHERE i.serial = c.serial) ORDER BY c.serial" IMPORT_SHOWN_SQL,
		4, values, NULL, fault);
}

/* ---- the whole ---- */

/* Where nobody has counted the rows of certificates yet, plans walk through this table for each of them. */
static int make_index(struct crl_merge *merge, struct fault *fault)
{
	return database_run(
		merge->database,
		"CREATE INDEX IF NOT EXISTS stillgood_import_serial ON stillgood_import (serial)",
		fault);
}

/* Most of a CRL stood in the one before. One walk through what is not good, by its index: statistics, which may not be
 * there yet, would make it a walk for each entry. */
#define BY_ONE_WALK                                                                     \
	"SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL " \
	"enable_seqscan = off"
#define AS_PLANNED                                                                                \
	"SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT; SET LOCAL " \
	"enable_seqscan TO DEFAULT"

static int pass_over_known(struct crl_merge *merge, struct fault *fault)
{
	const char *const values[] = {merge->issuer};
	uint64_t known = 0;
	int result = database_run(merge->database, BY_ONE_WALK, fault);
	if (result == 0)
		result = count(merge,
			       "DELETE FROM stillgood_import i USING stillgood.certificate c "
			       "WHERE c.issuer = $1::integer AND c.serial = i.serial "
			       "AND c.status <> 0 AND c.status = i.status "
			       "AND c.reason IS NOT DISTINCT FROM i.reason "
			       "AND c.revoked_at = i.revoked_at "
			       "AND c.invalidity_at IS NOT DISTINCT FROM i.invalidity_at",
			       1, values, &known, fault);
	if (result == 0)
		result = database_run(merge->database, AS_PLANNED, fault);
	merge->rows.rows -= known;
	return result;
}

/* A full CRL is looked at as a whole, before what is known of it is passed over. */
static int settle_listed(struct crl_merge *merge, struct fault *fault)
{
	bool full = merge->input->crl.base_number.size == 0;
	int result = full ? release_unlisted(merge, fault) : 0;
	if (result == 0 && full)
		result = report_unlisted(merge, fault);
	if (result || merge->first)
		return result;
	result = pass_over_known(merge, fault);
	return result ? result : make_index(merge, fault);
}

int crl_merge(struct crl_merge *merge, struct fault *fault)
{
	progress_say(&merge->report->progress, "writing to the database");
	int result = database_run(merge->database,
				  IMPORT_STATISTICS_SQL "; SET LOCAL work_mem = '256MB'", fault);
	if (result == 0)
		result = crl_set_note(merge, NULL, fault);
	if (result == 0)
		result = refuse_text(merge, fault);
	if (result == 0)
		result = settle_listed(merge, fault);
	if (result == 0)
		result = insert_rows(merge, fault);
	bool all_new = merge->imported + merge->unrecorded + merge->dropped == merge->rows.rows;
	if (result == 0 && !all_new)
		result = make_index(merge, fault);
	if (result == 0 && !all_new)
		result = drop_duplicates(merge, fault);
	if (result == 0 && !all_new)
		result = report_contradictions(merge, fault);
	if (result == 0 && !all_new)
		result = for_each_note(merge, update, fault);
	return result ? result : release_removed(merge, fault);
}
