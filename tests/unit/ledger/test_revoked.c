#include "unit.h"

#include "base/timetext.h"
#include "ledger/revoked.h"

static const struct siphash_key key = {.k0 = 3, .k1 = 4};

static struct cert_record record_of(uint32_t number, int64_t version, enum cert_status status)
{
	struct cert_record record = {
		.issuer = 1,
		.serial = {.size = 5, .octets = {0x01}},
		.version = version,
		.status = status,
		.reason = !status_says_revoked(status) ? REASON_NONE : REASON_KEY_COMPROMISE,
		.revoked_at = !status_says_revoked(status) ? TIME_NONE : 1700000000,
		.invalidity_at = TIME_NONE,
		.not_after = TIME_MOST,
	};
	for (int i = 0; i < 4; i++)
		record.serial.octets[i + 1] = (uint8_t)(number >> (8 * i));
	return record;
}

static int apply(struct revoked *set, uint32_t number, int64_t version, enum cert_status status)
{
	struct cert_record record = record_of(number, version, status);
	return revoked_apply(set, &record, REVOKED_LOGGED);
}

static int load(struct revoked *set, uint32_t number, int64_t version, enum cert_status status)
{
	struct cert_record record = record_of(number, version, status);
	return revoked_apply(set, &record, REVOKED_LOADED);
}

static int status_of(const struct revoked *set, uint32_t number)
{
	struct cert_record name = record_of(number, 0, CERT_GOOD), found;
	if (!revoked_find(set, 1, serial_view(&name.serial), &found))
		return -1;
	return (int)found.status;
}

static struct revoked *new_set(void)
{
	struct revoked *set = NULL;
	assert_int_equal(revoked_new(&key, &set), 0);
	return set;
}

/* I-4 */
static void revoked_never_becomes_good(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	assert_int_equal(apply(set, 1, 2, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 1, 3, CERT_GOOD), REVOKED_REFUSED);
	assert_int_equal(status_of(set, 1), CERT_REVOKED);
}

static void an_older_or_equal_version_changes_nothing(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	assert_int_equal(apply(set, 1, 4, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 1, 4, CERT_REVOKED), 0);
	assert_int_equal(apply(set, 1, 3, CERT_GOOD), 0);
	assert_int_equal(apply(set, 1, 2, CERT_HELD), 0);
	assert_int_equal(status_of(set, 1), CERT_REVOKED);
	assert_int_equal(revoked_count(set), 1);
}

static void a_released_hold_stays_released_when_the_hold_comes_late(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	struct cert_record released = record_of(1, 3, CERT_GOOD);
	assert_int_equal(revoked_apply(set, &released, REVOKED_LOGGED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 1, 2, CERT_HELD), REVOKED_DOUBTED);
	assert_int_equal(apply(set, 1, 2, CERT_HELD), REVOKED_DOUBTED); /* once more */
	assert_int_equal(revoked_apply(set, &released, REVOKED_LOOKED_UP), 0);
	assert_int_equal(status_of(set, 1), CERT_GOOD);
	assert_int_equal(apply(set, 1, 4, CERT_HELD), REVOKED_CHANGED);
	assert_int_equal(status_of(set, 1), CERT_HELD);
	assert_int_equal(apply(set, 1, 5, CERT_GOOD), REVOKED_CHANGED);
	assert_int_equal(revoked_count(set), 0);
}

/* By version, like a release; and what was revoked stays revoked. */
static void a_withdrawal_is_kept_and_takes_no_revocation_back(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	assert_int_equal(apply(set, 1, 2, CERT_WITHDRAWN), REVOKED_CHANGED);
	assert_int_equal(apply(set, 1, 1, CERT_GOOD), 0);
	assert_int_equal(status_of(set, 1), CERT_WITHDRAWN);
	assert_int_equal(revoked_count(set), 0);
	assert_int_equal(apply(set, 1, 3, CERT_GOOD), REVOKED_CHANGED);
	assert_int_equal(apply(set, 1, 2, CERT_WITHDRAWN), 0);
	assert_int_equal(status_of(set, 1), CERT_GOOD);
	assert_int_equal(apply(set, 2, 2, CERT_HELD), REVOKED_CHANGED);
	assert_int_equal(apply(set, 2, 3, CERT_WITHDRAWN), REVOKED_CHANGED);
	assert_int_equal(apply(set, 2, 4, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 2, 5, CERT_WITHDRAWN), REVOKED_REFUSED);
	assert_int_equal(status_of(set, 2), CERT_REVOKED);
	assert_int_equal(revoked_count(set), 1);
	assert_int_equal(apply(set, 3, 4, CERT_WITHDRAWN), REVOKED_CHANGED);
	revoked_begin(set, true); /* the database went back to before it */
	assert_int_equal(status_of(set, 3), -1);
	assert_int_equal(load(set, 3, 2, CERT_HELD), REVOKED_CHANGED);
}

