/* Lines of an index.txt. */
#include "unit.h"

#include "cli/index_file.h"

#define DATES "260509083000Z"
#define TAIL "\tunknown\t/C=JP/CN=x"

static int read_line(const char *text, struct index_entry *entry, struct fault *fault)
{
	return index_line_read(view_of_string(text), entry, fault);
}

static void assert_refused(const char *text, const char *why)
{
	struct index_entry entry = {.not_after = 42};
	struct fault fault = {""};
	assert_int_equal(read_line(text, &entry, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, why));
	assert_int_equal(entry.not_after, 42);
}

/* What is certain of it is that the certificate is revoked. */
static void assert_doubtful(const char *text, const char *why, enum revocation_reason reason)
{
	struct index_entry entry = {.not_after = 42};
	struct fault fault = {""};
	assert_int_equal(read_line(text, &entry, &fault), INDEX_DOUBTFUL);
	assert_non_null(strstr(fault.text, why));
	assert_int_equal(entry.kind, INDEX_REVOKED);
	assert_int_equal(entry.serial.size, 1);
	assert_int_equal(entry.reason, reason);
}

static void a_line_needs_six_fields(void **state)
{
	(void)state;
	assert_refused("V", "1 fields");
	assert_refused("V\t" DATES "\t\t01\tunknown", "5 fields");
	assert_refused("V\t" DATES "\t\t01\tunknown\t/CN=x\tmore", "7 fields");
	assert_refused("V " DATES "  01 unknown /CN=x", "1 fields");
}

static void a_status_is_V_R_or_E(void **state)
{
	(void)state;
	assert_refused("X\t" DATES "\t\t01" TAIL, "none of V, R and E");
	assert_refused("\t" DATES "\t\t01" TAIL, "none of V, R and E");
	assert_refused("v\t" DATES "\t\t01" TAIL, "none of V, R and E");
	assert_refused("VR\t" DATES "\t\t01" TAIL, "none of V, R and E");
}

static void a_serial_is_hexadecimal_and_not_negative(void **state)
{
	(void)state;
	assert_refused("V\t" DATES "\t\t" TAIL, "serial number is missing");
	assert_refused("V\t" DATES "\t\t-05" TAIL, "serial number \"-05\" is negative");
	assert_refused("V\t" DATES "\t\t0G" TAIL, "serial number \"0G\"");
}

static void a_date_that_is_none_is_refused(void **state)
{
	(void)state;
	assert_refused("V\t260231000000Z\t\t01" TAIL, "expiry date");
}

/* A revocation that is written badly is one all the same. */
static void of_a_doubtful_revocation_what_is_certain_is_kept(void **state)
{
	(void)state;
	assert_doubtful("R\t260231000000Z\t" DATES "\t01" TAIL, "expiry date", REASON_NONE);
	assert_doubtful("R\t" DATES "\t260231000000Z\t01" TAIL, "revocation date", REASON_NONE);
	assert_doubtful("R\t" DATES "\t\t01" TAIL, "without a revocation date", REASON_NONE);
	assert_doubtful("R\t" DATES "\t,keyCompromise\t01" TAIL, "without a revocation date",
			REASON_KEY_COMPROMISE);
	assert_doubtful("R\t" DATES "\t" DATES ",stolen\t01" TAIL, "reason \"stolen\"",
			REASON_NONE);
	assert_doubtful("R\t" DATES "\t" DATES ",keyTime\t01" TAIL, "invalidity date",
			REASON_KEY_COMPROMISE);
	assert_doubtful("R\t" DATES "\t" DATES ",CAkeyTime,soon\t01" TAIL, "\"soon\"",
			REASON_CA_COMPROMISE);
	assert_doubtful("R\t" DATES "\t" DATES ",holdInstruction\t01" TAIL, "object identifier",
			REASON_CERTIFICATE_HOLD);
}

static void a_revocation_date_belongs_to_R_only(void **state)
{
	(void)state;
	assert_refused("V\t" DATES "\t" DATES "\t01" TAIL, "not marked R");
	assert_refused("E\t" DATES "\t" DATES "\t01" TAIL, "not marked R");
}

static void a_valid_line_is_read(void **state)
{
	(void)state;
	struct index_entry e;
	assert_int_equal(read_line("V\t20500101000000Z\t\t00ABCD" TAIL, &e, NULL), 0);
	assert_int_equal(e.kind, INDEX_VALID);
	assert_int_equal(e.not_after, INT64_C(2524608000));
	assert_int_equal(e.revoked_at, TIME_NONE);
	assert_int_equal(e.reason, REASON_NONE);
	assert_view_equal(serial_view(&e.serial), view_of("\0\xab\xcd", 3));
}

