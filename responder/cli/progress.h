/* A progress bar on standard error, drawn only where that is a terminal and at most ten times a
 * second. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown; /* standard error is a terminal */
	bool drawn; /* a bar stands there now */
	const char *what; /* "lines"; borrowed */
	uint64_t total; /* in the unit of `done`; 0: not known, then only the count is shown */
	int64_t next_us;
};

void progress_init(struct progress *progress, const char *what, uint64_t total);
/* `done` of the total, `count` things. */
void progress_update(struct progress *progress, uint64_t done, uint64_t count);
/* Shows that something without a measure goes on. */
void progress_say(struct progress *progress, const char *text);
/* Takes the bar away, so that what is printed next stands on a clean line. */
void progress_deinit(struct progress *progress);
