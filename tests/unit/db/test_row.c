/* Rows in binary format: what is corrupt is named, never guessed at (doc/faults.md row 15). */
#include "unit.h"

#include "base/timetext.h"
#include "db/row.h"

enum { ISSUER, SERIAL, VERSION, STATUS, REASON, REVOKED_AT, INVALIDITY_AT, NOT_AFTER };

#define BYTES(...) view_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define FIELD(...) ((struct db_field){.bytes = BYTES(__VA_ARGS__)})
#define NULL_FIELD ((struct db_field){.null = true})
/* 2000-01-01T00:00:01.5Z */
#define ONE_AND_A_HALF FIELD(0, 0, 0, 0, 0, 0x16, 0xe3, 0x60)
#define INFINITY_FIELD FIELD(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
#define MINUS_INFINITY FIELD(0x80, 0, 0, 0, 0, 0, 0, 0)

/* A revoked row with everything; tests spoil one column. */
#define REVOKED_ROW                                                                       \
	FIELD(0, 0, 0, 7), FIELD(0x00, 0x80), FIELD(0, 0, 0, 0, 0, 0, 0, 3), FIELD(0, 1), \
		FIELD(0, 1), ONE_AND_A_HALF, NULL_FIELD, NULL_FIELD
#define GOOD_ROW                                                                                \
	FIELD(0, 0, 0, 7), FIELD(0x2a), FIELD(0, 0, 0, 0, 0, 0, 0, 1), FIELD(0, 0), NULL_FIELD, \
		NULL_FIELD, NULL_FIELD, ONE_AND_A_HALF

static void expect_bad(const struct db_field *fields, const char *column)
{
	struct cert_record record = {.version = 99};
	struct db_bad_row bad = {0};
	assert_int_equal(db_row_read(fields, &record, &bad), DB_ROW_BAD);
	assert_non_null(strstr(bad.fault.text, column));
	assert_int_equal(record.version, 99);
}

static void status_out_of_range_is_bad_and_named_with_its_key(void **state)
{
	(void)state;
	struct db_field row[] = {REVOKED_ROW};
	struct cert_record record;
	struct db_bad_row bad = {0};
	row[STATUS] = FIELD(0, 4);
	assert_int_equal(db_row_read(row, &record, &bad), DB_ROW_BAD);
	assert_true(bad.keyed);
	assert_int_equal(bad.key.issuer, 7);
	assert_view_equal(serial_view(&bad.key.serial), BYTES(0x00, 0x80));
	assert_string_equal(bad.fault.text,
			    "certificate issuer=7 serial=0080: status cannot be understood");
}

static void null_where_a_value_must_be_is_bad(void **state)
{
	(void)state;
	static const char *const names[] = {"issuer", "serial", "version", "status"};
	for (int i = ISSUER; i <= STATUS; i++) {
		struct db_field row[] = {REVOKED_ROW};
		row[i] = NULL_FIELD;
		expect_bad(row, names[i]);
	}
}

static void a_value_of_another_size_is_bad(void **state)
{
	(void)state;
	for (int i = VERSION; i <= NOT_AFTER; i++) {
		struct db_field row[] = {REVOKED_ROW};
		row[i] = FIELD(0, 0, 1);
		expect_bad(row, "");
	}
}

