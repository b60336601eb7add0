/* What `ps` prints for the warden. Each case runs in a process of its own: this executable, started
 * with the arguments and environment of the case. */
#include "unit.h"

#include "warden/title.h"

#include "base/compiler.h"

#include <fcntl.h>
#include <sys/wait.h>

#define TITLE "stillgood: warden"

/* Sets the title and prints the command line as /proc shows it, then what is left of a variable. */
static int show(int argc, char **argv)
{
	char line[256];
	title_set(argc, argv, TITLE);
	int fd = open("/proc/self/cmdline", O_RDONLY);
	ssize_t size = read(fd, line, sizeof(line));
	close(fd);
	const char *kept = getenv("KEPT");
	printf("%.*s|%s", (int)strnlen(line, size < 0 ? 0 : (size_t)size), line, kept ? kept : "");
	return 0;
}

static void expect_shown(char *const *arguments, char *const *environment, const char *expected)
{
	int ends[2], status;
	char text[512] = "";
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execve("/proc/self/exe", arguments, environment);
		_exit(127);
	}
	close(ends[1]);
	for (ssize_t got, size = 0;
	     (got = read(ends[0], text + size, sizeof(text) - 1 - (size_t)size)) > 0;)
		size += got;
	close(ends[0]);
	waitpid(pid, &status, 0);
	assert_string_equal(text, expected);
}

static char kept[] = "KEPT=value", serve[] = "serve", option[] = "-c";
static char path[] = "/etc/stillgood/stillgood.conf", name[] = "show", brief[] = "s";

static void long_arguments_are_replaced(void **state)
{
	(void)state;
	expect_shown((char *[]){name, serve, option, path, NULL}, (char *[]){kept, NULL},
		     TITLE "|value");
}

static void short_arguments_make_room_and_the_environment_survives(void **state)
{
	(void)state;
	expect_shown((char *[]){name, brief, NULL}, (char *[]){kept, NULL}, TITLE "|value");
}

static void without_room_nothing_changes(void **state)
{
	(void)state;
	expect_shown((char *[]){name, brief, NULL}, (char *[]){NULL}, "show|");
}

int main(int argc, char **argv)
{
	if (strcmp(argv[0], "show") == 0)
		return show(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_arguments_are_replaced),
		cmocka_unit_test(short_arguments_make_room_and_the_environment_survives),
		cmocka_unit_test(without_room_nothing_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
