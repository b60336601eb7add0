/* What a room that is locked in does about files that come new (room/sandbox.h). */
#include "unit.h"

#include "room/landlock.h"
#include "room/sandbox.h"

#include "made_conf.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static char folder[64], path[96], other[96];

static void put(const char *where)
{
	int fd = open(where, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0 && close(fd) == 0);
}

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/stillgood-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	(void)snprintf(other, sizeof(other), "%s/other", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(other);
	return rmdir(folder);
}

/* As it is for a room that looks at `path`, entered now: what it sees later is judged by that. */
static void enter(struct sandbox *sandbox)
{
	*sandbox = (struct sandbox){0};
	sandbox_reads(sandbox, path);
	sandbox_reads(sandbox, NULL);
	sandbox_look(sandbox);
	sandbox->landlock = 1;
}

static void what_is_as_it_was_is_not_outdated(void **state)
{
	(void)state;
	cleanup(sandbox_deinit) struct sandbox entered, now = {0};
	put(path);
	enter(&entered);
	sandbox_reads(&now, path);
	assert_null(sandbox_outdated(&entered, &now));
	assert_int_equal(unlink(path), 0); /* what is gone nobody can open */
	assert_null(sandbox_outdated(&entered, &now));
}

static void a_file_that_came_is_known(void **state)
{
	(void)state;
	cleanup(sandbox_deinit) struct sandbox entered, now = {0};
	enter(&entered);
	sandbox_reads(&now, path);
	assert_null(sandbox_outdated(&entered, &now));
	put(path);
	assert_string_equal(sandbox_outdated(&entered, &now), path);
}

static void a_file_that_was_replaced_is_known(void **state)
{
	(void)state;
	cleanup(sandbox_deinit) struct sandbox entered, now = {0};
	put(path);
	enter(&entered);
	sandbox_reads(&now, path);
	put(other);
	assert_int_equal(rename(other, path), 0);
	assert_string_equal(sandbox_outdated(&entered, &now), path);
	entered.landlock = 0; /* then nothing keeps it from the new one */
	assert_null(sandbox_outdated(&entered, &now));
}

static void another_path_of_the_same_file_is_known_already(void **state)
{
	(void)state;
	cleanup(sandbox_deinit) struct sandbox entered, now = {0};
	put(path);
	enter(&entered);
	assert_int_equal(link(path, other), 0);
	sandbox_reads(&now, other);
	assert_null(sandbox_outdated(&entered, &now));
}

static void too_many_files_are_no_silent_gap(void **state)
{
	(void)state;
	cleanup(sandbox_deinit) struct sandbox sandbox = {0};
	struct fault fault = {""};
	cleanup(conf_freep) struct conf *conf =
		made_conf(CONF_FRONT, MADE_DATABASE MADE_ISSUER("made"));
	for (unsigned i = 0; i <= SANDBOX_PATHS; i++)
		sandbox_reads(&sandbox, "/nowhere");
	assert_int_equal(sandbox_enter(&sandbox, conf, &fault), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_as_it_was_is_not_outdated, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_file_that_came_is_known, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_file_that_was_replaced_is_known, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(another_path_of_the_same_file_is_known_already,
						make_folder, remove_folder),
		cmocka_unit_test(too_many_files_are_no_silent_gap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