static void a_version_is_positive(void **state)
{
	(void)state;
	struct db_field row[] = {REVOKED_ROW};
	row[VERSION] = FIELD(0, 0, 0, 0, 0, 0, 0, 0);
	expect_bad(row, "version");
	row[VERSION] = FIELD(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
	expect_bad(row, "version");
}

static void a_row_without_a_readable_key_has_none(void **state)
{
	(void)state;
	static const struct db_field issuers[] = {{.null = true}};
	struct db_field row[] = {REVOKED_ROW};
	struct cert_record record;
	struct db_bad_row bad = {.keyed = true};
	row[SERIAL] = FIELD(0x00, 0x01); /* P-6: not minimal */
	assert_int_equal(db_row_read(row, &record, &bad), DB_ROW_BAD);
	assert_false(bad.keyed);
	row[SERIAL] = FIELD(0x01);
	row[ISSUER] = issuers[0];
	bad.keyed = true;
	assert_int_equal(db_row_read(row, &record, &bad), DB_ROW_BAD);
	assert_false(bad.keyed);
}

static void times_beyond_what_an_answer_can_say_are_bad(void **state)
{
	(void)state;
	for (int i = REVOKED_AT; i <= INVALIDITY_AT; i++) {
		struct db_field row[] = {REVOKED_ROW};
		row[i] = INFINITY_FIELD;
		expect_bad(row, i == REVOKED_AT ? "revoked_at" : "invalidity_at");
		row[i] = MINUS_INFINITY;
		expect_bad(row, i == REVOKED_AT ? "revoked_at" : "invalidity_at");
		/* 10000-01-01: PostgreSQL goes on to the year 294276 */
		row[i] = FIELD(0x03, 0x80, 0xe7, 0x8b, 0x7d, 0x59, 0xa0, 0x00);
		expect_bad(row, i == REVOKED_AT ? "revoked_at" : "invalidity_at");
	}
}

static void reasons_that_are_no_state_are_bad(void **state) /* P-29 */
{
	(void)state;
	static const uint8_t reasons[][2] = {{0, 7}, {0, 8}, {0, 11}, {0xff, 0xff}};
	for (size_t i = 0; i < array_size(reasons); i++) {
		struct db_field row[] = {REVOKED_ROW};
		row[REASON].bytes = view_of(reasons[i], 2);
		expect_bad(row, "reason");
	}
}

static void status_and_its_facts_must_agree(void **state)
{
	(void)state;
	struct db_field good[] = {GOOD_ROW};
	good[REVOKED_AT] = ONE_AND_A_HALF;
	expect_bad(good, "status with its reason and dates");
	struct db_field undated[] = {REVOKED_ROW};
	undated[REVOKED_AT] = NULL_FIELD;
	expect_bad(undated, "status with its reason and dates");
	struct db_field hold_for_ever[] = {REVOKED_ROW};
	hold_for_ever[REASON] = FIELD(0, 6);
	expect_bad(hold_for_ever, "status with its reason and dates");
	struct db_field held[] = {REVOKED_ROW};
	held[STATUS] = FIELD(0, 2);
	expect_bad(held, "status with its reason and dates");
}

static void a_revoked_row_is_read_with_whole_seconds(void **state)
{
	(void)state;
	struct db_field row[] = {REVOKED_ROW};
	struct cert_record r;
	struct db_bad_row bad;
	assert_int_equal(db_row_read(row, &r, &bad), 0);
	assert_int_equal(r.issuer, 7);
	assert_view_equal(serial_view(&r.serial), BYTES(0x00, 0x80));
	assert_int_equal(r.version, 3);
	assert_int_equal(r.status, CERT_REVOKED);
	assert_int_equal(r.reason, REASON_KEY_COMPROMISE);
	assert_int_equal(r.revoked_at, 946684801);
	assert_true(r.invalidity_at == TIME_NONE);
	assert_true(r.not_after == TIME_NONE);
}

static void a_good_row_has_no_revocation(void **state)
{
	(void)state;
	struct db_field row[] = {GOOD_ROW};
	struct cert_record r;
	struct db_bad_row bad;
	assert_int_equal(db_row_read(row, &r, &bad), 0);
	assert_int_equal(r.status, CERT_GOOD);
	assert_true(r.revoked_at == TIME_NONE);
	assert_int_equal(r.reason, REASON_NONE);
	assert_int_equal(r.not_after, 946684801);
}

static void an_infinite_not_after_never_passes(void **state)
{
	(void)state;
	struct db_field row[] = {GOOD_ROW};
	struct cert_record r;
	struct db_bad_row bad;
	row[NOT_AFTER] = INFINITY_FIELD;
	assert_int_equal(db_row_read(row, &r, &bad), 0);
	assert_true(r.not_after == TIME_NONE);
	row[NOT_AFTER] = MINUS_INFINITY;
	expect_bad(row, "not_after");
}

static void times_before_1970_round_down(void **state)
{
	(void)state;
	struct db_field row[] = {REVOKED_ROW};
	struct cert_record r;
	struct db_bad_row bad;
	/* 1969-12-31T23:59:59.5Z = −946684800.5 s from 2000 */
	row[REVOKED_AT] = FIELD(0xff, 0xfc, 0xa2, 0xfe, 0xc4, 0xc0, 0x5e, 0xe0);
	assert_int_equal(db_row_read(row, &r, &bad), 0);
	assert_int_equal(r.revoked_at, -1);
}

static void an_issuer_with_a_bad_column_is_bad(void **state)
{
	(void)state;
	static const uint8_t hash[CERTIFICATE_HASH_SIZE];
	const struct db_field whole[DB_ISSUER_FIELDS] = {FIELD(0, 0, 0, 7),
							 FIELD('A'),
							 FIELD(0, 0, 0, 0, 0, 0, 0, 1),
							 NULL_FIELD,
							 NULL_FIELD,
							 FIELD(0x30, 0x00),
							 {false, {hash, sizeof(hash)}},
							 {false, {hash, sizeof(hash)}},
							 NULL_FIELD,
							 FIELD(1),
							 NULL_FIELD,
							 NULL_FIELD,
							 FIELD(0, 0, 0, 0),
							 NULL_FIELD,
							 NULL_FIELD,
							 NULL_FIELD,
							 NULL_FIELD,
							 NULL_FIELD};
	struct db_issuer issuer;
	struct fault fault;
	for (int i = 0; i < 8; i++) { /* names may be missing */
		struct db_field row[DB_ISSUER_FIELDS];
		memcpy(row, whole, sizeof(row));
		row[i] = i == 3 || i == 4 ? FIELD(1, 2, 3) : NULL_FIELD;
		assert_int_equal(db_issuer_read(row, &issuer, &fault), DB_ROW_BAD);
	}
	/* doc/faults.md row 41: another CA's certificate in it. */
	struct db_field foreign[DB_ISSUER_FIELDS];
	memcpy(foreign, whole, sizeof(foreign));
	foreign[9] = FIELD(0);
	assert_int_equal(db_issuer_read(foreign, &issuer, &fault), DB_ROW_BAD);
	assert_int_equal(issuer.record.id, 7);
	assert_non_null(strstr(fault.text, "subject and key"));
	assert_int_equal(db_issuer_read(whole, &issuer, &fault), 0);
	assert_string_equal(issuer.record.name, "A");
	assert_view_equal(issuer.certificate, BYTES(0x30, 0x00));
	assert_true(issuer.record.revoked_at == TIME_NONE);
	assert_true(issuer.record.crl_from == TIME_NONE && issuer.record.crl_until == TIME_NONE);
	assert_int_equal(issuer.names.size, 0);
	/* One of the two without the other is no time within which anything is proven. */
	struct db_field crl[DB_ISSUER_FIELDS];
	memcpy(crl, whole, sizeof(crl));
	crl[10] = FIELD(0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(db_issuer_read(crl, &issuer, &fault), DB_ROW_BAD);
	crl[11] = FIELD(0, 0, 0, 0, 0, 0x0f, 0x42, 0x40);
	assert_int_equal(db_issuer_read(crl, &issuer, &fault), 0);
	assert_int_equal(issuer.record.crl_from, 946684800);
	assert_int_equal(issuer.record.crl_until, 946684801);
	/* P-30: which CRL it is; what does not fit is left out. */
	assert_int_equal(facts_extensions(&issuer.crl), 0);
	crl[15] = FIELD('h', 't', 't', 'p');
	crl[16] = FIELD(7);
	crl[17] = FIELD(0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(db_issuer_read(crl, &issuer, &fault), 0);
	assert_view_equal(issuer.crl.crl_url, view_of_string("http"));
	assert_view_equal(issuer.crl.crl_number, BYTES(7));
	assert_int_equal(issuer.crl.crl_time, 946684800);
	crl[15] = FIELD('h', ' ');
	crl[16] = FIELD(0xff);
	crl[17] = FIELD(1);
	assert_int_equal(db_issuer_read(crl, &issuer, &fault), 0);
	assert_int_equal(facts_extensions(&issuer.crl), 0);
	struct db_field presigned[DB_ISSUER_FIELDS];
	memcpy(presigned, whole, sizeof(presigned));
	presigned[12] = NULL_FIELD;
	assert_int_equal(db_issuer_read(presigned, &issuer, &fault), DB_ROW_BAD);
	presigned[12] = FIELD(0, 0, 0, 9);
	presigned[14] = FIELD(0, 0, 0, 0, 0, 0x0f, 0x42, 0x40);
	assert_int_equal(db_issuer_read(presigned, &issuer, &fault), 0);
	assert_int_equal(issuer.record.presigned, 9);
	assert_int_equal(issuer.record.presigned_until, 946684801);
}

static void a_withdrawn_row_has_no_revocation(void **state)
{
	(void)state;
	struct db_field row[] = {REVOKED_ROW};
	struct cert_record r;
	struct db_bad_row bad = {0};
	row[STATUS] = FIELD(0, 3);
	assert_int_equal(db_row_read(row, &r, &bad), DB_ROW_BAD);
	row[REASON] = row[REVOKED_AT] = row[INVALIDITY_AT] = NULL_FIELD;
	assert_int_equal(db_row_read(row, &r, &bad), 0);
	assert_int_equal(r.status, CERT_WITHDRAWN);
}

/* What is no whole hold ends none: the hold that is remembered stays. */
static void a_hold_that_cannot_be_understood_is_none(void **state)
{
	(void)state;
	const struct db_field version = FIELD(0, 0, 0, 0, 0, 0, 0, 2);
	const struct db_field right[] = {version, ONE_AND_A_HALF, NULL_FIELD};
	const struct db_field wrong[][DB_HOLD_FIELDS] = {
		{NULL_FIELD, NULL_FIELD, NULL_FIELD},
		{FIELD(0, 0, 0, 0, 0, 0, 0, 0), ONE_AND_A_HALF, NULL_FIELD},
		{FIELD(0, 0, 0, 2), ONE_AND_A_HALF, NULL_FIELD},
		{version, INFINITY_FIELD, NULL_FIELD},
		{version, ONE_AND_A_HALF, FIELD(0)},
	};
	struct hold hold = db_hold_read(right);
	assert_int_equal(hold.version, 2);
	assert_int_equal(hold.revoked_at, 946684801);
	assert_int_equal(hold.invalidity_at, TIME_NONE);
	for (size_t i = 0; i < array_size(wrong); i++)
		assert_int_equal(db_hold_read(wrong[i]).version, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_out_of_range_is_bad_and_named_with_its_key),
		cmocka_unit_test(null_where_a_value_must_be_is_bad),
		cmocka_unit_test(a_value_of_another_size_is_bad),
		cmocka_unit_test(a_version_is_positive),
		cmocka_unit_test(a_row_without_a_readable_key_has_none),
		cmocka_unit_test(times_beyond_what_an_answer_can_say_are_bad),
		cmocka_unit_test(reasons_that_are_no_state_are_bad),
		cmocka_unit_test(status_and_its_facts_must_agree),
		cmocka_unit_test(a_revoked_row_is_read_with_whole_seconds),
		cmocka_unit_test(a_good_row_has_no_revocation),
		cmocka_unit_test(an_infinite_not_after_never_passes),
		cmocka_unit_test(times_before_1970_round_down),
		cmocka_unit_test(an_issuer_with_a_bad_column_is_bad),
		cmocka_unit_test(a_withdrawn_row_has_no_revocation),
		cmocka_unit_test(a_hold_that_cannot_be_understood_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
