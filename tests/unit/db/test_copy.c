/* The framing of COPY … (FORMAT binary). */
#include "unit.h"

#include "db/copy.h"

static unsigned given;

static void take(void *context, const struct db_field *fields)
{
	(void)context;
	given++;
	assert_true(fields[0].bytes.size == 1 || fields[0].null);
}

static void put_header(struct buffer *b)
{
	buffer_put(b, "PGCOPY\n\377\r\n\0", 11);
	buffer_put_u32(b, 0);
	buffer_put_u32(b, 0);
}

static void put_row(struct buffer *b, uint16_t columns)
{
	buffer_put_u16(b, columns);
	for (uint16_t i = 0; i + 1 < columns; i++) {
		buffer_put_u32(b, 1);
		buffer_put_u8(b, 'x');
	}
	buffer_put_u32(b, UINT32_MAX); /* NULL */
}

static int feed(struct db_copy *copy, struct buffer *b)
{
	int result = db_copy_message(copy, buffer_view(b), take, NULL);
	buffer_reset(b);
	return result;
}

static void another_format_is_refused(void **state)
{
	(void)state;
	struct db_copy copy = {.columns = DB_ROW_FIELDS};
	cleanup(buffer_deinit) struct buffer b = {0};
	buffer_put_string(&b, "1\t\\\\x01\t1\n");
	assert_int_equal(feed(&copy, &b), -EBADMSG);
}

static void a_row_with_other_columns_is_refused(void **state)
{
	(void)state;
	struct db_copy copy = {.columns = DB_ROW_FIELDS};
	cleanup(buffer_deinit) struct buffer b = {0};
	put_header(&b);
	put_row(&b, DB_ROW_FIELDS + 1);
	given = 0;
	assert_int_equal(feed(&copy, &b), -EBADMSG);
	assert_int_equal(given, 0);
}

static void a_row_cut_off_is_refused(void **state)
{
	(void)state;
	struct db_copy copy = {.columns = DB_ROW_FIELDS};
	cleanup(buffer_deinit) struct buffer b = {0};
	put_header(&b);
	put_row(&b, DB_ROW_FIELDS);
	b.size -= 2;
	assert_int_equal(feed(&copy, &b), -EBADMSG);
}

static void bytes_after_the_trailer_are_refused(void **state)
{
	(void)state;
	struct db_copy copy = {.columns = DB_ROW_FIELDS};
	cleanup(buffer_deinit) struct buffer b = {0};
	put_header(&b);
	buffer_put_u16(&b, UINT16_MAX);
	buffer_put_u8(&b, 0);
	assert_int_equal(feed(&copy, &b), -EBADMSG);
}

static void an_end_without_trailer_shows(void **state)
{
	(void)state;
	struct db_copy copy = {.columns = DB_ROW_FIELDS};
	cleanup(buffer_deinit) struct buffer b = {0};
	put_header(&b);
	put_row(&b, DB_ROW_FIELDS);
	assert_int_equal(feed(&copy, &b), 0);
	assert_false(copy.ended);
}

static void rows_come_from_one_or_several_messages(void **state)
{
	(void)state;
	struct db_copy copy = {.columns = DB_ROW_FIELDS};
	cleanup(buffer_deinit) struct buffer b = {0};
	given = 0;
	put_header(&b);
	put_row(&b, DB_ROW_FIELDS);
	put_row(&b, DB_ROW_FIELDS);
	assert_int_equal(feed(&copy, &b), 0);
	assert_int_equal(given, 2);
	put_row(&b, DB_ROW_FIELDS);
	assert_int_equal(feed(&copy, &b), 0);
	buffer_put_u16(&b, UINT16_MAX);
	assert_int_equal(feed(&copy, &b), 0);
	assert_int_equal(given, 3);
	assert_true(copy.ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_format_is_refused),
		cmocka_unit_test(a_row_with_other_columns_is_refused),
		cmocka_unit_test(a_row_cut_off_is_refused),
		cmocka_unit_test(bytes_after_the_trailer_are_refused),
		cmocka_unit_test(an_end_without_trailer_shows),
		cmocka_unit_test(rows_come_from_one_or_several_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
