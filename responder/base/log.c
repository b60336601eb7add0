#include "base/log.h"

#include "base/clock.h"
#include "base/timetext.h"

#include <stdarg.h>
#include <sys/stat.h>

#define LINE_SIZE 2048

static struct {
	char name[32];
	enum log_level most;
	bool journal;
} log_state = {.name = "stillgood", .most = LOG_LEVEL_INFO};

/* systemd names the device and inode of the stream that it connected (JOURNAL_STREAM). */
static bool writes_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat status;
	char actual[64];
	if (!stream || fstat(STDERR_FILENO, &status) < 0)
		return false;
	(void)snprintf(actual, sizeof(actual), "%lu:%lu", (unsigned long)status.st_dev,
		       (unsigned long)status.st_ino);
	return strcmp(actual, stream) == 0;
}

void log_init(const char *name, enum log_level most)
{
	(void)snprintf(log_state.name, sizeof(log_state.name), "%s", name);
	log_state.most = most;
	log_state.journal = writes_to_journal();
}

void log_set_level(enum log_level most)
{
	log_state.most = most;
}

/* Copies text with control characters escaped; returns the new length. */
static size_t put_escaped(char *line, size_t used, size_t size, const char *text)
{
	for (const char *p = text; *p && used + 4 < size; p++) {
		unsigned char c = (unsigned char)*p;
		if (c >= 0x20 && c != 0x7f)
			line[used++] = (char)c;
		else
			used += (size_t)snprintf(line + used, size - used, "\\x%02x", c);
	}
	return used;
}

char *log_quote(char out[LOG_VALUE_SIZE], const char *text)
{
	size_t used = 0;
	out[used++] = '"';
	for (; *text && used + 6 < LOG_VALUE_SIZE; text++) {
		if (*text == '"' || *text == '\\')
			out[used++] = '\\';
		out[used++] = *text;
	}
	out[used++] = '"';
	out[used] = '\0';
	return out;
}

static const char *level_word(enum log_level level)
{
	return level == LOG_LEVEL_ERROR     ? "error"
	       : level == LOG_LEVEL_WARNING ? "warning"
	       : level == LOG_LEVEL_INFO    ? "info"
					    : "debug";
}

size_t log_time(char out[LOG_TIME_SIZE], int64_t wall_us)
{
	time_put_iso(out, wall_seconds(wall_us));
	int written = snprintf(out + ISO_TIME_SIZE - 1, LOG_TIME_SIZE - ISO_TIME_SIZE + 1, ".%03dZ",
			       (int)(wall_us % SECOND_US / MILLISECOND_US));
	return ISO_TIME_SIZE - 1 + (size_t)written;
}

/* A journal adds the time by itself, and shows the level as a color. */
size_t log_head(char out[LOG_HEAD_SIZE], enum log_level level, const char *name, int64_t wall_us)
{
	char time[LOG_TIME_SIZE];
	int size;
	if (log_state.journal) {
		size = snprintf(out, LOG_HEAD_SIZE, "<%d>%s: ", (int)level, name);
	} else {
		(void)log_time(time, wall_us);
		size = snprintf(out, LOG_HEAD_SIZE, "%s %s %s: ", time, level_word(level), name);
	}
	return (size_t)size;
}

bool log_wants(enum log_level level)
{
	return level <= log_state.most;
}

void log_line(enum log_level level, const char *format, ...)
{
	if (!log_wants(level))
		return;
	char text[LINE_SIZE / 2];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);

	char line[LINE_SIZE];
	size_t used = log_head(line, level, log_state.name, clock_now().wall_us);
	used = put_escaped(line, used, sizeof(line) - 1, text);
	line[used++] = '\n';
	/* One write a line, so that lines of several processes do not mix. A log that cannot be
	 * written (full disk, journal stopped) must never stop the service. */
	ssize_t written = write(STDERR_FILENO, line, used);
	(void)written;
}
