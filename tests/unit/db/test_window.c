/* What the next poll must read (doc/design.md promise 1; doc/faults.md rows 38, 39). */
#include "unit.h"

#include "db/window.h"

static struct db_window window;

static void put_snapshot(struct buffer *b, uint64_t xmin, uint64_t xmax, const uint64_t *open,
			 uint32_t count)
{
	buffer_reset(b);
	buffer_put_u32(b, count);
	buffer_put_u64(b, xmin);
	buffer_put_u64(b, xmax);
	for (uint32_t i = 0; i < count; i++)
		buffer_put_u64(b, open[i]);
}

static void move_to(uint64_t xmin, uint64_t xmax, const uint64_t *open, uint32_t count)
{
	cleanup(buffer_deinit) struct buffer b = {0};
	put_snapshot(&b, xmin, xmax, open, count);
	assert_int_equal(db_window_move(&window, buffer_view(&b)), 0);
	assert_view_equal(buffer_view(&window.snapshot), buffer_view(&b));
}

static size_t parameter_count(void)
{
	cleanup(buffer_deinit) struct buffer b = {0};
	db_window_write_seen(&window, &b);
	return b.size <= 12 ? 0 : (b.size - 20) / 12;
}

static int forget(void **state)
{
	(void)state;
	buffer_deinit(&window.snapshot);
	memset(&window, 0, sizeof(window));
	return 0;
}

static void a_poll_that_failed_leaves_nothing_seen(void **state) /* doc/design.md promise 1 */
{
	(void)state;
	db_window_begin(&window);
	db_window_see(&window, 10);
	move_to(5, 5, NULL, 0);
	db_window_begin(&window);
	db_window_see(&window, 11); /* and then the connection breaks */
	db_window_begin(&window);
	move_to(5, 5, NULL, 0); /* the next poll ended without it */
	assert_int_equal(parameter_count(), 1);
}

static void what_cannot_come_again_is_forgotten(void **state)
{
	(void)state;
	const uint64_t open[] = {3, 9, 11};
	db_window_begin(&window);
	for (uint64_t xid = 2; xid <= 14; xid++) {
		db_window_see(&window, xid);
		db_window_see(&window, 9); /* rows of one transaction need not stand together */
	}
	move_to(3, 13, open, 3);
	const uint64_t kept[] = {3, 9, 11, 13, 14};
	assert_int_equal(window.settled, 5);
	assert_memory_equal(window.seen, kept, sizeof(kept));
}

static void an_open_transaction_keeps_nothing_above_it(void **state) /* doc/faults.md row 39 */
{
	(void)state;
	const uint64_t orphan = 100;
	for (uint64_t next = 200; next < 200 + UINT64_C(3) * DB_SEEN_MOST; next += 1000) {
		db_window_begin(&window);
		for (uint64_t xid = next - 1000; xid < next; xid++)
			db_window_see(&window, xid);
		move_to(orphan, next, &orphan, 1);
		assert_int_equal(parameter_count(), 0);
	}
}

static void the_list_is_bounded(void **state)
{
	(void)state;
	db_window_begin(&window);
	for (uint64_t xid = 1; xid < UINT64_C(3) * DB_SEEN_MOST; xid++)
		db_window_see(&window, xid);
	move_to(1, 1, NULL, 0);
	assert_int_equal(parameter_count(), DB_SEEN_MOST);
}

static void what_is_no_snapshot_is_refused(void **state)
{
	(void)state;
	const uint64_t open[] = {3, 4};
	cleanup(buffer_deinit) struct buffer b = {0};
	assert_int_equal(db_window_move(&window, buffer_view(&b)), -EBADMSG);
	put_snapshot(&b, 3, 13, open, 2);
	assert_int_equal(db_window_move(&window, view_of(b.data, b.size - 1)), -EBADMSG);
	put_snapshot(&b, 13, 3, open, 2);
	assert_int_equal(db_window_move(&window, buffer_view(&b)), -EBADMSG);
	put_snapshot(&b, 3, 13, open, 2);
	b.data[0] = 0xff;
	assert_int_equal(db_window_move(&window, buffer_view(&b)), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_poll_that_failed_leaves_nothing_seen, forget),
		cmocka_unit_test_teardown(what_cannot_come_again_is_forgotten, forget),
		cmocka_unit_test_teardown(an_open_transaction_keeps_nothing_above_it, forget),
		cmocka_unit_test_teardown(the_list_is_bounded, forget),
		cmocka_unit_test_teardown(what_is_no_snapshot_is_refused, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
