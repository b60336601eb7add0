/* Serial numbers (P-6) and revocation reasons (P-29). */
#include "unit.h"

#include "base/record.h"

#include <errno.h>

static void check_refused(const void *octets, size_t size)
{
	struct serial serial;
	memset(&serial, 0x5a, sizeof(serial));
	struct serial before = serial;
	assert_int_equal(serial_set(&serial, view_of(octets, size)), -EINVAL);
	assert_memory_equal(&serial, &before, sizeof(serial));
}

static void check_accepted(const void *octets, size_t size)
{
	struct serial serial;
	assert_int_equal(serial_set(&serial, view_of(octets, size)), 0);
	assert_view_equal(serial_view(&serial), view_of(octets, size));
}

static void a_serial_is_a_minimal_integer(void **state)
{
	(void)state;
	check_refused("", 0);
	check_refused(NULL, 0);
	check_refused("\x00\x00", 2);
	check_refused("\x00\x01", 2);
	check_refused("\x00\x7f\xff", 3);
	check_refused("\xff\xff", 2);
	check_refused("\xff\x80", 2);
	check_accepted("\x00", 1);
	check_accepted("\x7f", 1);
	check_accepted("\x00\x80", 2);
	check_accepted("\x00\xff\xff", 3);
}

/* A negative serial is its own number, never an alias of a positive one. */
static void a_negative_serial_is_kept_apart(void **state)
{
	(void)state;
	struct serial negative, positive;
	assert_int_equal(serial_set(&negative, view_of("\x80", 1)), 0);
	assert_int_equal(serial_set(&positive, view_of("\x00\x80", 2)), 0);
	assert_false(view_equal(serial_view(&negative), serial_view(&positive)));
	check_accepted("\xff", 1);
	check_accepted("\xff\x7f", 2);
}

static void serials_of_20_21_and_30_octets_fit_and_65_do_not(void **state)
{
	(void)state;
	uint8_t octets[LIMIT_SERIAL + 1];
	memset(octets, 0x7b, sizeof(octets));
	check_accepted(octets, 20);
	check_accepted(octets, 21);
	check_accepted(octets, 30);
	check_accepted(octets, LIMIT_SERIAL);
	check_refused(octets, LIMIT_SERIAL + 1);
}

static void every_reason_survives_a_round_trip(void **state)
{
	(void)state;
	static const int reasons[] = {0, 1, 2, 3, 4, 5, 6, 9, 10};
	for (size_t i = 0; i < array_size(reasons); i++) {
		const char *name = reason_name((enum revocation_reason)reasons[i]);
		assert_non_null(name);
		enum revocation_reason again = REASON_NONE;
		assert_int_equal(reason_parse(view_of_string(name), &again), 0);
		assert_int_equal(again, reasons[i]);
	}
	enum revocation_reason reason;
	assert_int_equal(reason_parse(view_of_string("KEYCOMPROMISE"), &reason), 0);
	assert_int_equal(reason, REASON_KEY_COMPROMISE);
}

/* P-29: 7 and removeFromCRL(8) are no state of a certificate. */
static void what_is_no_state_has_no_name(void **state)
{
	(void)state;
	static const int others[] = {-1, 7, 8, 11, 255};
	for (size_t i = 0; i < array_size(others); i++)
		assert_null(reason_name((enum revocation_reason)others[i]));
	static const char *const names[] = {"", "removeFromCRL", "none", "keyCompromise ", "1"};
	for (size_t i = 0; i < array_size(names); i++) {
		enum revocation_reason reason = REASON_SUPERSEDED;
		assert_int_equal(reason_parse(view_of_string(names[i]), &reason), -EINVAL);
		assert_int_equal(reason, REASON_SUPERSEDED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_serial_is_a_minimal_integer),
		cmocka_unit_test(a_negative_serial_is_kept_apart),
		cmocka_unit_test(serials_of_20_21_and_30_octets_fit_and_65_do_not),
		cmocka_unit_test(what_is_no_state_has_no_name),
		cmocka_unit_test(every_reason_survives_a_round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
