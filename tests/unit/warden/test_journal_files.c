/* The files of the journal (I-10): who may have them, and what follows where nobody can. */
#include "unit.h"

#include "made_conf.h"
#include "warden/journal_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

static char folder[64];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/stillgood-test-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static const char *path_of(const char *name)
{
	static char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path_of("revocations.a"));
	(void)unlink(path_of("revocations.b"));
	return rmdir(folder);
}

static struct conf_server named(char *path)
{
	struct conf_server server = made_conf_of(CONF_WARDEN, NULL, 0).server;
	server.journal = path;
	server.journal_named = true;
	return server;
}

static void it_makes_two_files_that_nobody_else_may_read(void **state)
{
	(void)state;
	static const char *const names[] = {"revocations.a", "revocations.b"};
	struct conf_server server = named(folder);
	struct journal_files files;
	struct fault fault = {""};
	struct stat status;
	assert_int_equal(journal_files_open(&server, &files, &fault), 0);
	assert_int_equal(files.count, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(stat(path_of(names[i]), &status), 0);
		assert_int_equal(status.st_mode & 0777, 0600);
		assert_int_equal(write(files.descriptors[i], names[i], 13), 13);
		assert_int_equal(fcntl(files.descriptors[i], F_GETFD), FD_CLOEXEC);
	}
	journal_files_close(&files);
	/* What is in them stays. */
	assert_int_equal(journal_files_open(&server, &files, &fault), 0);
	char text[14] = "";
	assert_int_equal(pread(files.descriptors[1], text, 13, 0), 13);
	assert_string_equal(text, "revocations.b");
	journal_files_close(&files);
}

static void none_is_no_file(void **state)
{
	(void)state;
	struct conf_server server = named(NULL);
	struct journal_files files;
	struct fault fault = {""};
	assert_int_equal(journal_files_try(&server, &fault), 0);
	assert_int_equal(journal_files_open(&server, &files, &fault), 0);
	assert_int_equal(files.count, 0);
}

/* Only a folder that somebody asked for must be usable. */
static void expect_unusable(char *path, int error, const char *why)
{
	struct conf_server server = named(path);
	struct journal_files files;
	struct fault fault = {""};
	assert_int_equal(journal_files_open(&server, &files, &fault), -error);
	assert_non_null(strstr(fault.text, why));
	assert_non_null(strstr(fault.text, path));
	assert_int_equal(files.count, 0);
	server.journal_named = false;
	assert_int_equal(journal_files_open(&server, &files, &fault), JOURNAL_FILES_UNUSABLE);
	assert_int_equal(files.count, 0);
}

static void a_folder_that_is_missing_is_named(void **state)
{
	(void)state;
	char missing[] = "/tmp/stillgood-test-nowhere";
	expect_unusable(missing, ENOENT, "make the folder");
	struct conf_server server = named(missing);
	struct fault fault = {""};
	assert_int_equal(journal_files_try(&server, &fault), -ENOENT);
	server.journal_named = false;
	assert_int_equal(journal_files_try(&server, &fault), JOURNAL_FILES_UNUSABLE);
}

static void a_link_in_the_place_of_a_file_is_not_followed(void **state)
{
	(void)state;
	struct conf_server server = named(folder);
	struct fault fault = {""};
	assert_int_equal(symlink("/tmp/stillgood-test-elsewhere", path_of("revocations.b")), 0);
	expect_unusable(folder, ELOOP, "revocations.b");
	assert_int_equal(journal_files_try(&server, &fault), -ELOOP);
}

static void looking_makes_nothing(void **state)
{
	(void)state;
	struct conf_server server = named(folder);
	struct fault fault = {""};
	assert_int_equal(journal_files_try(&server, &fault), 0);
	assert_int_equal(access(path_of("revocations.a"), F_OK), -1);
}

static void another_instances_files_are_not_taken(void **state)
{
	(void)state;
	struct conf_server server = named(folder);
	struct journal_files files;
	struct fault fault = {""};
	assert_int_equal(journal_files_open(&server, &files, &fault), 0);
	expect_unusable(folder, EWOULDBLOCK, "another instance uses it");
	assert_int_equal(journal_files_try(&server, &fault), 0); /* the next start may have them */
	journal_files_close(&files);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_makes_two_files_that_nobody_else_may_read),
		TEST(none_is_no_file),
		TEST(a_folder_that_is_missing_is_named),
		TEST(a_link_in_the_place_of_a_file_is_not_followed),
		TEST(looking_makes_nothing),
		TEST(another_instances_files_are_not_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
