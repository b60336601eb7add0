/* `import crl`: CRLs become rows of the database. */
#include "base/timetext.h"
#include "cli/command.h"
#include "cli/crl_run.h"
#include "cli/crl_sequence.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const fates[] = {
	[CRL_LEFT_OUT] = "refused",
	[CRL_HAD_BEFORE] = "known",
	[CRL_TAKEN] = "imported",
};

static uint64_t count(const struct crl_inputs *inputs, enum crl_fate fate)
{
	uint64_t count = 0;
	for (size_t i = 0; i < inputs->count; i++)
		count += inputs->list[i].fate == fate;
	return count;
}

static void print_crl(const struct import_report *report, const struct crl_input *input)
{
	char number[CRL_NUMBER_TEXT] = "", until[ISO_TIME_SIZE + 1] = "";
	if (input->fate == CRL_LEFT_OUT)
		return;
	if (input->crl.number.size > 0)
		crl_number_text(input->crl.number, number);
	if (input->crl.next_update != TIME_NONE)
		time_put_iso(until, input->crl.next_update);
	printf("%s: %sCRL %s%sof \"%s\"%s%s: ", input->place,
	       input->crl.base_number.size > 0 ? "delta " : "", number, *number ? " " : "",
	       input->issuer->record.name, *until ? " until " : "", until);
	if (input->fate == CRL_HAD_BEFORE)
		printf("nothing new\n");
	else
		printf("%" PRIu64 " entr%s, %" PRIu64 " %simported, %" PRIu64 " %schanged, %" PRIu64
		       " %sreleased\n",
		       input->entries, input->entries == 1 ? "y" : "ies", input->imported,
		       import_verb(report), input->changed, import_verb(report), input->released,
		       import_verb(report));
}

static struct json_object *describe(const struct crl_input *input)
{
	char number[CRL_NUMBER_TEXT] = "";
	struct json_object *object = json_object_new_object();
	if (input->crl.number.size > 0)
		crl_number_text(input->crl.number, number);
	output_json_string(object, "place", input->place);
	output_json_string(object, "outcome", fates[input->fate]);
	output_json_string(object, "issuer", input->issuer ? input->issuer->record.name : NULL);
	output_json_string(object, "number", *number ? number : NULL);
	output_json_bool(object, "delta", input->crl.base_number.size > 0);
	output_json_time(object, "this_update", input->crl.this_update);
	output_json_time(object, "next_update", input->crl.next_update);
	output_json_number(object, "entries", (int64_t)input->entries);
	output_json_number(object, "imported", (int64_t)input->imported);
	output_json_number(object, "changed", (int64_t)input->changed);
	output_json_number(object, "released", (int64_t)input->released);
	output_json_bool(object, "proves_absence", input->proves_absence);
	return object;
}

static void report_json(struct crl_run *run)
{
	struct json_object *document = json_object_new_object(), *list = json_object_new_array();
	uint64_t imported = 0, changed = 0, released = 0;
	for (size_t i = 0; i < run->inputs.count; i++) {
		const struct crl_input *input = &run->inputs.list[i];
		imported += input->imported;
		changed += input->changed;
		released += input->released;
		(void)json_object_array_add(list, describe(input));
	}
	json_object_object_add(document, "crls", list);
	output_json_number(document, "imported", (int64_t)imported);
	output_json_number(document, "changed", (int64_t)changed);
	output_json_number(document, "released", (int64_t)released);
	import_report_json(&run->report, document);
}

static void report(struct crl_run *run)
{
	if (option_given(run->line, OPTION_JSON)) {
		report_json(run);
		return;
	}
	for (size_t i = 0; i < run->inputs.count; i++)
		print_crl(&run->report, &run->inputs.list[i]);
	printf("%" PRIu64 " CRL%s, %" PRIu64 " with nothing new", count(&run->inputs, CRL_TAKEN),
	       output_plural(count(&run->inputs, CRL_TAKEN)), count(&run->inputs, CRL_HAD_BEFORE));
	import_print_problems(&run->report);
}

static int run_all(struct crl_run *run, struct fault *fault)
{
	int result = 0;
	for (int i = 0; result == 0 && i < run->line->operand_count; i++)
		result = crl_inputs_add(&run->inputs, run->line->operands[i], &run->report, fault);
	if (result == 0)
		result = crl_run_open(run, fault);
	if (result == 0)
		result = crl_run_judge(run, fault);
	return result ? result : crl_run_record(run, fault);
}

int command_import_crl(const struct command_line *line, struct fault *fault)
{
	cleanup(crl_run_deinit) struct crl_run run = {0};
	int result = crl_run_init(&run, line, fault);
	if (result == 0)
		result = run_all(&run, fault);
	if (result)
		return result;
	report(&run);
	return import_status(&run.report);
}