static void an_issuance_takes_no_row(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	assert_int_equal(apply(set, 1, 1, CERT_GOOD), 0);
	assert_int_equal(status_of(set, 1), -1);
}

/* P-29 */
static void a_changed_reason_is_a_change(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	struct cert_record record = record_of(1, 2, CERT_REVOKED), found;
	assert_int_equal(revoked_apply(set, &record, REVOKED_LOGGED), REVOKED_CHANGED);
	record.version = 3;
	record.reason = REASON_CA_COMPROMISE;
	record.revoked_at = TIME_LEAST;
	record.invalidity_at = -1;
	assert_int_equal(revoked_apply(set, &record, REVOKED_LOGGED), REVOKED_CHANGED);
	assert_true(revoked_find(set, 1, serial_view(&record.serial), &found));
	assert_int_equal(found.version, 3);
	assert_int_equal(found.reason, REASON_CA_COMPROMISE);
	assert_int_equal(found.revoked_at, TIME_LEAST);
	assert_int_equal(found.invalidity_at, -1);
	assert_int_equal(found.not_after, TIME_MOST);
	assert_view_equal(serial_view(&found.serial), serial_view(&record.serial));
}

static void the_same_serial_of_another_issuer_is_another_certificate(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	struct cert_record record = record_of(1, 2, CERT_REVOKED), found;
	assert_int_equal(revoked_apply(set, &record, REVOKED_LOGGED), REVOKED_CHANGED);
	assert_false(revoked_find(set, 2, serial_view(&record.serial), &found));
}

/* P-6: serials over 20 octets round-trip too. */
static void long_serials_are_kept_whole(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	static const uint8_t sizes[] = {1, 20, 21, 30, LIMIT_SERIAL};
	struct cert_record found;
	for (size_t i = 0; i < array_size(sizes); i++) {
		struct cert_record record = record_of(0, 2, CERT_REVOKED);
		record.serial.size = sizes[i];
		memset(record.serial.octets, 0x5a, sizes[i]);
		assert_int_equal(revoked_apply(set, &record, REVOKED_LOGGED), REVOKED_CHANGED);
	}
	for (size_t i = 0; i < array_size(sizes); i++) {
		uint8_t octets[LIMIT_SERIAL];
		memset(octets, 0x5a, sizeof(octets));
		assert_true(revoked_find(set, 1, view_of(octets, sizes[i]), &found));
		assert_view_equal(serial_view(&found.serial), view_of(octets, sizes[i]));
	}
}

/* ---- a database that went back in time (doc/faults.md row 9) ---- */

/* The numbers of those that are lost, summed up. */
static uint32_t sum_lost(const struct revoked *set)
{
	uint32_t sum = 0;
	size_t place = 0, count = 0;
	struct revoked_row row;
	for (; revoked_next(set, true, &place, &row); count++)
		sum += row.record.serial.octets[1];
	assert_int_equal(revoked_lost_count(set), count);
	return sum;
}

static void what_a_load_does_not_name_is_lost_but_stays(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	assert_int_equal(apply(set, 1, 2, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 2, 3, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 4, 2, CERT_HELD), REVOKED_CHANGED);
	assert_int_equal(sum_lost(set), 0);
	revoked_begin(set, true);
	assert_int_equal(load(set, 1, 2, CERT_REVOKED), 0); /* named again */
	assert_int_equal(load(set, 2, 2, CERT_HELD), REVOKED_REFUSED); /* an older state of it */
	assert_int_equal(sum_lost(set), 2 + 4);
	assert_int_equal(status_of(set, 2), CERT_REVOKED);
	assert_int_equal(status_of(set, 4), CERT_HELD);
}

