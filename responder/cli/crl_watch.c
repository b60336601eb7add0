#include "cli/crl_watch.h"

#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>

#define SERIALS_SAID 3

static void say(const struct crl_comparison *comparison, struct fault *said)
{
	const PGresult *rows = comparison->rows;
	struct buffer text = {.most = sizeof(said->text) - 1};
	for (size_t i = 0; i < CRL_DIFFERENCES; i++)
		if (comparison->counts[i] > 0)
			buffer_printf(&text, "%s%" PRIu64 " %s", text.size ? ", " : "",
				      comparison->counts[i], crl_difference_names[i]);
	for (int row = 0; row < PQntuples(rows) && row < SERIALS_SAID; row++)
		buffer_printf(&text, "%s%s %s", row ? ", " : ": ", PQgetvalue(rows, row, 0),
			      PQgetvalue(rows, row, 1));
	(void)fault_set(said, 0, "%.*s", (int)text.size, text.data ? (const char *)text.data : "");
	buffer_deinit(&text);
}

/* One CRL that can be compared. */
static const struct crl_input *find(const struct crl_run *run)
{
	for (size_t i = 0; i < run->inputs.count; i++)
		if (run->inputs.list[i].issuer && run->inputs.list[i].crl.base_number.size == 0)
			return &run->inputs.list[i];
	return NULL;
}

static int watch(struct crl_run *run, const struct crl_delivery *delivery, struct crl_watched *ret,
		 struct fault *fault)
{
	cleanup(crl_comparison_deinit) struct crl_comparison comparison = {0};
	int result = crl_inputs_add_descriptor(&run->inputs, delivery->fd, delivery->origin,
					       &run->report, fault);
	if (result == 0)
		result = crl_run_open(run, fault);
	if (result == 0)
		result = crl_run_judge(run, fault);
	const struct crl_input *input = result ? NULL : find(run);
	const char *problem = run->report.first_problem.text;
	if (result == 0 && !input)
		return fault_set(fault, -EBADMSG, "%s", *problem ? problem : "it is a delta CRL");
	if (result == 0)
		result = crl_compare(run, input, &comparison, fault);
	if (result)
		return result;
	memcpy(ret->counts, comparison.counts, sizeof(ret->counts));
	say(&comparison, &ret->said);
	return 0;
}

int crl_watch_delivery(const struct crl_delivery *delivery, struct crl_watched *ret,
		       struct fault *fault)
{
	static const struct command command = {.name = "diff"};
	struct command_line line = {.command = &command};
	struct crl_watched watched = {0};
	line.values[OPTION_DATABASE] = delivery->conninfo;
	line.values[OPTION_ISSUER] = delivery->issuer;
	cleanup(crl_run_deinit) struct crl_run run = {0};
	int result = crl_run_init(&run, &line, fault);
	if (result == 0)
		result = watch(&run, delivery, &watched, fault);
	if (result == 0)
		*ret = watched;
	return result;
}