static void an_expired_line_and_an_empty_expiry_are_read(void **state)
{
	(void)state;
	struct index_entry e;
	assert_int_equal(read_line("E\t" DATES "\t\t01" TAIL "\r", &e, NULL), 0);
	assert_int_equal(e.kind, INDEX_EXPIRED);
	assert_int_equal(read_line("V\t\t\t01" TAIL, &e, NULL), 0);
	assert_int_equal(e.not_after, TIME_NONE);
}

static void comments_and_empty_lines_say_nothing(void **state)
{
	(void)state;
	struct index_entry e;
	assert_int_equal(read_line("", &e, NULL), INDEX_NOTHING);
	assert_int_equal(read_line("\r", &e, NULL), INDEX_NOTHING);
	assert_int_equal(read_line("# V\t", &e, NULL), INDEX_NOTHING);
}

static void a_tab_after_a_backslash_belongs_to_its_field(void **state)
{
	(void)state;
	struct index_entry e;
	assert_int_equal(read_line("V\t" DATES "\t\t01\tunknown\t/CN=a\\\tb", &e, NULL), 0);
}

static void every_reason_of_openssl_is_read(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum revocation_reason reason;
	} cases[] = {
		{"unspecified", REASON_UNSPECIFIED},
		{"keyCompromise", REASON_KEY_COMPROMISE},
		{"CACompromise", REASON_CA_COMPROMISE},
		{"affiliationChanged", REASON_AFFILIATION_CHANGED},
		{"superseded", REASON_SUPERSEDED},
		{"cessationOfOperation", REASON_CESSATION_OF_OPERATION},
		{"certificateHold", REASON_CERTIFICATE_HOLD},
		{"privilegeWithdrawn", REASON_PRIVILEGE_WITHDRAWN},
		{"AACompromise", REASON_AA_COMPROMISE},
		{"KEYCOMPROMISE", REASON_KEY_COMPROMISE},
		{"", REASON_NONE},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		char line[200];
		struct index_entry e;
		(void)snprintf(line, sizeof(line), "R\t" DATES "\t" DATES ",%s\t01" TAIL,
			       cases[i].name);
		assert_int_equal(read_line(line, &e, NULL), 0);
		assert_int_equal(e.reason, cases[i].reason);
		assert_int_equal(e.revoked_at, e.not_after);
		assert_false(e.removed_from_crl);
	}
}

static void compromise_times_become_invalidity_dates(void **state)
{
	(void)state;
	struct index_entry e;
	assert_int_equal(
		read_line("R\t" DATES "\t" DATES ",keyTime,20260101000000Z\t01" TAIL, &e, NULL), 0);
	assert_int_equal(e.reason, REASON_KEY_COMPROMISE);
	assert_int_equal(e.invalidity_at, INT64_C(1767225600));
	assert_int_equal(
		read_line("R\t" DATES "\t" DATES ",CAkeyTime,20260101000000Z\t01" TAIL, &e, NULL),
		0);
	assert_int_equal(e.reason, REASON_CA_COMPROMISE);
	assert_int_equal(e.invalidity_at, INT64_C(1767225600));
}

static void hold_instructions_are_holds(void **state)
{
	(void)state;
	struct index_entry e;
	assert_int_equal(read_line("R\t" DATES "\t" DATES
				   ",holdInstruction,1.2.840.10040.2.2\t01" TAIL,
				   &e, NULL),
			 0);
	assert_int_equal(e.reason, REASON_CERTIFICATE_HOLD);
	assert_view_equal(e.hold_instruction, view_of_string("1.2.840.10040.2.2"));
}

/* P-29: reason 8 is no state; only from a hold could the operator release it. */
static void removeFromCRL_is_taken_as_a_hold(void **state)
{
	(void)state;
	struct index_entry e;
	assert_int_equal(read_line("R\t" DATES "\t" DATES ",removeFromCRL\t01" TAIL, &e, NULL), 0);
	assert_int_equal(e.reason, REASON_CERTIFICATE_HOLD);
	assert_true(e.removed_from_crl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_needs_six_fields),
		cmocka_unit_test(a_status_is_V_R_or_E),
		cmocka_unit_test(a_serial_is_hexadecimal_and_not_negative),
		cmocka_unit_test(a_date_that_is_none_is_refused),
		cmocka_unit_test(a_revocation_date_belongs_to_R_only),
		cmocka_unit_test(of_a_doubtful_revocation_what_is_certain_is_kept),
		cmocka_unit_test(a_valid_line_is_read),
		cmocka_unit_test(an_expired_line_and_an_empty_expiry_are_read),
		cmocka_unit_test(comments_and_empty_lines_say_nothing),
		cmocka_unit_test(a_tab_after_a_backslash_belongs_to_its_field),
		cmocka_unit_test(every_reason_of_openssl_is_read),
		cmocka_unit_test(compromise_times_become_invalidity_dates),
		cmocka_unit_test(hold_instructions_are_holds),
		cmocka_unit_test(removeFromCRL_is_taken_as_a_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
