/* The steps that commands about CRLs share, in their order. */
#pragma once

#include "cli/crl_input.h"

struct crl_run {
	const struct command_line *line;
	struct import_report report;
	struct crl_inputs inputs;
	struct database database;
	struct registry registry;
	const struct registered *only; /* --issuer; NULL: any */
	int64_t now;
};

/* Before the inputs are read. */
must_check int crl_run_init(struct crl_run *run, const struct command_line *line,
			    struct fault *fault);
void crl_run_deinit(struct crl_run *run);
/* `role`: that a login needs. */
must_check int crl_run_open(struct crl_run *run, struct fault *fault);
/* Those that are not to be believed are findings; their issuer stays NULL. Then the others are in the order in
 * which they were issued. */
must_check int crl_run_judge(struct crl_run *run, struct fault *fault);
/* One transaction, whose end import_end() is. */
must_check int crl_run_record(struct crl_run *run, struct fault *fault);
