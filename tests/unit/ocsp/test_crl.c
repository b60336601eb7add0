/* Slices of CRLs (RFC 5280, 5). */
#include "unit.h"

#include "ocsp/crl.h"

#include "dertext.h"

#define ALGORITHM "30{06{2a8648ce3d040302}}"
#define NAME "30{31{30{06{550403}0c{41}}}}"
#define YEAR_2020 "17{3230303130313030303030305a}"
#define YEAR_2060 "18{32303630303130313030303030305a}"
#define SECONDS_2020 INT64_C(1577836800)
#define SECONDS_2060 INT64_C(2840140800)
#define WITH(version, rest) "30{30{" version ALGORITHM NAME rest "}" ALGORITHM "03{00 5a*8}}"
#define CRL(rest) WITH("020101", YEAR_2020 YEAR_2060 rest)
#define EXTENSIONS(list) CRL("a0{30{" list "}}")
#define EXTENSION(number, value) "30{06{551d" number "}04{" value "}}"
#define CRITICAL(number, value) "30{06{551d" number "}0101ff 04{" value "}}"
#define POINT(fields) EXTENSIONS(CRITICAL("1c", "30{" fields "}"))
#define ENTRIES(list) CRL("30{" list "}")
#define ENTRY(extensions) ENTRIES("30{020101" YEAR_2020 "30{" extensions "}}")

struct read {
	struct view der;
	int result;
	struct crl crl;
};

static void read_deinit(struct read *read)
{
	der_text_free(&read->der);
}

static struct read read_text(const char *text)
{
	struct read read = {.der = der_text(text)};
	read.result = crl_read(read.der, &read.crl);
	return read;
}

#define READ(name, text) cleanup(read_deinit) struct read name = read_text(text)

static void assert_refused(const char *text)
{
	READ(read, text);
	assert_int_equal(read.result, CRL_MALFORMED);
}

static void assert_view(struct view view, const char *text)
{
	struct view expected = der_text(text);
	assert_true(view_equal(view, expected));
	der_text_free(&expected);
}

static void what_is_no_crl_is_malformed(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"3000",
		"30{30{}" ALGORITHM "0300}",
		CRL("") "00",
		WITH("020102", YEAR_2020),
		WITH("020101", "05{}"),
		"30{30{020101" ALGORITHM NAME YEAR_2020 "}" ALGORITHM "03{08 00}}",
		CRL("a0{30{}}a0{30{}}"),
	};
	for (size_t i = 0; i < array_size(wrong); i++)
		assert_refused(wrong[i]);
}

static void its_parts_are_as_encoded(void **state)
{
	(void)state;
	READ(read, EXTENSIONS(EXTENSION("14", "02020100") CRITICAL("1b", "020109")
				      EXTENSION("23", "30{80{0102}}")));
	assert_int_equal(read.result, 0);
	assert_view(read.crl.issuer, NAME);
	assert_view(read.crl.algorithm, ALGORITHM);
	assert_int_equal(read.crl.this_update, SECONDS_2020);
	assert_int_equal(read.crl.next_update, SECONDS_2060);
	assert_view(read.crl.number, "0100");
	assert_view(read.crl.base_number, "09");
	assert_view(read.crl.authority_key_id, "0102");
	assert_int_equal(read.crl.unknown.size, 0);
	assert_int_equal(read.crl.entries.size, 0);
}

static void what_old_cas_issue_is_readable(void **state)
{
	(void)state;
	READ(version_1, WITH("", YEAR_2020));
	assert_int_equal(version_1.result, 0);
	assert_int_equal(version_1.crl.next_update, TIME_NONE);
	READ(no_entries, CRL("30{}"));
	assert_int_equal(no_entries.result, 0);
	READ(said_not_critical, EXTENSIONS("30{06{551d14}010100 04{020101}}"));
	assert_int_equal(said_not_critical.result, 0);
}

/* Whoever changed one of them wants another algorithm to be used than was signed (RFC 5280, 5.1.1.2). */
static void two_algorithms_that_differ_are_none(void **state)
{
	(void)state;
	READ(read, "30{30{020101" ALGORITHM NAME YEAR_2020 "}30{06{2a8648ce3d040303}}03{00 5a}}");
	assert_int_equal(read.result, 0);
	assert_int_equal(read.crl.algorithm.size, 0);
}

static void numbers_are_minimal_and_said_once(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		EXTENSIONS(EXTENSION("14", "0200")),
		EXTENSIONS(EXTENSION("14", "020180")),
		EXTENSIONS(EXTENSION("14", "02020001")),
		EXTENSIONS(EXTENSION("14", "02{01*21}")),
		EXTENSIONS(EXTENSION("14", "020101 00")),
		EXTENSIONS(EXTENSION("14", "020101") EXTENSION("14", "020102")),
		EXTENSIONS(EXTENSION("1b", "020101") EXTENSION("1b", "020102")),
	};
	for (size_t i = 0; i < array_size(wrong); i++)
		assert_refused(wrong[i]);
	READ(longest, EXTENSIONS(EXTENSION("14", "02{00 ff*19}")));
	assert_int_equal(longest.crl.number.size, LIMIT_CRL_NUMBER);
}

