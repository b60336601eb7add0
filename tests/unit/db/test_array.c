/* Arrays as query parameters. The bytes are those that PostgreSQL's array_send() makes. */
#include "unit.h"

#include "db/array.h"

#define expect_bytes(buffer, ...)                                                        \
	do {                                                                             \
		static const uint8_t bytes_[] = {__VA_ARGS__};                           \
		assert_view_equal(buffer_view(buffer), view_of(bytes_, sizeof(bytes_))); \
	} while (0)

static void an_empty_array_has_no_dimension(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer b = {0};
	db_array_begin(&b, DB_TYPE_XID8, 0);
	expect_bytes(&b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x13, 0xcd);
}

static void integers_and_octets_are_written_with_their_sizes(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer b = {0};
	db_array_begin(&b, DB_TYPE_INT4, 2);
	db_array_put_i32(&b, 1);
	db_array_put_i32(&b, -2);
	expect_bytes(&b, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1, /* */
		     0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xfe);
	buffer_reset(&b);
	db_array_begin(&b, DB_TYPE_BYTEA, 1);
	db_array_put_bytes(&b, view_of("\0\200", 2));
	expect_bytes(&b, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 1, 0, 0, 0, 1, /* */
		     0, 0, 0, 2, 0, 0x80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_array_has_no_dimension),
		cmocka_unit_test(integers_and_octets_are_written_with_their_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
