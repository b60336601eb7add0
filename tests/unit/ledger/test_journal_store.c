/* The journal's files on disk: what is written is there, what could not be written leaves no trace. */
#include "unit.h"

#include "ledger/journal_store.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct journal_store new_store(void)
{
	return (struct journal_store){
		.fd = {memfd_create("a", MFD_CLOEXEC), memfd_create("b", MFD_CLOEXEC)}};
}

static off_t size_of(int fd)
{
	struct stat status;
	assert_int_equal(fstat(fd, &status), 0);
	return status.st_size;
}

static void it_appends_and_swaps(void **state)
{
	(void)state;
	cleanup(journal_store_close) struct journal_store store = new_store();
	char bytes[8] = "";
	assert_int_equal(journal_store_append(&store, view_of_string("ab")), 0);
	assert_int_equal(journal_store_append(&store, view_of_string("cd")), 0);
	assert_int_equal(pread(store.fd[0], bytes, sizeof(bytes), 0), 4);
	assert_string_equal(bytes, "abcd");
	assert_int_equal(journal_store_swap(&store), 0);
	assert_int_equal(journal_store_append(&store, view_of_string("e")), 0);
	assert_int_equal(size_of(store.fd[0]), 4);
	assert_int_equal(size_of(store.fd[1]), 1);
	assert_int_equal(journal_store_swap(&store), 0);
	assert_int_equal(size_of(store.fd[0]), 0); /* emptied when it is written again */
	assert_int_equal(size_of(store.fd[1]), 1);
}

/* doc/faults.md row 27: a disk that becomes full in the midst of a write. */
static void half_of_what_did_not_fit_is_taken_out_again(void **state)
{
	(void)state;
	char path[] = "/tmp/stillgood-journal-XXXXXX";
	int file = mkstemp(path);
	assert_true(file >= 0);
	(void)unlink(path);
	cleanup(journal_store_close) struct journal_store store = {
		.fd = {file, memfd_create("b", MFD_CLOEXEC)}};
	struct rlimit before, small = {.rlim_cur = 10};
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(journal_store_append(&store, view_of_string("123456")), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int result = journal_store_append(&store, view_of_string("789012"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(result < 0);
	assert_int_equal(size_of(file), 6);
	assert_int_equal(journal_store_append(&store, view_of_string("7")), 0);
	assert_int_equal(size_of(file), 7);
}

static void a_closed_one_says_so(void **state)
{
	(void)state;
	struct journal_store store = {.fd = {-1, -1}};
	assert_int_equal(journal_store_append(&store, view_of_string("a")), -EBADF);
	assert_int_equal(journal_store_swap(&store), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_appends_and_swaps),
		cmocka_unit_test(half_of_what_did_not_fit_is_taken_out_again),
		cmocka_unit_test(a_closed_one_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
