/* Fields for requests to caches, out of a file that holds secrets (doc/faults.md row 33). */
#include "unit.h"

#include "net/headers.h"

#include <fcntl.h>

static char path[] = "/tmp/stillgood-headers-XXXXXX";

static struct headers headers;
static struct fault fault;

static int read_text(struct view text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.data, text.size), (ssize_t)text.size);
	close(fd);
	headers_deinit(&headers);
	headers = (struct headers){0};
	fault = (struct fault){""};
	return headers_read(path, &headers, &fault);
}

static int read_string(const char *text)
{
	return read_text(view_of_string(text));
}

static void refused(const char *text, const char *words)
{
	assert_int_equal(read_string(text), -EINVAL);
	assert_non_null(strstr(fault.text, path));
	assert_non_null(strstr(fault.text, words));
	assert_null(strstr(fault.text, "s3cret")); /* it ends up in the log */
}

static int setup(void **state)
{
	int fd = mkstemp(path);
	(void)state;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	headers_deinit(&headers);
	headers = (struct headers){0};
	return unlink(path);
}

static void each_line_is_a_field(void **state)
{
	(void)state;
	assert_int_equal(read_string("Fastly-Key: s3cret\n\n  \nX-B:2\t \r\nX-C:"), 0);
	assert_int_equal(headers.count, 3);
	assert_string_equal(headers.each[0], "Fastly-Key: s3cret");
	assert_string_equal(headers.each[1], "X-B:2");
	assert_string_equal(headers.each[2], "X-C:");
	assert_int_equal(read_string(""), 0);
	assert_int_equal(headers.count, 0);
}

static void without_a_file_there_are_none(void **state)
{
	(void)state;
	headers_deinit(&headers);
	headers = (struct headers){0};
	assert_int_equal(headers_read(NULL, &headers, &fault), 0);
	assert_int_equal(headers.count, 0);
}

static void what_is_no_field_is_refused_by_its_line_and_not_repeated(void **state)
{
	(void)state;
	refused("s3cret", ":1: write");
	refused("A: b\n\n: s3cret\n", ":3: write");
	refused("A b: s3cret\n", ":1: write");
	refused("A: s3cret\x01\n", ":1: write");
	refused("A: s3c\rret\n", ":1: write"); /* would be another field */
	refused("A: s3cret\x7f\n", ":1: write");
}

static void it_is_bounded(void **state)
{
	static const char zero[] = "A: b\0C: s3cret";
	cleanup(buffer_deinit) struct buffer many = {0};
	(void)state;
	for (unsigned i = 0; i < HEADERS_MOST; i++)
		buffer_put_string(&many, "A: b\n");
	assert_int_equal(read_text(buffer_view(&many)), 0);
	buffer_put_string(&many, "A: b\n");
	assert_int_equal(read_text(buffer_view(&many)), -EINVAL);
	assert_non_null(strstr(fault.text, "more than 16 fields"));
	assert_int_equal(read_text(view_of(zero, sizeof(zero) - 1)), -EINVAL);
	for (unsigned i = 0; i < 2000; i++)
		buffer_put_string(&many, "\n\n\n\n\n\n\n\n\n\n");
	assert_true(read_text(buffer_view(&many)) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_a_field),
		cmocka_unit_test(without_a_file_there_are_none),
		cmocka_unit_test(what_is_no_field_is_refused_by_its_line_and_not_repeated),
		cmocka_unit_test(it_is_bounded),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
