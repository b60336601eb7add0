#include "cli/wrong_serials.h"

#include "tool/output.h"

#include <inttypes.h>
#include <stdio.h>

/* Lists are for people; the count is of all. */
#define LISTED_MOST 20
/* Rows corrected in one transaction: locks are short, and commits few. */
#define BATCH "1000"

void wrong_serials_deinit(struct wrong_serials *wrong)
{
	json_object_put(wrong->rows);
	json_object_put(wrong->failures);
	*wrong = (struct wrong_serials){0};
}

/* ---- setting right ---- */

enum column { ISSUER_ID, SERIAL, ISSUER, MEANT };

static const char *meant_column(enum digits digits)
{
	return digits == DIGITS_HEX ? "right_serial"
	       : digits == DIGITS_DECIMAL
		       ? "coalesce(decimal_serial, right_serial)"
		       : "CASE WHEN decimal_serial IS NULL THEN right_serial END";
}

/* Held over the transactions of the work: what cannot be corrected would be met again and again. */
static int open_cursor(struct database *database, enum digits digits, struct fault *fault)
{
	char sql[600];
	(void)snprintf(sql, sizeof(sql),
		       "DECLARE wrong NO SCROLL CURSOR WITH HOLD FOR "
		       "SELECT * FROM (SELECT issuer_id, serial, issuer, %s AS meant "
		       "FROM stillgood.wrong_serials) AS w "
		       "WHERE issuer IS NOT NULL AND meant IS NOT NULL ORDER BY issuer_id, serial",
		       meant_column(digits));
	return database_run(database, sql, fault);
}

static void note_failure(struct wrong_serials *wrong, const PGresult *rows, int row,
			 const struct fault *why)
{
	struct json_object *object = json_object_new_object();
	wrong->failed++;
	if (json_object_array_length(wrong->failures) >= LISTED_MOST) {
		json_object_put(object);
		return;
	}
	output_json_string(object, "serial", PQgetvalue(rows, row, SERIAL) + 2);
	output_json_string(object, "issuer", PQgetvalue(rows, row, ISSUER));
	output_json_string(object, "error", why->text);
	json_object_array_add(wrong->failures, object);
}

/* A refusal of the schema's rules is this row's; anything else ends the work. */
static bool is_of_the_row(int result)
{
	return result == -EINVAL || result == -EEXIST;
}

static int correct_row(struct database *database, struct wrong_serials *wrong, const PGresult *rows,
		       int row, struct fault *fault)
{
	const char *const values[] = {PQgetvalue(rows, row, ISSUER), PQgetvalue(rows, row, SERIAL),
				      PQgetvalue(rows, row, MEANT)};
	struct fault why = {""};
	int result = database_run(database, "SAVEPOINT row", fault);
	if (result)
		return result;
	result = database_query(database,
				"SELECT stillgood.correct_serial($1, $2::bytea, $3::bytea)", 3,
				values, NULL, &why);
	if (result == 0) {
		wrong->corrected++;
		return database_run(database, "RELEASE SAVEPOINT row", fault);
	}
	if (!is_of_the_row(result))
		return fault_set(fault, result, "%s", why.text);
	note_failure(wrong, rows, row, &why);
	return database_run(database, "ROLLBACK TO SAVEPOINT row; RELEASE SAVEPOINT row", fault);
}

static int correct_batch(struct database *database, struct wrong_serials *wrong,
			 const PGresult *rows, struct fault *fault)
{
	int result = database_run(database, "BEGIN", fault);
	for (int row = 0; result == 0 && row < PQntuples(rows); row++)
		result = correct_row(database, wrong, rows, row, fault);
	return result ? result : database_run(database, "COMMIT", fault);
}

int wrong_serials_correct(struct database *database, enum digits digits,
			  struct wrong_serials *wrong, struct fault *fault)
{
	wrong->failures = json_object_new_array();
	int result = open_cursor(database, digits, fault);
	for (bool more = true; result == 0 && more;) {
		cleanup(result_clearp) PGresult *rows = NULL;
		result = database_query(database, "FETCH " BATCH " FROM wrong", 0, NULL, &rows,
					fault);
		more = result == 0 && PQntuples(rows) > 0;
		if (more)
			result = correct_batch(database, wrong, rows, fault);
	}
	return result ? result : database_run(database, "CLOSE wrong", fault);
}

/* ---- what is left ---- */

static int count(struct database *database, struct wrong_serials *wrong, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(
		database, "SELECT count(*), count(decimal_serial) FROM stillgood.wrong_serials", 0,
		NULL, &rows, fault);
	if (result)
		return result;
	wrong->left = (uint64_t)column_int(rows, 0, 0);
	wrong->ambiguous = (uint64_t)column_int(rows, 0, 1);
	return 0;
}

static const char *status_name(int64_t status)
{
	return status == 1 ? "revoked" : status == 2 ? "held" : "good";
}

