/* Serial numbers, reasons, times and durations as operators and index files write them. */
#include "unit.h"

#include "base/timetext.h"
#include "cli/operand.h"

static int serial(const char *text, struct serial *ret)
{
	return operand_serial(view_of_string(text), ret);
}

static void serials_that_are_none_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"",       "0x",  "-05", "G1",    "12 34", "A:B",
					    "AA::BB", ":AA", "AA:", "0x0x1", "1.5"};
	struct serial s = {.size = 77};
	for (size_t i = 0; i < array_size(wrong); i++)
		assert_int_equal(serial(wrong[i], &s), -EINVAL);
	assert_int_equal(s.size, 77);
}

static void serials_longer_than_the_limit_are_refused(void **state)
{
	(void)state;
	char text[2 * LIMIT_SERIAL + 3];
	struct serial s;
	memset(text, '7', sizeof(text));
	text[2 * LIMIT_SERIAL] = '\0';
	assert_int_equal(serial(text, &s), 0);
	assert_int_equal(s.size, LIMIT_SERIAL);
	/* 64 octets with the first bit set need a 65th. */
	text[0] = '8';
	assert_int_equal(serial(text, &s), -EINVAL);
	memset(text, '7', sizeof(text));
	text[2 * LIMIT_SERIAL + 2] = '\0';
	assert_int_equal(serial(text, &s), -EINVAL);
}

/* P-6: the database and clients know one form of a serial only. */
static void serials_become_minimal_der(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint8_t size, octets[4];
	} cases[] = {
		{"0", 1, {0x00}},           {"00", 1, {0x00}},
		{"7F", 1, {0x7f}},          {"80", 2, {0x00, 0x80}},
		{"0080", 2, {0x00, 0x80}},  {"000001", 1, {0x01}},
		{"ff", 2, {0x00, 0xff}},    {"F01", 2, {0x0f, 0x01}},
		{"0xABC", 2, {0x0a, 0xbc}}, {"AB:CD", 3, {0x00, 0xab, 0xcd}},
		{"00:00:12", 1, {0x12}},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		struct serial s;
		assert_int_equal(serial(cases[i].text, &s), 0);
		assert_view_equal(serial_view(&s), view_of(cases[i].octets, cases[i].size));
	}
}

static void octets_of_a_certificate_become_minimal_but_negative_ones_are_refused(void **state)
{
	(void)state;
	struct serial s;
	const uint8_t padded[] = {0, 0, 0x80}, negative[] = {0x80, 1};
	assert_int_equal(operand_serial_octets(view_of(padded, 3), &s), 0);
	assert_view_equal(serial_view(&s), view_of(padded + 1, 2));
	assert_int_equal(operand_serial_octets(view_of(negative, 2), &s), -EINVAL);
	assert_int_equal(operand_serial_octets(view_of(negative, 0), &s), -EINVAL);
}

static void reasons_are_read_in_every_spelling_but_removeFromCRL(void **state)
{
	(void)state;
	enum revocation_reason r;
	assert_int_equal(operand_reason(view_of_string("removeFromCRL"), &r), -EINVAL);
	assert_int_equal(operand_reason(view_of_string(""), &r), -EINVAL);
	assert_int_equal(operand_reason(view_of_string("keyCompromised"), &r), -EINVAL);
	assert_int_equal(operand_reason(view_of_string("CACompromise"), &r), 0);
	assert_int_equal(r, REASON_CA_COMPROMISE);
	assert_int_equal(operand_reason(view_of_string("Affiliation Changed"), &r), 0);
	assert_int_equal(r, REASON_AFFILIATION_CHANGED);
	assert_int_equal(operand_reason(view_of_string("aaCompromise"), &r), 0);
	assert_int_equal(r, REASON_AA_COMPROMISE);
}

static void durations_need_a_known_unit(void **state)
{
	(void)state;
	int64_t us = 7;
	static const char *const wrong[] = {
		"", "5", "-5s", "s", "5 s", "5sec", "1.5s", "+5s", "99999999999999999999s"};
	for (size_t i = 0; i < array_size(wrong); i++)
		assert_int_equal(operand_duration(wrong[i], &us), -EINVAL);
	assert_int_equal(us, 7);
	assert_int_equal(operand_duration("250ms", &us), 0);
	assert_int_equal(us, 250000);
	assert_int_equal(operand_duration("8h", &us), 0);
	assert_int_equal(us, 8 * INT64_C(3600000000));
	assert_int_equal(operand_duration("0s", &us), 0);
	assert_int_equal(us, 0);
}

static void assert_time(const char *text, const char *iso)
{
	int64_t seconds, expected;
	assert_int_equal(operand_asn1_time(view_of_string(text), &seconds), 0);
	assert_int_equal(time_parse_iso(view_of_string(iso), &expected), 0);
	assert_int_equal(seconds, expected);
}

static void times_that_do_not_exist_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"Z",
		"260230000000Z",
		"260101240000Z",
		"260101000000",
		"20260101000000",
		"26010100000Z",
		"2601010000001Z",
		"260101000000ZZ",
		"260101000060Z",
		"20260101000000.Z",
		"260101000000+25",
		"260101000000+9900",
		"00000101000000Z",
		"260101000000.5Z",
		"2026-01-01",
		"00010101000000+0100",
	};
	int64_t seconds = 5;
	for (size_t i = 0; i < array_size(wrong); i++)
		assert_int_equal(operand_asn1_time(view_of_string(wrong[i]), &seconds), -EINVAL);
	assert_int_equal(seconds, 5);
}

static void times_are_read_in_every_form_that_cas_have_written(void **state)
{
	(void)state;
	assert_time("260509083000Z", "2026-05-09T08:30:00Z");
	assert_time("491231235959Z", "2049-12-31T23:59:59Z");
	assert_time("500101000000Z", "1950-01-01T00:00:00Z");
	assert_time("2605090830Z", "2026-05-09T08:30:00Z");
	assert_time("20500101000000Z", "2050-01-01T00:00:00Z");
	assert_time("99991231235959Z", "9999-12-31T23:59:59Z");
	assert_time("20260509083000.123Z", "2026-05-09T08:30:00Z");
	assert_time("20260509173000+0900", "2026-05-09T08:30:00Z");
	assert_time("260508233000-0900", "2026-05-09T08:30:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serials_that_are_none_are_refused),
		cmocka_unit_test(serials_longer_than_the_limit_are_refused),
		cmocka_unit_test(serials_become_minimal_der),
		cmocka_unit_test(
			octets_of_a_certificate_become_minimal_but_negative_ones_are_refused),
		cmocka_unit_test(reasons_are_read_in_every_spelling_but_removeFromCRL),
		cmocka_unit_test(durations_need_a_known_unit),
		cmocka_unit_test(times_that_do_not_exist_are_refused),
		cmocka_unit_test(times_are_read_in_every_form_that_cas_have_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
