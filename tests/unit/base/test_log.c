/* Log lines: no text that came from outside can forge one or drive a terminal. */
#include "unit.h"

#include "base/log.h"

#include <fcntl.h>
#include <sys/stat.h>

/* What `write_lines` sends to standard error, as one string. */
static void capture(void (*write_lines)(void), char *out, size_t size)
{
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(saved >= 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	write_lines();
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(saved), 0);
	assert_int_equal(close(ends[1]), 0);
	ssize_t got = read(ends[0], out, size - 1);
	assert_true(got >= 0);
	out[got] = '\0';
	assert_int_equal(close(ends[0]), 0);
}

/* The same, without the time that stands before each line: "2026-07-01T12:00:00.123Z ". */
static void capture_timed(void (*write_lines)(void), char *out, size_t size)
{
	static const char pattern[] = "dddd-dd-ddTdd:dd:dd.dddZ ";
	char *to = out;
	capture(write_lines, out, size);
	for (const char *from = out; *from;) {
		for (const char *p = pattern; *p; p++, from++)
			if (*p == 'd' ? *from < '0' || *from > '9' : *from != *p)
				fail_msg("no time before %s", from);
		const char *end = strchr(from, '\n') + 1;
		memmove(to, from, (size_t)(end - from));
		to += end - from;
		from = end;
	}
	*to = '\0';
}

static void write_hostile(void)
{
	log_init("test", LOG_LEVEL_INFO);
	log_info("path=%s", "a\r\nfront 0: forged\x1b[2J\x7f\t");
}

static void control_characters_are_escaped(void **state)
{
	(void)state;
	char text[1024];
	capture_timed(write_hostile, text, sizeof(text));
	assert_string_equal(text, "info test: path=a\\x0d\\x0afront 0: forged\\x1b[2J\\x7f\\x09\n");
}

static void write_utf8(void)
{
	log_init("test", LOG_LEVEL_INFO);
	log_info("issuer=%s", "\xe8\xaa\x8d\xe8\xa8\xbc");
}

static void names_in_utf_8_stay_legible(void **state)
{
	(void)state;
	char text[1024];
	capture_timed(write_utf8, text, sizeof(text));
	assert_string_equal(text, "info test: issuer=\xe8\xaa\x8d\xe8\xa8\xbc\n");
}

static void write_long(void)
{
	char text[8192];
	log_init("a name that is longer than the room there is for one", LOG_LEVEL_INFO);
	memset(text, '\n', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
}

static void a_long_line_is_cut_and_stays_one_line(void **state)
{
	(void)state;
	char text[8192];
	capture(write_long, text, sizeof(text));
	size_t size = strlen(text);
	assert_true(size > 1000 && size <= 2048);
	assert_ptr_equal(strchr(text, '\n'), text + size - 1);
}

static void write_levels(void)
{
	log_init("test", LOG_LEVEL_WARNING);
	log_error("error");
	log_warning("warning");
	log_info("info");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("debug");
}

static void lines_above_the_level_are_not_written(void **state)
{
	(void)state;
	char text[1024];
	capture_timed(write_levels, text, sizeof(text));
	assert_string_equal(text, "error test: error\nwarning test: warning\ndebug test: debug\n");
}

static void write_to_journal(void)
{
	struct stat status;
	char stream[64];
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	(void)snprintf(stream, sizeof(stream), "%lu:%lu", (unsigned long)status.st_dev,
		       (unsigned long)status.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_init("test", LOG_LEVEL_INFO);
	log_warning("warning");
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	log_init("test", LOG_LEVEL_INFO);
	log_warning("plain");
}

/* sd-daemon(3). */
static int looked_at;

static void write_debug(void)
{
	log_init("test", LOG_LEVEL_INFO);
	log_debug("asked=%d", ++looked_at);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("asked=%d", ++looked_at);
}

static void a_debug_line_costs_nothing_where_nobody_debugs(void **state)
{
	(void)state;
	char text[1024];
	capture_timed(write_debug, text, sizeof(text));
	assert_string_equal(text, "debug test: asked=1\n");
}

static void only_a_journal_gets_the_priority(void **state)
{
	(void)state;
	char text[1024];
	capture(write_to_journal, text, sizeof(text));
	assert_memory_equal(text, "<4>test: warning\n", 17);
	assert_non_null(strstr(text + 17, "Z warning test: plain\n"));
}

static void write_quoted(void)
{
	log_init("test", LOG_LEVEL_INFO);
	log_info("fact issuer=%s signer=%s", log_quoted("A \" level=\\error"), log_quoted(""));
}

static void values_of_others_cannot_forge_a_key(void **state)
{
	(void)state;
	char text[1024], longest[2000];
	capture_timed(write_quoted, text, sizeof(text));
	assert_string_equal(text,
			    "info test: fact issuer=\"A \\\" level=\\\\error\" signer=\"\"\n");
	memset(longest, '"', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	const char *quoted = log_quoted(longest);
	assert_true(strlen(quoted) < LOG_VALUE_SIZE);
	assert_string_equal(quoted + strlen(quoted) - 3, "\\\"\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(a_debug_line_costs_nothing_where_nobody_debugs),
		cmocka_unit_test(a_long_line_is_cut_and_stays_one_line),
		cmocka_unit_test(lines_above_the_level_are_not_written),
		cmocka_unit_test(names_in_utf_8_stay_legible),
		cmocka_unit_test(values_of_others_cannot_forge_a_key),
		cmocka_unit_test(only_a_journal_gets_the_priority),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
