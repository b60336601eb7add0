/* The DER cursor and writer by themselves (P-5, P-24). */
#include "unit.h"

#include "ocsp/der.h"

#include "dertext.h"

static bool reads(const char *text)
{
	struct view der = der_text(text);
	struct cursor c = cursor_of(der);
	(void)der_any(&c);
	bool whole = cursor_end(&c) == 0;
	der_text_free(&der);
	return whole;
}

static void lengths_that_are_not_minimal_fail_p5(void **state)
{
	(void)state;
	assert_false(reads("048100"));
	assert_false(reads("04817f 00*127"));
	assert_false(reads("048200ff 00*255"));
	assert_false(reads("0483000100 00*256"));
	assert_false(reads("0484000000ff 00*255"));
	assert_false(reads("048500000000ff 00*255"));
	assert_false(reads("0480 0000"));
	assert_false(reads("04ff"));
}

static void minimal_lengths_are_read(void **state)
{
	(void)state;
	assert_true(reads("0400"));
	assert_true(reads("047f 00*127"));
	assert_true(reads("048180 00*128"));
	assert_true(reads("0481ff 00*255"));
	assert_true(reads("04820100 00*256"));
	assert_true(reads("0483010000 00*65536"));
}

static void contents_beyond_the_end_fail(void **state)
{
	(void)state;
	assert_false(reads(""));
	assert_false(reads("04"));
	assert_false(reads("0401"));
	assert_false(reads("0481"));
	assert_false(reads("0482 01"));
	assert_false(reads("0484ffffffff 00"));
}

static void tags_of_several_octets_and_none_fail_p5(void **state)
{
	(void)state;
	assert_false(reads("0000"));
	assert_false(reads("1f2000"));
	assert_false(reads("bf2000"));
}

static void an_error_sticks(void **state)
{
	(void)state;
	struct view der = der_text("0401aa 0401bb");
	struct cursor c = cursor_of(der);
	(void)der_take(&c, DER_INTEGER);
	assert_int_equal(der_peek(&c), 0);
	assert_int_equal(der_take(&c, DER_OCTET_STRING).size, 0);
	struct cursor inner = der_enter(&c, DER_OCTET_STRING);
	assert_true(inner.failed);
	assert_true(cursor_end(&c) < 0);
	der_text_free(&der);
}

static void leaving_early_fails_the_outer_cursor(void **state)
{
	(void)state;
	struct view der = der_text("30{0401aa 0401bb}");
	struct cursor c = cursor_of(der);
	struct cursor inner = der_enter(&c, DER_SEQUENCE);
	(void)der_take(&inner, DER_OCTET_STRING);
	der_leave(&c, &inner);
	assert_true(c.failed);
	der_text_free(&der);
}

/* Every length around each change of its form, written and read again. */
static void what_is_written_is_minimal_p24(void **state)
{
	(void)state;
	static uint8_t content[70000], out[70016];
	static const size_t sizes[] = {0, 1, 127, 128, 255, 256, 65535, 65536, 70000};
	for (size_t i = 0; i < array_size(sizes); i++) {
		struct der_writer w = {.end = out + sizeof(out)};
		der_put(&w, content, sizes[i]);
		der_put_header(&w, DER_OCTET_STRING, 0);
		struct cursor c = cursor_of(view_of(w.end - w.size, w.size));
		assert_int_equal(der_take(&c, DER_OCTET_STRING).size, sizes[i]);
		assert_int_equal(cursor_end(&c), 0);
		struct der_writer count = {0};
		der_put(&count, content, sizes[i]);
		der_put_header(&count, DER_OCTET_STRING, 0);
		assert_int_equal(count.size, w.size);
	}
}

static void times_are_generalized_in_utc_p27(void **state)
{
	(void)state;
	uint8_t out[32];
	struct der_writer w = {.end = out + sizeof(out)};
	der_put_time(&w, 0);
	assert_int_equal(w.size, 17);
	assert_memory_equal(w.end - w.size,
			    "\x18\x0f"
			    "19700101000000Z",
			    17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_that_are_not_minimal_fail_p5),
		cmocka_unit_test(minimal_lengths_are_read),
		cmocka_unit_test(contents_beyond_the_end_fail),
		cmocka_unit_test(tags_of_several_octets_and_none_fail_p5),
		cmocka_unit_test(an_error_sticks),
		cmocka_unit_test(leaving_early_fails_the_outer_cursor),
		cmocka_unit_test(what_is_written_is_minimal_p24),
		cmocka_unit_test(times_are_generalized_in_utc_p27),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