static void what_it_does_not_cover_is_known(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned limits;
	} cases[] = {
		{POINT(""), 0},
		{POINT("a0{a0{86{61}}}"), 0},
		{POINT("8101ff"), CRL_USER_ONLY},
		{POINT("a0{a0{86{61}}}8201ff"), CRL_CA_ONLY},
		{POINT("83020640"), CRL_SOME_REASONS},
		{POINT("8401ff"), CRL_INDIRECT},
		{POINT("8501ff"), CRL_ATTRIBUTE_ONLY},
		{POINT("8101ff83020640 8401ff"), CRL_USER_ONLY | CRL_SOME_REASONS | CRL_INDIRECT},
		{POINT("810100"), 0},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		READ(read, cases[i].text);
		assert_int_equal(read.result, 0);
		assert_int_equal(read.crl.limits, cases[i].limits);
		assert_true(read.crl.distribution.size > 0);
		assert_int_equal(read.crl.unknown.size, 0);
	}
}

/* Nothing of it may be passed over: it would look as if the CRL covered more. */
static void a_distribution_point_that_is_not_understood_is_malformed(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		POINT("810101"),
		POINT("8100"),
		POINT("a103 0101ff"),
		POINT("8601ff"),
		POINT("0101ff"),
		POINT("8201ff8101ff"),
		POINT("8101ff8101ff"),
		POINT("8000"),
		EXTENSIONS(CRITICAL("1c", "3000") CRITICAL("1c", "3000")),
	};
	for (size_t i = 0; i < array_size(wrong); i++)
		assert_refused(wrong[i]);
}

static void a_critical_extension_that_nobody_knows_is_named(void **state)
{
	(void)state;
	READ(critical, EXTENSIONS(EXTENSION("63", "0500") CRITICAL("64", "0500")));
	assert_int_equal(critical.result, 0);
	assert_view(critical.crl.unknown, "551d64");
	READ(entry, ENTRY(CRITICAL("63", "0500")));
	struct cursor entries = cursor_of(entry.crl.entries);
	struct crl_entry first;
	assert_true(crl_next(&entries, &first));
	assert_view(first.unknown, "551d63");
}

static void entries_come_one_after_the_other(void **state)
{
	(void)state;
	READ(read,
	     ENTRIES("30{020105" YEAR_2020 "}30{020200ff" YEAR_2060
		     "30{" EXTENSION("15", "0a0106") EXTENSION("18", YEAR_2060) EXTENSION(
			     "17", "06{2a8648ce380203}") "}}30{020107" YEAR_2020
							 "30{" EXTENSION("15", "0a0108")
								 CRITICAL("1d", "30{}") "}}"));
	struct cursor entries = cursor_of(read.crl.entries);
	struct crl_entry entry;
	assert_true(crl_next(&entries, &entry));
	assert_view(entry.serial, "05");
	assert_int_equal(entry.revoked_at, SECONDS_2020);
	assert_int_equal(entry.reason, REASON_NONE);
	assert_int_equal(entry.invalidity_at, TIME_NONE);
	assert_false(entry.other_issuer);
	assert_true(crl_next(&entries, &entry));
	assert_view(entry.serial, "00ff");
	assert_int_equal(entry.reason, REASON_CERTIFICATE_HOLD);
	assert_int_equal(entry.invalidity_at, SECONDS_2060);
	assert_view(entry.hold_instruction, "2a8648ce380203");
	assert_true(crl_next(&entries, &entry));
	assert_int_equal(entry.reason, CRL_REASON_REMOVE);
	assert_true(entry.other_issuer);
	assert_int_equal(entry.unknown.size, 0);
	assert_false(crl_next(&entries, &entry));
	assert_false(entries.failed);
}

static void a_malformed_entry_ends_the_entries_with_a_failure(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		ENTRIES("30{}"),
		ENTRIES("30{0200" YEAR_2020 "}"),
		ENTRIES("30{020101}"),
		ENTRIES("30{020101" YEAR_2020 "0500}"),
		ENTRY(EXTENSION("15", "0a0180")),
		ENTRY(EXTENSION("15", "0a020101")),
		ENTRY(EXTENSION("15", "020101")),
		ENTRY(EXTENSION("15", "0a0101") EXTENSION("15", "0a0101")),
		ENTRY(EXTENSION("18", YEAR_2020)),
	};
	for (size_t i = 0; i < array_size(wrong); i++) {
		READ(read, wrong[i]);
		assert_int_equal(read.result, 0);
		struct cursor entries = cursor_of(read.crl.entries);
		struct crl_entry entry;
		assert_false(crl_next(&entries, &entry));
		assert_true(entries.failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_crl_is_malformed),
		cmocka_unit_test(its_parts_are_as_encoded),
		cmocka_unit_test(what_old_cas_issue_is_readable),
		cmocka_unit_test(two_algorithms_that_differ_are_none),
		cmocka_unit_test(numbers_are_minimal_and_said_once),
		cmocka_unit_test(what_it_does_not_cover_is_known),
		cmocka_unit_test(a_distribution_point_that_is_not_understood_is_malformed),
		cmocka_unit_test(a_critical_extension_that_nobody_knows_is_named),
		cmocka_unit_test(entries_come_one_after_the_other),
		cmocka_unit_test(a_malformed_entry_ends_the_entries_with_a_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
