/* One line an event, to standard error: "<priority>room: short fact key=value …".
 *
 * Only the edges log, each fact once; pure code returns results (result.h). The priority prefix
 * (sd-daemon(3)) is written only where standard error is a journal. Control characters in the text
 * are written as \xNN, so no input can forge a line. Never log a secret. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

/* The name that stands before every line: "warden", "front 0" … Copied. */
void log_init(const char *name, enum log_level most);
void log_set_level(enum log_level most);
/* Would a line of this level be written? For lines whose words cost something. */
bool log_wants(enum log_level level);
void log_line(enum log_level level, const char *format, ...) printf_like(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
/* Its arguments are not even looked at where nobody debugs. */
#define log_debug(...) \
	(log_wants(LOG_LEVEL_DEBUG) ? log_line(LOG_LEVEL_DEBUG, __VA_ARGS__) : (void)0)
