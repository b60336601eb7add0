/* Serial numbers, reasons, times and durations as operators and index files write them. */
#include "unit.h"

#include "base/timetext.h"
#include "tool/operand.h"

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

static int pasted(const char *text, struct serial *ret, struct fault *fault)
{
	return operand_serial_pasted(view_of_string(text), ret, fault);
}

/* P-6: what people write means the number, and nothing else is taken for one. */
static void what_is_pasted_as_a_serial_but_is_none_is_refused_with_the_reason(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} wrong[] = {
		{"-C0DE", "never negative"},
		{"-0x05", "never negative"},
		{"serial=-05", "never negative"},
		{"", "not a serial number"},
		{" ", "not a serial number"},
		{"0x", "not a serial number"},
		{"\\x", "not a serial number"},
		{"decimal:", "not a serial number"},
		{"decimal:12A", "not a serial number"},
		{"decimal:-5", "not a serial number"},
		{"decimal:0x5", "not a serial number"},
		{"\\x0x05", "not a serial number"},
		{"00-", "not a serial number"},
		{"1:2:3", "not a serial number"},
		{"cert.pem", "not a serial number"},
		{"CA:FE:", "not a serial number"},
	};
	struct serial s = {.size = 77};
	struct fault fault;
	for (size_t i = 0; i < array_size(wrong); i++) {
		assert_int_equal(pasted(wrong[i].text, &s, &fault), -EINVAL);
		assert_non_null(strstr(fault.text, wrong[i].why));
	}
	assert_int_equal(s.size, 77);
}

/* P-6. */
static void a_serial_is_read_in_every_form_that_people_paste(void **state)
{
	(void)state;
	static const char *const forms[] = {
		"C0DE",           "c0de",          "0xC0DE",
		"0Xc0de",         "\\xc0de",       "\\x00c0de",
		"C0:DE",          "00:c0:de",      "c0 de",
		" 00 C0  DE\t\n", "00: C0: DE",    "00-c0-de",
		"0000C0DE",       "decimal:49374", "decimal:00049374",
		"DECIMAL: 49374", "serial=C0DE",   "serial=00C0DE",
	};
	const uint8_t right[] = {0x00, 0xc0, 0xde};
	struct fault fault = {""};
	for (size_t i = 0; i < array_size(forms); i++) {
		struct serial s = {0};
		if (pasted(forms[i], &s, &fault) != 0)
			fail_msg("%s: %s", forms[i], fault.text);
		assert_view_equal(serial_view(&s), view_of(right, 3));
	}
	struct serial s;
	assert_int_equal(pasted("decimal:0", &s, &fault), 0);
	assert_view_equal(serial_view(&s), view_of((const uint8_t[]){0}, 1));
	/* 2^159 − 1 and a number of more octets than any serial has. */
	assert_int_equal(
		pasted("decimal:730750818665451459101842416358141509827966271487", &s, &fault), 0);
	assert_int_equal(s.size, 20);
	assert_int_equal(s.octets[0], 0x7f);
	char many[200];
	memset(many, '9', sizeof(many));
	memcpy(many, "decimal:", 8);
	many[199] = '\0';
	assert_int_equal(pasted(many, &s, &fault), -EINVAL);
	/* 2^520 + 5: nothing wraps around. */
	assert_int_equal(pasted("decimal:343239883006530485749095039954069660863471765007165270469"
				"72317295927715916988288260612798203307272774886481556957404290185"
				"60993999858321906287014145557528581",
				&s, &fault),
			 -EINVAL);
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
	assert_int_equal(operand_reason(view_of_string("0"), &r), 0);
	assert_int_equal(r, REASON_UNSPECIFIED);
	assert_int_equal(operand_reason(view_of_string("9"), &r), 0);
	assert_int_equal(r, REASON_PRIVILEGE_WITHDRAWN);
	static const char *const wrong[] = {"7", "8", "11", "99", "-1", "1x", "256", "+1", "1.0"};
	for (size_t i = 0; i < array_size(wrong); i++)
		assert_int_equal(operand_reason(view_of_string(wrong[i]), &r), -EINVAL);
	assert_int_equal(r, REASON_PRIVILEGE_WITHDRAWN);
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

#define NOW INT64_C(1778315400) /* 2026-05-09T08:30:00Z */

static void a_time_on_the_command_line_says_its_zone(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"tomorrow",
		"2026-05-09T08:30:00",
		"2026-05-09 08:30",
		"2026-02-30",
		"2026-05-09T24:00:00Z",
		"2026-05-09T08:30:00+15:00",
		"2026-05-09T08:30:00+09:60",
		"2026-05-09T08:30:00+9",
		"2026-05-09T08:30:00ZZ",
		"2026-05-09T08:30:00.Z",
		"2026-5-9",
		"20260509",
		"-2",
		"-2w",
		"2h",
		"-2h ago",
		"NOW ",
		"0001-01-01T00:00:00+01:00",
		"9999-12-31T23:59:59-01:00",
	};
	int64_t seconds = 5;
	for (size_t i = 0; i < array_size(wrong); i++)
		if (operand_time(wrong[i], NOW, &seconds) != -EINVAL)
			fail_msg("%s is taken", wrong[i]);
	assert_int_equal(seconds, 5);
}

static void a_time_on_the_command_line_is_read_in_the_forms_of_iso_8601(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t from_now;
	} cases[] = {
		{"now", 0},
		{"-0s", 0},
		{"-90m", -5400},
		{"-3d", INT64_C(-3) * 86400},
		{"2026-05-09", -30600},
		{"2026-05-09Z", -30600},
		{"2026-05-09+09:00", -63000},
		{"2026-05-09T08:30:00Z", 0},
		{"2026-05-09t08:30z", 0},
		{"2026-05-09 08:30:00 Z", 0},
		{"2026-05-09T08:30:00.999Z", 0},
		{"2026-05-09T17:30:00+09:00", 0},
		{"2026-05-09T17:30:00+0900", 0},
		{"2026-05-09 17:30:00+09", 0},
		{"2026-05-08T23:00:00-09:30", 0},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		int64_t seconds = 0;
		if (operand_time(cases[i].text, NOW, &seconds) != 0)
			fail_msg("%s is refused", cases[i].text);
		assert_int_equal(seconds, NOW + cases[i].from_now);
	}
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
		cmocka_unit_test(what_is_pasted_as_a_serial_but_is_none_is_refused_with_the_reason),
		cmocka_unit_test(a_serial_is_read_in_every_form_that_people_paste),
		cmocka_unit_test(a_time_on_the_command_line_says_its_zone),
		cmocka_unit_test(a_time_on_the_command_line_is_read_in_the_forms_of_iso_8601),
		cmocka_unit_test(times_that_do_not_exist_are_refused),
		cmocka_unit_test(times_are_read_in_every_form_that_cas_have_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