static const char *hex_or_null(const PGresult *rows, int row, int column)
{
	return PQgetisnull(rows, row, column) ? NULL : PQgetvalue(rows, row, column);
}

static struct json_object *row_document(const PGresult *rows, int row)
{
	struct json_object *object = json_object_new_object();
	output_json_string(object, "issuer", hex_or_null(rows, row, 0));
	output_json_number(object, "issuer_id", column_int(rows, row, 1));
	output_json_string(object, "serial", hex_or_null(rows, row, 2));
	output_json_string(object, "status", status_name(column_int(rows, row, 3)));
	output_json_string(object, "kind", hex_or_null(rows, row, 4));
	output_json_string(object, "right", hex_or_null(rows, row, 5));
	output_json_string(object, "decimal", hex_or_null(rows, row, 6));
	output_json_string(object, "text", hex_or_null(rows, row, 7));
	return object;
}

int wrong_serials_load(struct database *database, struct wrong_serials *wrong, struct fault *fault)
{
	char most[16];
	(void)snprintf(most, sizeof(most), "%d", LISTED_MOST);
	const char *const values[] = {most};
	cleanup(result_clearp) PGresult *rows = NULL;
	wrong->rows = json_object_new_array();
	int result = count(database, wrong, fault);
	if (result == 0)
		result = database_query(
			database,
			"SELECT issuer, issuer_id, upper(encode(serial, 'hex')), status, "
			"kind, upper(encode(right_serial, 'hex')), "
			"upper(encode(decimal_serial, 'hex')), CASE kind WHEN 'text' THEN "
			"convert_from(serial, 'UTF8') END FROM stillgood.wrong_serials "
			"ORDER BY issuer_id, serial LIMIT $1::integer",
			1, values, &rows, fault);
	for (int row = 0; result == 0 && row < PQntuples(rows); row++)
		json_object_array_add(wrong->rows, row_document(rows, row));
	return result;
}

/* ---- telling ---- */

static const char *member(struct json_object *object, const char *key)
{
	return json_object_get_string(json_object_object_get(object, key));
}

static void print_row(struct json_object *row)
{
	const char *issuer = member(row, "issuer"), *text = member(row, "text");
	const char *right = member(row, "right"), *decimal = member(row, "decimal");
	printf("  %s of ", member(row, "serial"));
	if (issuer)
		printf("issuer \"%s\", ", issuer);
	else
		printf("id %s, which no issuer has, ", member(row, "issuer_id"));
	printf("%s: ", member(row, "status"));
	if (text)
		printf("the text \"%s\"", text);
	else
		printf("negative");
	if (!right)
		printf(", no number\n");
	else if (decimal)
		printf(", %s read as hexadecimal, %s as decimal\n", right, decimal);
	else
		printf(", is %s\n", right);
}

static void print_left(const struct wrong_serials *wrong)
{
	size_t listed = json_object_array_length(wrong->rows);
	printf("%" PRIu64
	       " certificate%s recorded under a serial number that cannot be meant, and not "
	       "answered as good:\n",
	       wrong->left, wrong->left == 1 ? " is" : "s are");
	for (size_t i = 0; i < listed; i++)
		print_row(json_object_array_get_idx(wrong->rows, i));
	if (wrong->left > listed)
		printf("  … and %" PRIu64 " more\n", wrong->left - listed);
	printf("`stillgood db upgrade --correct-serials` records them under the right ones\n");
	if (wrong->ambiguous)
		printf("(%" PRIu64 " of digits alone need --correct-serials=hex or =decimal)\n",
		       wrong->ambiguous);
}

void wrong_serials_print(const struct wrong_serials *wrong)
{
	if (wrong->corrected)
		printf("%" PRIu64 " serial number%s set right\n", wrong->corrected,
		       wrong->corrected == 1 ? " was" : "s were");
	for (size_t i = 0; wrong->failures && i < json_object_array_length(wrong->failures); i++) {
		struct json_object *failure = json_object_array_get_idx(wrong->failures, i);
		printf("  %s of issuer \"%s\" was left: %s\n", member(failure, "serial"),
		       member(failure, "issuer"), member(failure, "error"));
	}
	if (wrong->left)
		print_left(wrong);
}

void wrong_serials_add(struct wrong_serials *wrong, struct json_object *document)
{
	struct json_object *object = json_object_new_object();
	output_json_number(object, "count", (int64_t)wrong->left);
	output_json_number(object, "ambiguous", (int64_t)wrong->ambiguous);
	output_json_number(object, "corrected", (int64_t)wrong->corrected);
	output_json_number(object, "failed", (int64_t)wrong->failed);
	json_object_object_add(object, "rows", json_object_get(wrong->rows));
	json_object_object_add(object, "failures",
			       wrong->failures ? json_object_get(wrong->failures)
					       : json_object_new_array());
	json_object_object_add(document, "wrong_serials", object);
}
