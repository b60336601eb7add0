/* Index files: read piece by piece, with bounded memory. */
#include "temporary.h"

#include "cli/index_file.h"

static int count_entries(uint64_t *ret_line, struct fault *fault)
{
	cleanup(index_file_closep) struct index_file *file = NULL;
	assert_int_equal(index_file_open(path, &file, fault), 0);
	for (int count = 0;; count++) {
		struct index_entry entry;
		int result = index_file_next(file, &entry, ret_line, fault);
		if (result == INDEX_END)
			return count;
		if (result)
			return result;
	}
}

static void a_line_beyond_the_limit_is_refused_with_its_number(void **state)
{
	(void)state;
	struct buffer text = {0};
	struct fault fault = {""};
	uint64_t line = 0;
	buffer_put_string(&text, "#\n");
	while (text.size < 2 * INDEX_LINE_MOST)
		buffer_put_u8(&text, 'V');
	put_file(buffer_view(&text));
	buffer_deinit(&text);
	assert_int_equal(count_entries(&line, &fault), -EFBIG);
	assert_non_null(strstr(fault.text, ":2: the line is too long"));
}

static void an_index_with_a_mark_is_read_and_one_in_UTF_16_is_refused(void **state)
{
	(void)state;
	struct fault fault = {""};
	uint64_t line = 0;
	put_file(view_of_string("\xef\xbb\xbfV\t491231235959Z\t\t01\tunknown\t/CN=1\r\n"));
	assert_int_equal(count_entries(&line, &fault), 1);
	put_file(view_of("\xff\xfeV\0\t\0", 6));
	assert_int_equal(count_entries(&line, &fault), -EBADMSG);
	put_file(view_of("V\0\t\0", 4));
	assert_int_equal(count_entries(&line, &fault), -EBADMSG);
	assert_non_null(strstr(fault.text, "UTF-16"));
}

static void lines_are_whole_wherever_a_read_ended(void **state)
{
	(void)state;
	struct buffer text = {0};
	uint64_t line = 0;
	const unsigned count = 20000; /* a megabyte: several reads */
	for (unsigned i = 0; i < count; i++)
		buffer_printf(&text, "V\t491231235959Z\t\t%X\tunknown\t/CN=%u\n", i, i);
	text.size--; /* the last line has no end */
	put_file(buffer_view(&text));
	buffer_deinit(&text);
	assert_int_equal(count_entries(&line, NULL), count);
	assert_int_equal(line, count);
}

static void a_bad_line_is_counted_with_comments_and_empty_ones(void **state)
{
	(void)state;
	struct fault fault = {""};
	uint64_t line = 0;
	put_file(view_of_string("# x\n\n\nV\tx\n"));
	assert_int_equal(count_entries(&line, &fault), -EINVAL);
	assert_int_equal(line, 4);
	assert_non_null(strstr(fault.text, ":4: "));
}

static void what_follows_a_bad_line_is_read(void **state)
{
	(void)state;
	cleanup(index_file_closep) struct index_file *file = NULL;
	struct index_entry entry;
	uint64_t line = 0;
	put_file(view_of_string("V\tx\nV\t491231235959Z\t\t01\tunknown\t/CN=1\n"));
	assert_int_equal(index_file_open(path, &file, NULL), 0);
	assert_int_equal(index_file_next(file, &entry, &line, NULL), -EINVAL);
	assert_int_equal(index_file_next(file, &entry, &line, NULL), 0);
	assert_int_equal(line, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_beyond_the_limit_is_refused_with_its_number),
		cmocka_unit_test(lines_are_whole_wherever_a_read_ended),
		cmocka_unit_test(an_index_with_a_mark_is_read_and_one_in_UTF_16_is_refused),
		cmocka_unit_test(a_bad_line_is_counted_with_comments_and_empty_ones),
		cmocka_unit_test(what_follows_a_bad_line_is_read),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
