#include "cli/crl_run.h"

#include "base/clock.h"
#include "base/timetext.h"
#include "cli/crl_judge.h"
#include "cli/crl_load.h"
#include "cli/crl_merge.h"
#include "cli/crl_scope.h"
#include "conf/urls.h"

#include <stdio.h>

int crl_run_init(struct crl_run *run, const struct command_line *line, struct fault *fault)
{
	const char *proxy = line->values[OPTION_PROXY_AT];
	*run = (struct crl_run){
		.line = line, .now = wall_seconds(clock_now().wall_us), .inputs.proxy = proxy};
	if (proxy && url_check_proxy(proxy) < 0)
		return fault_set(fault, STATUS_USAGE, "--proxy: write http://HOST:PORT");
	return import_report_init(&run->report, line, "entries", 0, fault);
}

void crl_run_deinit(struct crl_run *run)
{
	crl_inputs_deinit(&run->inputs);
	import_report_deinit(&run->report);
	registry_deinit(&run->registry);
	database_close(&run->database);
}

int crl_run_open(struct crl_run *run, struct fault *fault)
{
	return registry_open(run->line, &run->database, &run->registry, &run->only, fault);
}

/* ---- their order ---- */

/* By issuer; then by time, and of the same time the full one first: it makes the delta superfluous. */
static int compare(const void *left, const void *right)
{
	const struct crl_input *a = left, *b = right;
	int32_t first = a->issuer ? a->issuer->record.id : 0;
	int32_t second = b->issuer ? b->issuer->record.id : 0;
	bool delta = a->crl.base_number.size > 0, other_delta = b->crl.base_number.size > 0;
	if (first != second)
		return first < second ? -1 : 1;
	if (a->crl.this_update != b->crl.this_update)
		return a->crl.this_update < b->crl.this_update ? -1 : 1;
	if (delta != other_delta)
		return delta ? 1 : -1;
	return crl_number_compare(a->crl.number, b->crl.number);
}

int crl_run_judge(struct crl_run *run, struct fault *fault)
{
	for (size_t i = 0; i < run->inputs.count; i++) {
		struct crl_input *input = &run->inputs.list[i];
		struct fault why = {""};
		int result = crl_judge(input, &run->registry, run->only, run->now, &why);
		if (result < 0)
			return fault_set(fault, result, "%s: %s", input->place, why.text);
		if (result)
			import_note(&run->report, IMPORT_PROBLEM, "%s: %s", input->place, why.text);
	}
	if (run->inputs.count > 1)
		qsort(run->inputs.list, run->inputs.count, sizeof(*run->inputs.list), compare);
	return 0;
}

/* ---- one CRL ---- */

static void note_which(const struct crl *crl, struct crl_merge *merge)
{
	char number[CRL_NUMBER_TEXT] = "";
	time_put_iso(merge->since, crl->this_update);
	merge->since[ISO_TIME_SIZE] = '\0';
	if (crl->number.size > 0)
		crl_number_text(crl->number, number);
	(void)snprintf(merge->note, sizeof(merge->note), "CRL %s", *number ? number : merge->since);
}

static int merge_rows(struct crl_run *run, struct crl_input *input, struct crl_merge *merge,
		      struct fault *fault)
{
	bool loaded = false;
	note_which(&input->crl, merge);
	int result = crl_load(merge, run->now, &loaded, fault);
	if (result == 0 && !loaded)
		result = crl_copy(&run->database, input, run->now, &run->report, &merge->rows,
				  fault);
	if (result == 0 && !loaded)
		result = crl_merge(merge, fault);
	input->imported = merge->imported;
	input->changed = merge->changed;
	input->released = merge->released;
	return result;
}

/* A revocation that was not recorded would be good by absence; a delta adds to what was proven before. */
static bool proves_absence(const struct crl_input *input, const struct crl_scope *scope,
			   const struct crl_merge *merge)
{
	bool delta = input->crl.base_number.size > 0;
	return merge->unrecorded == 0 && !(input->crl.limits & CRL_SOME_REASONS) &&
	       (!delta || scope->proves_absence);
}

static int say_what_it_proves(struct crl_run *run, struct crl_input *input,
			      const struct crl_scope *scope, struct fault *fault)
{
	struct fault why = {""};
	int result = crl_scope_proves(&run->database, scope, &input->proves_absence, &why, fault);
	if (result == 0 && !input->proves_absence)
		import_note(&run->report, IMPORT_WARNING,
			    "%s: that a certificate of \"%s\" is on no CRL proves nothing: %s",
			    input->place, input->issuer->record.name, why.text);
	return result;
}

static int take(struct crl_run *run, struct crl_input *input, const struct crl_scope *scope,
		struct fault *fault)
{
	struct crl_merge merge = {
		.database = &run->database,
		.report = &run->report,
		.input = input,
		.first = !scope->known.there,
		.scope = scope->name,
	};
	(void)snprintf(merge.issuer, sizeof(merge.issuer), "%s", scope->issuer);
	int result = crl_scope_name(&run->database, input, scope, merge.crl, fault);
	if (result == 0)
		result = merge_rows(run, input, &merge, fault);
	if (result == 0)
		result = crl_scope_record(&run->database, input, scope, merge.crl,
					  proves_absence(input, scope, &merge), fault);
	if (result == 0)
		result = say_what_it_proves(run, input, scope, fault);
	if (result == 0)
		input->fate = CRL_TAKEN;
	return result;
}

static int place(struct crl_run *run, struct crl_input *input, struct fault *fault)
{
	cleanup(crl_scope_deinit) struct crl_scope scope = {0};
	struct fault why = {""};
	int result = crl_scope_lock(&run->database, input, &scope, fault);
	if (result)
		return result;
	switch (crl_place_of(&input->crl, view_of(input->sha256, sizeof(input->sha256)),
			     &scope.known, &why)) {
	case CRL_FOLLOWS:
		return take(run, input, &scope, fault);
	case CRL_KNOWN:
		input->fate = CRL_HAD_BEFORE;
		return 0;
	case CRL_MISPLACED:
		import_note(&run->report, IMPORT_PROBLEM, "%s: %s", input->place, why.text);
		break;
	}
	return 0;
}

int crl_run_record(struct crl_run *run, struct fault *fault)
{
	int result = database_run(&run->database, "BEGIN; " CRL_TABLE_SQL, fault);
	for (size_t i = 0; result == 0 && i < run->inputs.count; i++)
		if (run->inputs.list[i].issuer)
			result = place(run, &run->inputs.list[i], fault);
	return result ? result : import_end(&run->report, &run->database, fault);
}
