/* Whole files: bounded, and a failure says which file and why and leaves the buffer alone. */
#include "unit.h"

#include "base/file.h"

#include <fcntl.h>

static void write_file(const char *path, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	for (size_t i = 0; i < size; i++) {
		uint8_t octet = (uint8_t)i;
		assert_int_equal(write(fd, &octet, 1), 1);
	}
	assert_int_equal(close(fd), 0);
}

static int make_file(void **state)
{
	static char path[] = "/tmp/stillgood-file-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	*state = path;
	return 0;
}

static int remove_file(void **state)
{
	return unlink(*state);
}

static void check_failure(const char *path, size_t most, int expected, const char *reason)
{
	struct buffer b = {0};
	struct fault fault;
	buffer_put_string(&b, "before");
	assert_int_equal(file_read(path, most, &b, &fault), expected);
	assert_view_equal(buffer_view(&b), view_of_string("before"));
	assert_ptr_equal(strstr(fault.text, path), fault.text);
	assert_non_null(strstr(fault.text, reason));
	buffer_deinit(&b);
}

static void a_failure_names_the_file_and_the_reason(void **state)
{
	(void)state;
	check_failure("/nonexistent/file", 10, -ENOENT, "No such file");
	check_failure("/tmp", 10, -EISDIR, "is a directory");
}

static void a_file_above_the_bound_is_refused(void **state)
{
	write_file(*state, 70001);
	check_failure(*state, 70000, -EFBIG, "larger than 70000 bytes");
	check_failure(*state, 0, -EFBIG, "larger than 0 bytes");
}

static void read_text(const char *path, const char *text, size_t size, struct buffer *out)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(file_read_pem(path, 1000, out, NULL), 0);
}

/* OpenSSL would lose the block behind it without a word. */
static void byte_order_marks_before_pem_become_line_ends(void **state)
{
	static const char text[] = "\xef\xbb\xbf-----BEGIN A-----\n\xef\xbb\xbf-----BEGIN B-----";
	static const char octets[] = "0\x82\xef\xbb\xbf\0";
	struct buffer b = {0};
	read_text(*state, text, sizeof(text) - 1, &b);
	assert_view_equal(buffer_view(&b),
			  view_of_string("\n\n\n-----BEGIN A-----\n\n\n\n-----BEGIN B-----"));
	buffer_reset(&b);
	read_text(*state, octets, sizeof(octets) - 1, &b);
	assert_view_equal(buffer_view(&b), view_of(octets, sizeof(octets) - 1));
	buffer_deinit(&b);
}

static void a_fault_is_optional(void **state)
{
	(void)state;
	struct buffer b = {0};
	assert_int_equal(file_read("/nonexistent/file", 10, &b, NULL), -ENOENT);
	buffer_deinit(&b);
}

static void a_file_up_to_the_bound_is_appended(void **state)
{
	write_file(*state, 70000);
	struct buffer b = {0};
	struct fault fault;
	buffer_put_u8(&b, 'x');
	assert_int_equal(file_read(*state, 70000, &b, &fault), 0);
	assert_int_equal(b.size, 70001);
	assert_int_equal(b.data[0], 'x');
	assert_int_equal(b.data[70000], (uint8_t)69999);
	buffer_deinit(&b);
}

static void an_empty_file_is_empty(void **state)
{
	write_file(*state, 0);
	struct buffer b = {0};
	assert_int_equal(file_read(*state, 0, &b, NULL), 0);
	assert_int_equal(b.size, 0);
	buffer_deinit(&b);
}

/* A buffer with a bound of its own needs room for the file, not for the pieces it is read in. */
static void a_small_file_fits_a_small_buffer(void **state)
{
	write_file(*state, 100);
	struct buffer b = {.most = 120};
	assert_int_equal(file_read(*state, 110, &b, NULL), 0);
	assert_int_equal(b.size, 100);
	buffer_deinit(&b);
}

static void a_fault_too_long_is_cut(void **state)
{
	(void)state;
	char text[2 * FAULT_TEXT_SIZE];
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	struct fault fault;
	assert_int_equal(fault_set(&fault, -EINVAL, "%s", text), -EINVAL);
	assert_int_equal(strlen(fault.text), FAULT_TEXT_SIZE - 1);
	assert_int_equal(fault_set(NULL, -EINVAL, "%s", text), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_names_the_file_and_the_reason),
		cmocka_unit_test(a_file_above_the_bound_is_refused),
		cmocka_unit_test(a_fault_is_optional),
		cmocka_unit_test(byte_order_marks_before_pem_become_line_ends),
		cmocka_unit_test(a_fault_too_long_is_cut),
		cmocka_unit_test(a_file_up_to_the_bound_is_appended),
		cmocka_unit_test(an_empty_file_is_empty),
		cmocka_unit_test(a_small_file_fits_a_small_buffer),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
