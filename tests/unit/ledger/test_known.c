/* The memory of good rows: what it keeps, what it forgets, and that it is bounded. */
#include "unit.h"

#include "base/clock.h"
#include "ledger/known.h"

#define NOW (100 * SECOND_US)

static struct cert_record good(uint8_t serial)
{
	return (struct cert_record){
		.issuer = 3,
		.serial = {.size = 2, .octets = {1, serial}},
		.version = 5,
		.status = CERT_GOOD,
		.reason = REASON_NONE,
		.revoked_at = TIME_NONE,
		.invalidity_at = TIME_NONE,
		.not_after = 1800000000,
		.hashed = true,
	};
}

static bool has(struct known *known, uint64_t tag, uint8_t serial, int64_t now)
{
	struct cert_record record, expected = good(serial);
	if (!known_find(known, tag, 3, serial_view(&expected.serial), now, &record))
		return false;
	assert_int_equal(record.version, 5);
	assert_int_equal(record.not_after, 1800000000);
	assert_int_equal(record.status, CERT_GOOD);
	assert_true(record.hashed);
	assert_view_equal(serial_view(&record.serial), serial_view(&expected.serial));
	return true;
}

static struct known *made(uint64_t octets)
{
	struct known *known = NULL;
	assert_int_equal(known_new(octets, &known), 0);
	return known;
}

static void what_was_found_good_is_found_again_until_it_is_forgotten(void **state)
{
	(void)state;
	cleanup(known_freep) struct known *known = made(65536);
	struct cert_record record = good(7);
	assert_false(has(known, 70, 7, NOW));
	known_put(known, 70, &record, NOW);
	assert_true(has(known, 70, 7, NOW));
	assert_int_equal(known_hits(known), 1);
	known_forget(known, 71);
	assert_true(has(known, 70, 7, NOW));
	known_forget(known, 70);
	assert_false(has(known, 70, 7, NOW));
	known_put(known, 70, &record, NOW);
	known_forget_all(known);
	assert_false(has(known, 70, 7, NOW));
	known_put(known, 70, &record, NOW);
	assert_true(has(known, 70, 7, NOW + LIMIT_KNOWN_AGE_US - 1));
	assert_false(has(known, 70, 7, NOW + LIMIT_KNOWN_AGE_US));
}

/* A tag is a hash: another certificate may have the same. */
static void a_tag_alone_is_nobody(void **state)
{
	(void)state;
	cleanup(known_freep) struct known *known = made(65536);
	struct cert_record record = good(7), found;
	known_put(known, 70, &record, NOW);
	assert_false(has(known, 70, 8, NOW));
	assert_false(known_find(known, 70, 4, serial_view(&record.serial), NOW, &found));
}

static void only_what_is_good_and_counts_is_kept(void **state)
{
	(void)state;
	cleanup(known_freep) struct known *known = made(65536);
	struct cert_record record = good(7);
	record.status = CERT_WITHDRAWN;
	known_put(known, 70, &record, NOW);
	assert_false(has(known, 70, 7, NOW));
	record.status = CERT_HELD;
	known_put(known, 70, &record, NOW);
	assert_false(has(known, 70, 7, NOW));
	record = good(7);
	record.hashed = false;
	record.serial = (struct serial){.size = 2, .octets = {0x81, 7}}; /* P-6 */
	struct cert_record found;
	known_put(known, 70, &record, NOW);
	assert_false(known_find(known, 70, 3, serial_view(&record.serial), NOW, &found));
	record = good(7);
	record.serial.size = 21; /* more than RFC 5280 allows: looked up each time */
	known_put(known, 70, &record, NOW);
	assert_false(known_find(known, 70, 3, serial_view(&record.serial), NOW, &found));
}

static void a_full_place_loses_what_was_asked_for_the_longest_ago(void **state)
{
	(void)state;
	cleanup(known_freep) struct known *known = made(600); /* one set of eight */
	unsigned kept = 0;
	for (uint8_t serial = 1; serial <= 8; serial++) {
		struct cert_record record = good(serial);
		known_put(known, serial, &record, NOW);
	}
	for (uint8_t serial = 1; serial <= 8; serial++)
		kept += has(known, serial, serial, NOW);
	assert_int_equal(kept, 8);
	struct cert_record record = good(9);
	known_put(known, 9, &record, NOW);
	assert_true(has(known, 9, 9, NOW));
	kept = 0;
	for (uint8_t serial = 1; serial <= 8; serial++)
		kept += has(known, serial, serial, NOW);
	assert_int_equal(kept, 7);
}

static void nothing_is_kept_where_there_is_no_room(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {0, 1, 512};
	for (size_t i = 0; i < array_size(sizes); i++) {
		cleanup(known_freep) struct known *known = made(sizes[i]);
		struct cert_record record = good(7);
		known_put(known, 70, &record, NOW);
		assert_false(has(known, 70, 7, NOW));
		known_forget(known, 70);
		known_forget_all(known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_found_good_is_found_again_until_it_is_forgotten),
		cmocka_unit_test(a_tag_alone_is_nobody),
		cmocka_unit_test(only_what_is_good_and_counts_is_kept),
		cmocka_unit_test(a_full_place_loses_what_was_asked_for_the_longest_ago),
		cmocka_unit_test(nothing_is_kept_where_there_is_no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
