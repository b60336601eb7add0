#include "cli/import_report.h"

#include "tool/output.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
	const char *prefix, *list, *count, *what;
} findings[IMPORT_FINDINGS] = {
	[IMPORT_PROBLEM] = {"", "problems", "problem_count", "problems"},
	[IMPORT_SKIPPED] = {"skipped: ", "skipped_texts", "skipped", "skipped"},
	[IMPORT_LEARNT] = {"learnt: ", "learnt", "learnt_count", "learnt"},
	[IMPORT_WARNING] = {"warning: ", "warnings", "warning_count", "warnings"},
};

int import_report_init(struct import_report *report, const struct command_line *line,
		       const char *what, uint64_t total, struct fault *fault)
{
	*report = (struct import_report){.line = line};
	progress_init(&report->progress, what, total);
	for (size_t i = 0; i < IMPORT_FINDINGS; i++)
		if (!(report->texts[i] = json_object_new_array()))
			return fault_set(fault, -ENOMEM, "out of memory");
	return 0;
}

void import_report_deinit(struct import_report *report)
{
	progress_deinit(&report->progress);
	for (size_t i = 0; i < IMPORT_FINDINGS; i++)
		json_object_put(report->texts[i]);
}

static void note_text(struct import_report *report, enum import_finding finding, const char *text)
{
	uint64_t count = report->counts[finding]++;
	if (finding == IMPORT_PROBLEM && count == 0)
		(void)fault_set(&report->first_problem, 0, "%s", text);
	if (count >= IMPORT_SHOWN_MOST)
		return;
	progress_deinit(&report->progress);
	output_note("%s%s", findings[finding].prefix, text);
	if (option_given(report->line, OPTION_JSON))
		(void)json_object_array_add(report->texts[finding], json_object_new_string(text));
}

void import_note(struct import_report *report, enum import_finding finding, const char *format, ...)
{
	struct fault text;
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text.text, sizeof(text.text), format, arguments);
	va_end(arguments);
	note_text(report, finding, text.text);
}

int import_walk(struct import_report *report, const char *operand, certinput_visit *visit,
		void *context, struct fault *fault)
{
	struct fault why = {""};
	int result = certinput_walk(operand, visit, context, &why);
	bool ended = result == -ENOENT || result == -ELOOP || result == -ENAMETOOLONG ||
		     result == -ENOTDIR || result == -EACCES;
	if (ended)
		import_note(report, IMPORT_PROBLEM, "%s", why.text);
	return ended || result == 0 ? 0 : fault_set(fault, result, "%s", why.text);
}

int import_note_rows(struct import_report *report, struct database *database,
		     enum import_finding finding, const char *sql, int count,
		     const char *const *values, uint64_t *ret_count, struct fault *fault)
{
	cleanup(result_clearp) PGresult *rows = NULL;
	int result = database_query(database, sql, count, values, &rows, fault);
	if (result)
		return result;
	uint64_t shown = (uint64_t)PQntuples(rows);
	uint64_t all = shown ? (uint64_t)column_int(rows, 0, 0) : 0;
	for (int i = 0; i < (int)shown; i++)
		note_text(report, finding, PQgetvalue(rows, i, 1));
	report->counts[finding] += all - shown;
	if (ret_count)
		*ret_count = all;
	return 0;
}

static void say_how_many_more(const struct import_report *report)
{
	for (size_t i = 0; i < IMPORT_FINDINGS; i++)
		if (report->counts[i] > IMPORT_SHOWN_MOST)
			output_note("… and %" PRIu64 " more (%s)",
				    report->counts[i] - IMPORT_SHOWN_MOST, findings[i].what);
}

void import_report_json(struct import_report *report, struct json_object *document)
{
	output_json_bool(document, "dry_run", option_given(report->line, OPTION_DRY_RUN));
	for (size_t i = 0; i < IMPORT_FINDINGS; i++) {
		output_json_number(document, findings[i].count, (int64_t)report->counts[i]);
		json_object_object_add(document, findings[i].list, report->texts[i]);
		report->texts[i] = NULL;
	}
	output_json(document);
}

static int refuse(struct import_report *report, struct fault *fault)
{
	uint64_t problems = report->counts[IMPORT_PROBLEM];
	int result = fault_set(fault, -EINVAL,
			       "%" PRIu64 " problem%s; with --strict nothing was written", problems,
			       output_plural(problems));
	if (option_given(report->line, OPTION_JSON)) {
		struct json_object *document = json_object_new_object();
		output_json_string(document, "refused", fault->text);
		import_report_json(report, document);
	}
	return result;
}

int import_end(struct import_report *report, struct database *database, struct fault *fault)
{
	bool refused =
		report->counts[IMPORT_PROBLEM] > 0 && option_given(report->line, OPTION_STRICT);
	bool dry = option_given(report->line, OPTION_DRY_RUN);
	int result = database_run(database, refused || dry ? "ROLLBACK" : "COMMIT", fault);
	progress_deinit(&report->progress);
	if (result)
		return result;
	say_how_many_more(report);
	return refused ? refuse(report, fault) : 0;
}

void import_print_problems(const struct import_report *report)
{
	uint64_t problems = report->counts[IMPORT_PROBLEM];
	if (problems)
		printf(", %" PRIu64 " problem%s", problems, output_plural(problems));
	printf("\n");
}

const char *import_verb(const struct import_report *report)
{
	return option_given(report->line, OPTION_DRY_RUN) ? "would be " : "";
}

int import_status(const struct import_report *report)
{
	return report->counts[IMPORT_PROBLEM] > 0 ? STATUS_REFUSED : STATUS_DONE;
}

int import_put_row(struct copy *copy, const struct import_row *row, struct fault *fault)
{
	int result = copy_row(copy, 7, fault);
	if (result)
		return result;
	copy_put_int8(copy, row->place);
	copy_put_int4(copy, row->issuer);
	copy_put_bytes(copy, serial_view(&row->serial));
	copy_put_time(copy, row->not_after);
	if (row->hash.size > 0)
		copy_put_bytes(copy, row->hash);
	else
		copy_put_null(copy);
	copy_put_bool(copy, row->precertificate);
	copy_put_bytes(copy, view_of_string(row->origin));
	return 0;
}
