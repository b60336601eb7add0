/* One line an event, to standard error:
 *
 *   2026-07-01T12:00:00.123Z warning front 0: short fact key=value other="a value with spaces"
 *   <4>front 0: short fact key=value …                           to a journal, which has the time
 *
 * Only the edges log, each fact once; pure code returns results (result.h). The priority prefix is that of
 * sd-daemon(3). Control characters in the text are written as \xNN, so no input can forge a line; values that
 * somebody else has chosen go through log_quoted(), so that none can forge a key. Never log a secret. */
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* A value in quotes, with those inside escaped; cut where it is too long. */
#define LOG_VALUE_SIZE 512
char *log_quote(char out[LOG_VALUE_SIZE], const char *text);
/* The same for the arguments of a line: lives until the end of the block. */
#define log_quoted(text) log_quote((char[LOG_VALUE_SIZE]){0}, (text))

/* For lines that are not written by log_line() (front/access.h): what stands before them. Give the
 * size. */
#define LOG_TIME_SIZE 32
size_t log_time(char out[LOG_TIME_SIZE], int64_t wall_us);
#define LOG_HEAD_SIZE 128
size_t log_head(char out[LOG_HEAD_SIZE], enum log_level level, const char *name, int64_t wall_us);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
/* Its arguments are not even looked at where nobody debugs. */
#define log_debug(...) \
	(log_wants(LOG_LEVEL_DEBUG) ? log_line(LOG_LEVEL_DEBUG, __VA_ARGS__) : (void)0)
