#include "cli/crl_import.h"

#include "cli/command.h"
#include "cli/crl_run.h"

#include <inttypes.h>

static void add_up(const struct crl_run *run, struct crl_outcome *outcome)
{
	outcome->this_update = outcome->next_update = TIME_NONE;
	outcome->problems = run->report.counts[IMPORT_PROBLEM];
	for (size_t i = 0; i < run->inputs.count; i++) {
		const struct crl_input *input = &run->inputs.list[i];
		if (input->fate != CRL_TAKEN)
			continue;
		outcome->changed = true;
		outcome->imported += input->imported;
		outcome->changes += input->changed;
		outcome->released += input->released;
		outcome->this_update = input->crl.this_update;
		outcome->next_update = input->crl.next_update;
		outcome->lapsed =
			input->crl.next_update != TIME_NONE && input->crl.next_update <= run->now;
	}
}

static bool has_any(const struct crl_run *run, enum crl_fate fate)
{
	bool found = false;
	for (size_t i = 0; i < run->inputs.count; i++)
		found = found || run->inputs.list[i].fate == fate;
	return found;
}

static int import(struct crl_run *run, const struct crl_delivery *delivery, struct fault *fault)
{
	int result = crl_inputs_add_descriptor(&run->inputs, delivery->fd, delivery->origin,
					       &run->report, fault);
	if (result == 0)
		result = crl_run_open(run, fault);
	if (result == 0)
		result = crl_run_judge(run, fault);
	if (result == 0)
		result = crl_run_record(run, fault);
	if (result == 0 && !has_any(run, CRL_TAKEN) && !has_any(run, CRL_HAD_BEFORE))
		return fault_set(fault, -EBADMSG, "%s", run->report.first_problem.text);
	return result;
}

static void say(struct crl_outcome *outcome, const struct import_report *report)
{
	const char *problem = report->first_problem.text;
	if (outcome->changed)
		(void)fault_set(&outcome->said, 0,
				"%" PRIu64 " imported, %" PRIu64 " changed, %" PRIu64
				" released%s%s",
				outcome->imported, outcome->changes, outcome->released,
				*problem ? "; " : "", problem);
	else
		(void)fault_set(&outcome->said, 0, "it was there before%s%s", *problem ? "; " : "",
				problem);
}

int crl_import_delivery(const struct crl_delivery *delivery, struct crl_outcome *ret,
			struct fault *fault)
{
	static const struct command command = {.name = "import crl"};
	struct command_line line = {.command = &command};
	struct crl_outcome outcome = {0};
	line.values[OPTION_DATABASE] = delivery->conninfo;
	line.values[OPTION_ISSUER] = delivery->issuer;
	cleanup(crl_run_deinit) struct crl_run run = {0};
	int result = crl_run_init(&run, &line, fault);
	if (result == 0)
		result = import(&run, delivery, fault);
	if (result)
		return result;
	add_up(&run, &outcome);
	say(&outcome, &run.report);
	*ret = outcome;
	return 0;
}
