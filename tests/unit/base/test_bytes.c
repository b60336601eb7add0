/* Views, cursors and buffers: errors stick, and nothing reads or writes past an end. */
#include "unit.h"

#include <errno.h>

static void views_compare_by_octets_then_length(void **state)
{
	(void)state;
	struct view empty = {0};
	assert_true(view_equal(empty, view_of("x", 0)));
	assert_false(view_equal(empty, view_of("x", 1)));
	assert_int_equal(view_compare(empty, empty), 0);
	assert_true(view_compare(empty, view_of_string("a")) < 0);
	assert_true(view_compare(view_of_string("ab"), view_of_string("a")) > 0);
	assert_true(view_compare(view_of("\x7f", 1), view_of("\x80", 1)) < 0);
	assert_true(view_compare(view_of_string("b"), view_of_string("aa")) > 0);
}

static void only_ascii_letters_lose_their_case(void **state)
{
	(void)state;
	assert_true(view_equal_nocase(view_of_string("aZ9-"), view_of_string("Az9-")));
	assert_false(view_equal_nocase(view_of_string("[`"), view_of_string("{@")));
	assert_false(view_equal_nocase(view_of("\xc4", 1), view_of("\xe4", 1)));
	assert_false(view_equal_nocase(view_of_string("a"), view_of_string("ab")));
}

static void a_cursors_error_sticks(void **state)
{
	(void)state;
	struct cursor c = cursor_of(view_of("\x01\x02\x03", 3));
	assert_int_equal(cursor_u32(&c), 0);
	assert_true(c.failed);
	assert_int_equal(cursor_u8(&c), 0);
	assert_int_equal(cursor_take(&c, 0).size, 0);
	assert_int_equal(cursor_end(&c), -EBADMSG);
}

static void what_is_left_over_is_an_error(void **state)
{
	(void)state;
	struct cursor c = cursor_of(view_of("\x01\x02", 2));
	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_end(&c), -EBADMSG);
	assert_int_equal(cursor_u8(&c), 2);
	assert_int_equal(cursor_end(&c), 0);
}

static void only_0_and_1_are_booleans(void **state)
{
	(void)state;
	struct cursor c = cursor_of(view_of("\x01\x00\x02", 3));
	assert_true(cursor_bool(&c));
	assert_false(cursor_bool(&c));
	assert_false(c.failed);
	(void)cursor_bool(&c);
	assert_true(c.failed);
}

static void a_sized_piece_above_its_cap_is_an_error(void **state)
{
	(void)state;
	static const uint8_t text[] = {0, 0, 0, 3, 'a', 'b', 'c'};
	struct cursor c = cursor_of(view_of(text, sizeof(text)));
	assert_int_equal(cursor_take_sized(&c, 2).size, 0);
	assert_true(c.failed);
	c = cursor_of(view_of(text, sizeof(text) - 1));
	assert_int_equal(cursor_take_sized(&c, 3).size, 0);
	assert_true(c.failed);
	c = cursor_of(view_of(text, sizeof(text)));
	assert_view_equal(cursor_take_sized(&c, 3), view_of_string("abc"));
	assert_int_equal(cursor_end(&c), 0);
}

static void what_a_buffer_puts_a_cursor_reads(void **state)
{
	(void)state;
	struct buffer b = {0};
	buffer_put_u8(&b, 0xfe);
	buffer_put_u16(&b, 0xfedc);
	buffer_put_u32(&b, 0xfedcba98);
	buffer_put_u64(&b, UINT64_C(0xfedcba9876543210));
	buffer_put_i64(&b, INT64_MIN);
	buffer_put_bool(&b, true);
	buffer_put_sized(&b, view_of_string("abc"));
	buffer_put_sized(&b, (struct view){0});
	assert_int_equal(buffer_result(&b), 0);
	assert_memory_equal(b.data, "\xfe\xfe\xdc\xfe\xdc\xba\x98", 7); /* big-endian */
	struct cursor c = cursor_of(buffer_view(&b));
	assert_int_equal(cursor_u8(&c), 0xfe);
	assert_int_equal(cursor_u16(&c), 0xfedc);
	assert_int_equal(cursor_u32(&c), 0xfedcba98);
	assert_true(cursor_u64(&c) == UINT64_C(0xfedcba9876543210));
	assert_true(cursor_i64(&c) == INT64_MIN);
	assert_true(cursor_bool(&c));
	assert_view_equal(cursor_take_sized(&c, 3), view_of_string("abc"));
	assert_int_equal(cursor_take_sized(&c, 3).size, 0);
	assert_int_equal(cursor_end(&c), 0);
	buffer_deinit(&b);
}

static void a_buffers_bound_is_exact_and_its_error_sticks(void **state)
{
	(void)state;
	struct buffer b = {.most = 5};
	buffer_put_string(&b, "hello");
	assert_int_equal(buffer_result(&b), 0);
	buffer_put_u8(&b, '!');
	assert_int_equal(buffer_result(&b), -EMSGSIZE);
	assert_null(buffer_reserve(&b, 0));
	assert_view_equal(buffer_view(&b), view_of_string("hello"));
	buffer_reset(&b);
	assert_int_equal(buffer_result(&b), 0);
	assert_int_equal(b.size, 0);
	buffer_deinit(&b);
}

/* The NUL that printf wants to write does not count. */
static void printed_text_may_reach_the_bound(void **state)
{
	(void)state;
	struct buffer b = {.most = 5};
	buffer_printf(&b, "%s-%d", "abc", 7);
	assert_int_equal(buffer_result(&b), 0);
	assert_view_equal(buffer_view(&b), view_of_string("abc-7"));
	assert_int_equal(b.most, 5);
	buffer_reset(&b);
	buffer_printf(&b, "%s", "abcdef");
	assert_int_equal(buffer_result(&b), -EMSGSIZE);
	assert_int_equal(b.size, 0);
	buffer_deinit(&b);
}

static void an_absurd_size_fails_without_wrapping(void **state)
{
	(void)state;
	struct buffer b = {0};
	buffer_put_u8(&b, 1);
	assert_null(buffer_reserve(&b, SIZE_MAX));
	assert_int_equal(buffer_result(&b), -ENOMEM);
	buffer_deinit(&b);
	assert_null(b.data);
}

static void consuming_drops_from_the_front(void **state)
{
	(void)state;
	struct buffer b = {0};
	buffer_consume(&b, 3); /* empty: nothing to drop */
	for (int i = 0; i < 1000; i++)
		buffer_put_string(&b, "abc");
	buffer_consume(&b, 0);
	assert_int_equal(b.size, 3000);
	buffer_consume(&b, 2998);
	assert_view_equal(buffer_view(&b), view_of_string("bc"));
	buffer_consume(&b, 99);
	assert_int_equal(b.size, 0);
	buffer_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cursors_error_sticks),
		cmocka_unit_test(what_is_left_over_is_an_error),
		cmocka_unit_test(only_0_and_1_are_booleans),
		cmocka_unit_test(a_sized_piece_above_its_cap_is_an_error),
		cmocka_unit_test(a_buffers_bound_is_exact_and_its_error_sticks),
		cmocka_unit_test(printed_text_may_reach_the_bound),
		cmocka_unit_test(an_absurd_size_fails_without_wrapping),
		cmocka_unit_test(views_compare_by_octets_then_length),
		cmocka_unit_test(only_ascii_letters_lose_their_case),
		cmocka_unit_test(what_a_buffer_puts_a_cursor_reads),
		cmocka_unit_test(consuming_drops_from_the_front),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
