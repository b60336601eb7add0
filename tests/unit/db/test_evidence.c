/* Up to when data is proven (DESIGN.md, Time and truth). */
#include "unit.h"

#include "db/evidence.h"

/* PostgreSQL's epoch in microseconds since 1970. */
#define EPOCH INT64_C(946684800000000)

static struct db_field fields[DB_EVIDENCE_FIELDS];
static uint8_t at[8], beat_at[8], standby;

static void put(uint8_t *out, int64_t us)
{
	for (int i = 7; i >= 0; i--, us >>= 8)
		out[i] = (uint8_t)us;
}

static void given(int64_t now_us, bool is_standby, int64_t beat_us)
{
	put(at, now_us);
	put(beat_at, beat_us);
	standby = is_standby;
	fields[0] = (struct db_field){.bytes = view_of(at, 8)};
	fields[1] = (struct db_field){.bytes = view_of(&standby, 1)};
	fields[2] = (struct db_field){.bytes = view_of(beat_at, 8)};
}

static struct db_evidence read_at(int64_t wall_us, int64_t mono_us, struct db_beat *beat)
{
	struct db_evidence evidence = {0};
	struct moment sent = {.wall_us = EPOCH + wall_us, .mono_us = mono_us};
	assert_int_equal(db_evidence_read(fields, sent, beat, &evidence), 0);
	return evidence;
}

static void a_standby_without_heartbeat_proves_nothing(void **state)
{
	(void)state;
	struct db_beat beat = {0};
	struct db_evidence evidence;
	given(5000, true, 0);
	fields[2].null = true;
	assert_int_equal(db_evidence_read(fields, (struct moment){0}, &beat, &evidence),
			 DB_ROW_BAD);
}

static void a_frozen_heartbeat_ages_even_if_the_wall_clock_is_wrong(void **state)
{
	(void)state;
	struct db_beat beat = {0};
	given(0, true, 9000000); /* later than our wall clock: no age by it */
	assert_int_equal(read_at(1000, 100, &beat).mono_us, 100);
	struct db_evidence later = read_at(1000, 5000100, &beat);
	assert_int_equal(later.mono_us, 100);
	assert_int_equal(later.time_us, EPOCH + 9000000);
}

static void a_heartbeat_that_is_old_at_first_sight_is_old(void **state)
{
	(void)state;
	struct db_beat beat = {0};
	given(0, true, 1000000);
	assert_int_equal(read_at(31000000, 50000000, &beat).mono_us, 20000000);
}

static void a_new_heartbeat_is_as_young_as_the_clocks_say(void **state)
{
	(void)state;
	struct db_beat beat = {0};
	given(0, true, 1000000);
	(void)read_at(31000000, 50000000, &beat);
	given(0, true, 31500000);
	assert_int_equal(read_at(31600000, 50600000, &beat).mono_us, 50500000);
}

static void a_primary_proves_the_start_of_its_transaction(void **state)
{
	(void)state;
	struct db_beat beat = {0};
	given(7000, false, 1);
	struct db_evidence evidence = read_at(999, 123, &beat);
	assert_int_equal(evidence.time_us, EPOCH + 7000);
	assert_int_equal(evidence.mono_us, 123);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_standby_without_heartbeat_proves_nothing),
		cmocka_unit_test(a_frozen_heartbeat_ages_even_if_the_wall_clock_is_wrong),
		cmocka_unit_test(a_heartbeat_that_is_old_at_first_sight_is_old),
		cmocka_unit_test(a_new_heartbeat_is_as_young_as_the_clocks_say),
		cmocka_unit_test(a_primary_proves_the_start_of_its_transaction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