static void a_good_row_that_the_load_did_not_confirm_yields_to_any_bad_one(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	assert_int_equal(apply(set, 1, 5, CERT_GOOD), REVOKED_CHANGED);
	assert_int_equal(apply(set, 2, 5, CERT_GOOD), REVOKED_CHANGED);
	revoked_begin(set, true);
	assert_int_equal(status_of(set, 1), -1); /* no authority until confirmed */
	assert_int_equal(load(set, 1, 2, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(status_of(set, 1), CERT_REVOKED);
	assert_int_equal(load(set, 2, 5, CERT_GOOD), 0);
	assert_int_equal(status_of(set, 2), CERT_GOOD);
}

/* I-4, doc/faults.md row 36: a row that was deleted and inserted again begins with low versions. Nothing is
 * good after it was revoked, so revoked always counts; a hold may have come late. */
static void a_lower_version_that_is_revoked_counts_and_a_hold_is_doubted(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	struct cert_record held = record_of(2, 1, CERT_HELD);
	assert_int_equal(apply(set, 1, 3, CERT_GOOD), REVOKED_CHANGED);
	assert_int_equal(apply(set, 1, 1, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(status_of(set, 1), CERT_REVOKED);
	assert_int_equal(apply(set, 2, 3, CERT_GOOD), REVOKED_CHANGED);
	assert_int_equal(apply(set, 2, 1, CERT_HELD), REVOKED_DOUBTED);
	assert_int_equal(status_of(set, 2), -1); /* until a lookup tells */
	assert_int_equal(revoked_apply(set, &held, REVOKED_LOOKED_UP), REVOKED_CHANGED);
	assert_int_equal(status_of(set, 2), CERT_HELD);
	assert_int_equal(apply(set, 3, 3, CERT_HELD), REVOKED_CHANGED);
	assert_int_equal(apply(set, 3, 2, CERT_REVOKED), REVOKED_CHANGED);
}

/* I-4: by two steps neither. */
static void revoked_never_becomes_held(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	assert_int_equal(apply(set, 1, 2, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 1, 3, CERT_HELD), REVOKED_REFUSED);
	assert_int_equal(status_of(set, 1), CERT_REVOKED);
	assert_int_equal(sum_lost(set), 1);
}

/* doc/faults.md row 36 */
static void one_version_with_two_contents_is_what_is_stricter(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	struct cert_record record = record_of(1, 2, CERT_HELD), found;
	assert_int_equal(revoked_apply(set, &record, REVOKED_LOGGED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 1, 2, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 1, 2, CERT_HELD), REVOKED_REFUSED);
	assert_int_equal(apply(set, 1, 2, CERT_GOOD), REVOKED_REFUSED);
	record = record_of(1, 2, CERT_REVOKED);
	record.reason = REASON_CA_COMPROMISE;
	assert_int_equal(revoked_apply(set, &record, REVOKED_LOGGED), REVOKED_CHANGED);
	assert_true(revoked_find(set, 1, serial_view(&record.serial), &found));
	assert_int_equal(found.reason, REASON_CA_COMPROMISE);
	assert_int_equal(sum_lost(set), 0);
}

/* doc/faults.md rows 35 and 36: versions of another history prove nothing. */
static void across_histories_only_what_a_row_says_counts(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	assert_int_equal(apply(set, 1, 2, CERT_HELD), REVOKED_CHANGED);
	assert_int_equal(apply(set, 2, 9, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 4, 3, CERT_HELD), REVOKED_CHANGED);
	assert_int_equal(apply(set, 8, 7, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 16, 9, CERT_GOOD), REVOKED_CHANGED);
	revoked_begin(set, false);
	assert_int_equal(load(set, 1, 2, CERT_REVOKED), REVOKED_CHANGED); /* the number again */
	assert_int_equal(load(set, 2, 2, CERT_REVOKED), 0); /* the same, by another number */
	assert_int_equal(load(set, 4, 9, CERT_GOOD), REVOKED_LOST); /* no release of this hold */
	assert_int_equal(load(set, 8, 2, CERT_HELD), REVOKED_LOST);
	assert_int_equal(load(set, 16, 1, CERT_HELD), REVOKED_CHANGED);
	assert_int_equal(status_of(set, 4), CERT_HELD);
	assert_int_equal(status_of(set, 8), CERT_REVOKED);
	assert_int_equal(sum_lost(set), 4 + 8);
	/* From here on its numbers count. */
	assert_int_equal(apply(set, 16, 2, CERT_GOOD), REVOKED_CHANGED);
	assert_int_equal(apply(set, 2, 1, CERT_HELD), 0);
	assert_int_equal(apply(set, 4, 11, CERT_HELD), 0); /* on hold there, too */
	assert_int_equal(apply(set, 4, 12, CERT_GOOD), REVOKED_CHANGED);
	assert_int_equal(sum_lost(set), 8);
}

/* I-10 */
/* I-9, I-10: of another history, that row is believed which tells the end of the very hold that is remembered. */
static void across_histories_a_hold_ends_where_that_hold_has_ended(void **state)
{
	(void)state;
	const struct hold same = {.version = 2, .revoked_at = 1700000000, .invalidity_at = 5};
	const struct hold others[] = {
		{.version = 0},
		{.version = 1, .revoked_at = 1700000000, .invalidity_at = 5},
		{.version = 3, .revoked_at = 1700000000, .invalidity_at = 5},
		{.version = 2, .revoked_at = 1700000001, .invalidity_at = 5},
		{.version = 2, .revoked_at = 1700000000, .invalidity_at = TIME_NONE},
	};
	for (size_t i = 0; i <= array_size(others); i++) {
		cleanup(revoked_freep) struct revoked *set = new_set();
		struct cert_record held = record_of(1, 2, CERT_HELD);
		held.invalidity_at = 5;
		assert_int_equal(revoked_apply(set, &held, REVOKED_LOGGED), REVOKED_CHANGED);
		revoked_begin(set, false);
		struct cert_record good = record_of(1, 4, CERT_GOOD);
		good.ended = i < array_size(others) ? others[i] : same;
		bool ended = i == array_size(others);
		assert_int_equal(revoked_apply(set, &good, REVOKED_LOADED),
				 ended ? REVOKED_CHANGED : REVOKED_LOST);
		assert_int_equal(status_of(set, 1), ended ? CERT_GOOD : CERT_HELD);
		assert_int_equal(revoked_lost_count(set), ended ? 0 : 1);
	}
}

/* I-4, I-10: what is revoked has no such end; and a row that is no newer than the hold is not what became of it. */
static void an_ended_hold_ends_no_revocation_and_no_later_hold(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	assert_int_equal(apply(set, 1, 2, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 2, 2, CERT_HELD), REVOKED_CHANGED);
	revoked_begin(set, false);
	for (uint32_t number = 1; number <= 2; number++) {
		struct cert_record good = record_of(number, number == 1 ? 3 : 2, CERT_GOOD);
		good.ended = (struct hold){2, 1700000000, TIME_NONE};
		assert_int_equal(revoked_apply(set, &good, REVOKED_LOADED), REVOKED_LOST);
	}
	assert_int_equal(status_of(set, 1), CERT_REVOKED);
	assert_int_equal(status_of(set, 2), CERT_HELD);
}

static void what_the_database_says_instead_is_told_and_counts_once_accepted(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	struct revoked_row row;
	size_t place = 0;
	assert_int_equal(apply(set, 1, 2, CERT_REVOKED), REVOKED_CHANGED);
	assert_int_equal(apply(set, 2, 2, CERT_REVOKED), REVOKED_CHANGED);
	revoked_begin(set, false);
	assert_int_equal(load(set, 1, 5, CERT_HELD), REVOKED_LOST);
	assert_true(revoked_next(set, true, &place, &row));
	assert_int_equal(row.instead, INSTEAD_HELD);
	assert_int_equal(row.record.version, 2);
	assert_true(revoked_next(set, true, &place, &row));
	assert_int_equal(row.instead, INSTEAD_NOTHING);
	assert_false(revoked_next(set, true, &place, &row));
	revoked_forget(set, 1, serial_view(&row.record.serial));
	assert_int_equal(status_of(set, 2), -1);
	assert_int_equal(revoked_count(set), 1);
	row.record = record_of(1, 0, CERT_GOOD);
	revoked_forget(set, 1, serial_view(&row.record.serial));
	assert_int_equal(sum_lost(set), 0);
	assert_int_equal(load(set, 1, 5, CERT_HELD), REVOKED_CHANGED);
}

/* I-10 */
static void what_is_recalled_is_revoked_until_a_load_says_otherwise(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	struct cert_record one = record_of(1, 2, CERT_HELD), two = record_of(2, 2, CERT_HELD);
	assert_int_equal(revoked_recall(set, &one, false), 0);
	assert_int_equal(revoked_recall(set, &two, true), 0);
	assert_int_equal(status_of(set, 1), CERT_HELD);
	assert_int_equal(sum_lost(set), 1 + 2);
	revoked_begin(set, true);
	assert_int_equal(load(set, 1, 3, CERT_GOOD), REVOKED_CHANGED); /* released meanwhile */
	assert_int_equal(load(set, 2, 3, CERT_GOOD), REVOKED_LOST);
	assert_int_equal(status_of(set, 2), CERT_HELD);
}

static void rows_of_an_issuer_move_to_its_other_number(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	struct cert_record record = record_of(1, 2, CERT_REVOKED), found;
	record.issuer = 7;
	assert_int_equal(revoked_apply(set, &record, REVOKED_LOADED), REVOKED_CHANGED);
	assert_int_equal(revoked_move(set, 7, 1), 0);
	assert_int_equal(status_of(set, 1), CERT_REVOKED);
	assert_false(revoked_find(set, 7, serial_view(&record.serial), &found));
	assert_int_equal(revoked_count(set), 1);
	assert_int_equal(revoked_move(set, 1, 0), 0);
	assert_int_equal(revoked_count(set), 0);
}

/* doc/performance.md */
static void a_million_rows_take_at_most_64_bytes_each(void **state)
{
	(void)state;
	cleanup(revoked_freep) struct revoked *set = new_set();
	const uint32_t rows = 1000000;
	for (uint32_t i = 0; i < rows; i++) {
		struct cert_record record = record_of(i, 2, CERT_REVOKED);
		record.serial.size = 20;
		assert_int_equal(revoked_apply(set, &record, REVOKED_LOGGED), REVOKED_CHANGED);
	}
	assert_int_equal(revoked_count(set), rows);
	assert_true(revoked_memory(set) <= (size_t)rows * 64);
	assert_int_equal(status_of(set, 1), -1); /* five octets: another serial */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(revoked_never_becomes_good),
		cmocka_unit_test(an_older_or_equal_version_changes_nothing),
		cmocka_unit_test(a_released_hold_stays_released_when_the_hold_comes_late),
		cmocka_unit_test(a_withdrawal_is_kept_and_takes_no_revocation_back),
		cmocka_unit_test(an_issuance_takes_no_row),
		cmocka_unit_test(a_changed_reason_is_a_change),
		cmocka_unit_test(the_same_serial_of_another_issuer_is_another_certificate),
		cmocka_unit_test(long_serials_are_kept_whole),
		cmocka_unit_test(what_a_load_does_not_name_is_lost_but_stays),
		cmocka_unit_test(a_good_row_that_the_load_did_not_confirm_yields_to_any_bad_one),
		cmocka_unit_test(a_lower_version_that_is_revoked_counts_and_a_hold_is_doubted),
		cmocka_unit_test(revoked_never_becomes_held),
		cmocka_unit_test(one_version_with_two_contents_is_what_is_stricter),
		cmocka_unit_test(across_histories_only_what_a_row_says_counts),
		cmocka_unit_test(across_histories_a_hold_ends_where_that_hold_has_ended),
		cmocka_unit_test(an_ended_hold_ends_no_revocation_and_no_later_hold),
		cmocka_unit_test(what_the_database_says_instead_is_told_and_counts_once_accepted),
		cmocka_unit_test(what_is_recalled_is_revoked_until_a_load_says_otherwise),
		cmocka_unit_test(rows_of_an_issuer_move_to_its_other_number),
		cmocka_unit_test(a_million_rows_take_at_most_64_bytes_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
