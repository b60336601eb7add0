/* `diff --crl`: does a CRL that the world sees say what the database says? */
#include "base/record.h"
#include "base/timetext.h"
#include "cli/command.h"
#include "cli/crl_compare.h"

#include <inttypes.h>
#include <stdio.h>

#define CELL_SIZE 64

/* "revoked 2026-05-09T08:30:00Z superseded", "-" for none. `column`: that of the status. */
static void describe(const PGresult *rows, int row, int column, char out[CELL_SIZE])
{
	char at[ISO_TIME_SIZE + 1] = "";
	const char *reason = NULL;
	(void)snprintf(out, CELL_SIZE, "-");
	if (PQgetisnull(rows, row, column))
		return;
	time_put_iso(at, column_time(rows, row, column + 2));
	if (!PQgetisnull(rows, row, column + 1))
		reason = reason_name((enum revocation_reason)column_int(rows, row, column + 1));
	(void)snprintf(out, CELL_SIZE, "%s %s%s%s",
		       column_int(rows, row, column) == CERT_HELD ? "on hold" : "revoked", at,
		       reason ? " " : "", reason ? reason : "");
}

static void print_rows(const struct crl_comparison *comparison)
{
	const PGresult *rows = comparison->rows;
	if (PQntuples(rows) > 0)
		printf("%-8s %-42s %-48s %s\n", "", "serial", "database", "CRL");
	for (int row = 0; row < PQntuples(rows); row++) {
		char ours[CELL_SIZE], theirs[CELL_SIZE];
		describe(rows, row, 2, ours);
		describe(rows, row, 5, theirs);
		printf("%-8s %-42s %-48s %s\n", PQgetvalue(rows, row, 0), PQgetvalue(rows, row, 1),
		       ours, theirs);
	}
}

static void print(const struct crl_input *input, const struct crl_comparison *comparison)
{
	const char *sign = "";
	print_rows(comparison);
	printf("%s: CRL of \"%s\", %" PRIu64 " entr%s: ", input->place, input->issuer->record.name,
	       input->entries, input->entries == 1 ? "y" : "ies");
	if (crl_comparison_sum(comparison) == 0)
		printf("says what the database says");
	for (size_t i = 0; i < CRL_DIFFERENCES; i++) {
		if (comparison->counts[i] == 0)
			continue;
		if (i < CRL_LAPSED)
			printf("%s%" PRIu64 " %s", sign, comparison->counts[i],
			       crl_difference_names[i]);
		else
			printf("%sit is %s", sign, crl_difference_names[i]);
		sign = ", ";
	}
	printf("\n");
}

static struct json_object *state(const PGresult *rows, int row, int column)
{
	if (PQgetisnull(rows, row, column))
		return NULL;
	struct json_object *object = json_object_new_object();
	const char *reason = NULL;
	if (!PQgetisnull(rows, row, column + 1))
		reason = reason_name((enum revocation_reason)column_int(rows, row, column + 1));
	output_json_string(object, "status",
			   column_int(rows, row, column) == CERT_HELD ? "held" : "revoked");
	output_json_string(object, "reason", reason);
	output_json_time(object, "revoked_at", column_time(rows, row, column + 2));
	return object;
}

static struct json_object *document(const struct crl_input *input,
				    const struct crl_comparison *comparison)
{
	const PGresult *rows = comparison->rows;
	struct json_object *object = json_object_new_object(), *list = json_object_new_array();
	output_json_string(object, "place", input->place);
	output_json_string(object, "issuer", input->issuer->record.name);
	output_json_time(object, "this_update", input->crl.this_update);
	output_json_time(object, "next_update", input->crl.next_update);
	output_json_number(object, "entries", (int64_t)input->entries);
	for (size_t i = 0; i < CRL_DIFFERENCES; i++)
		output_json_number(object, crl_difference_names[i], (int64_t)comparison->counts[i]);
	for (int row = 0; row < PQntuples(rows); row++) {
		struct json_object *one = json_object_new_object();
		output_json_string(one, "kind", PQgetvalue(rows, row, 0));
		output_json_string(one, "serial", PQgetvalue(rows, row, 1));
		json_object_object_add(one, "database", state(rows, row, 2));
		json_object_object_add(one, "crl", state(rows, row, 5));
		(void)json_object_array_add(list, one);
	}
	json_object_object_add(object, "differences", list);
	return object;
}

/* The findings of what cannot be compared were said already. */
static int compare_one(struct crl_run *run, struct json_object *list, const struct crl_input *input,
		       uint64_t *sum, struct fault *fault)
{
	cleanup(crl_comparison_deinit) struct crl_comparison comparison = {0};
	if (!input->issuer)
		return 0;
	if (input->crl.base_number.size > 0) {
		import_note(&run->report, IMPORT_PROBLEM,
			    "%s: a delta CRL says what has changed, not what is revoked: it cannot "
			    "be compared",
			    input->place);
		return 0;
	}
	int result = crl_compare(run, input, &comparison, fault);
	if (result)
		return result;
	*sum += crl_comparison_sum(&comparison);
	if (option_given(run->line, OPTION_JSON))
		(void)json_object_array_add(list, document(input, &comparison));
	else
		print(input, &comparison);
	return 0;
}

static int compare_all(struct crl_run *run, struct fault *fault)
{
	uint64_t sum = 0;
	struct json_object *object = json_object_new_object(), *list = json_object_new_array();
	json_object_object_add(object, "crls", list);
	int result = 0;
	for (size_t i = 0; result == 0 && i < run->inputs.count; i++)
		result = compare_one(run, list, &run->inputs.list[i], &sum, fault);
	if (result == 0 && option_given(run->line, OPTION_JSON))
		import_report_json(&run->report, object);
	else
		json_object_put(object);
	if (result)
		return result;
	return sum > 0 ? STATUS_REFUSED : import_status(&run->report);
}

int command_diff(const struct command_line *line, struct fault *fault)
{
	const char *place = line->values[OPTION_CRL];
	cleanup(crl_run_deinit) struct crl_run run = {0};
	if (!place)
		return fault_set(fault, STATUS_USAGE, "diff: --crl PATH or URL is missing");
	int result = crl_run_init(&run, line, fault);
	if (result == 0)
		result = crl_inputs_add(&run.inputs, place, &run.report, fault);
	if (result == 0)
		result = crl_run_open(&run, fault);
	if (result == 0)
		result = crl_run_judge(&run, fault);
	return result ? result : compare_all(&run, fault);
}
