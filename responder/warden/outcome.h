/* What came of a reload, for whoever asked and for the log: why not, or what is applied and what is not. */
#pragma once

#include "warden/preflight.h"

#include <json-c/json.h>

struct outcome {
	struct json_object *reasons; /* why it is refused, a line each */
	struct json_object *warnings;
	struct json_object *restart; /* options that were changed and need one: "[server] fronts" */
	/* Refusals that count only where the running instance does not have that trouble itself: pairs of
	 * issuer and reason. */
	struct json_object *doubtful;
	bool other_database; /* than before: what is wrong with it is new */
};

void outcome_init(struct outcome *outcome);
void outcome_deinit(struct outcome *outcome);
void outcome_refuse(struct outcome *outcome, const char *format, ...) printf_like(2, 3);
/* preflight.found: its context is the outcome. */
void outcome_take(void *context, const struct preflight_finding *finding);
/* conf_keep(): its context is the outcome. */
void outcome_restart(void *context, const char *section, const char *name);
bool outcome_refused(const struct outcome *outcome);
bool outcome_doubts(const struct outcome *outcome);
/* Doubtful ones that concern an issuer that a room's report shows in trouble are warnings. */
void outcome_excuse(struct outcome *outcome, struct view report);
/* The others refuse. */
void outcome_judge(struct outcome *outcome);
/* Logs it all, and appends the JSON object. `changed` no: there was nothing to do. */
void outcome_tell(const struct outcome *outcome, bool changed, struct buffer *out);
