/* Arrays as query parameters. The bytes are those that PostgreSQL's array_send() makes. */
#include "unit.h"

#include "db/array.h"
#include "db/seen.h"

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

static size_t parameter_count(const struct db_seen *seen)
{
	cleanup(buffer_deinit) struct buffer b = {0};
	db_seen_write(seen, &b);
	return b.size <= 12 ? 0 : (b.size - 20) / 12;
}

static void a_poll_that_failed_leaves_nothing_seen(void **state) /* DESIGN promise 1 */
{
	(void)state;
	static struct db_seen seen;
	db_seen_begin(&seen);
	db_seen_add(&seen, 10);
	db_seen_prune(&seen, 5);
	db_seen_begin(&seen);
	db_seen_add(&seen, 11); /* and then the connection breaks */
	db_seen_begin(&seen);
	db_seen_prune(&seen, 5); /* the next poll ended without it */
	assert_int_equal(parameter_count(&seen), 1);
}

static void transactions_below_the_bound_are_forgotten(void **state)
{
	(void)state;
	static struct db_seen seen;
	db_seen_begin(&seen);
	db_seen_add(&seen, 12);
	db_seen_add(&seen, 9);
	db_seen_add(&seen, 12);
	db_seen_add(&seen, 10);
	db_seen_prune(&seen, 10);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.xids[0], 10);
	assert_int_equal(seen.xids[1], 12);
}

static void the_list_is_bounded(void **state)
{
	(void)state;
	static struct db_seen seen;
	db_seen_begin(&seen);
	for (uint64_t xid = 1; xid < UINT64_C(3) * DB_SEEN_MOST; xid++)
		db_seen_add(&seen, xid);
	db_seen_prune(&seen, 0);
	assert_int_equal(parameter_count(&seen), DB_SEEN_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_array_has_no_dimension),
		cmocka_unit_test(integers_and_octets_are_written_with_their_sizes),
		cmocka_unit_test(a_poll_that_failed_leaves_nothing_seen),
		cmocka_unit_test(transactions_below_the_bound_are_forgotten),
		cmocka_unit_test(the_list_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
