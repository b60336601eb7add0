/* Hexadecimal text: serial numbers as operators type and paste them. */
#include "unit.h"

#include "base/hex.h"

#include <errno.h>

static void check_refused(const char *text, size_t most)
{
	uint8_t out[8];
	size_t size = 42;
	if (hex_parse(view_of_string(text), most, out, &size) != -EINVAL || size != 42)
		fail_msg("%s was taken for hexadecimal", text);
}

static void check_parsed(const char *text, const void *octets, size_t size)
{
	uint8_t out[8];
	size_t got;
	assert_int_equal(hex_parse(view_of_string(text), size, out, &got), 0);
	assert_view_equal(view_of(out, got), view_of(octets, size));
}

static void other_text_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"",       ":",   "g",     "0x12", " 12",    "12 ",
					    "1 2",    "1:2", ":12",   "12:",  "12::34", "1:23",
					    "123:45", "-1",  "12-34", "+1",   "12:3",   "1:2:34"};
	for (size_t i = 0; i < array_size(texts); i++)
		check_refused(texts[i], 8);
}

static void more_than_fits_is_refused(void **state)
{
	(void)state;
	check_refused("0102", 1);
	check_refused("102", 1);
	check_refused("01", 0);
}

static void digits_pairs_and_an_odd_first_digit_are_read(void **state)
{
	(void)state;
	check_parsed("0", "\x00", 1);
	check_parsed("aF", "\xaf", 1);
	check_parsed("F01", "\x0f\x01", 2);
	check_parsed("00ff", "\x00\xff", 2);
	check_parsed("01:aB:CD", "\x01\xab\xcd", 3);
}

static void octets_survive_a_round_trip(void **state)
{
	(void)state;
	for (unsigned value = 0; value < 256; value++) {
		uint8_t octets[2] = {(uint8_t)value, (uint8_t)~value};
		char text[5];
		hex_put(text, view_of(octets, 2));
		assert_int_equal(strlen(text), 4);
		check_parsed(text, octets, 2);
	}
	char text[7];
	hex_put(text, view_of("\x0a\xbc\xf0", 3));
	assert_string_equal(text, "0ABCF0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_text_is_refused),
		cmocka_unit_test(more_than_fits_is_refused),
		cmocka_unit_test(digits_pairs_and_an_odd_first_digit_are_read),
		cmocka_unit_test(octets_survive_a_round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
