/* Up to when data is proven (doc/design.md, Time and truth). */
#include "unit.h"

#include "db/evidence.h"

/* PostgreSQL's epoch in microseconds since 1970. */
#define EPOCH INT64_C(946684800000000)

enum { SYSTEM, DATABASE, TIMELINE, TABLES, POSITION, NUMBERS };
#define NO_BEAT INT64_MIN

static struct buffer octets;
static bool is_followed;
static int64_t numbers[NUMBERS] = {1000, 1001, 1002, 1003, 1004};
static struct db_field field;

static void given(int64_t now_us, bool is_standby, int64_t beat_us)
{
	buffer_reset(&octets);
	buffer_put_i64(&octets, now_us);
	buffer_put_i64(&octets, beat_us);
	for (int i = 0; i < NUMBERS; i++)
		buffer_put_i64(&octets, numbers[i]);
	buffer_put_bool(&octets, is_standby);
	buffer_put_bool(&octets, is_followed);
	field = (struct db_field){.bytes = buffer_view(&octets)};
}

static int forget(void **state)
{
	(void)state;
	buffer_deinit(&octets);
	return 0;
}

static struct db_evidence read_at(int64_t wall_us, int64_t mono_us, struct db_beat *beat)
{
	struct db_evidence evidence = {0};
	struct moment sent = {.wall_us = EPOCH + wall_us, .mono_us = mono_us};
	assert_int_equal(db_evidence_read(&field, sent, beat, &evidence), 0);
	return evidence;
}

static void a_standby_without_heartbeat_proves_nothing(void **state)
{
	(void)state;
	struct db_beat beat = {0};
	struct db_evidence evidence;
	given(5000, true, NO_BEAT);
	assert_int_equal(db_evidence_read(&field, (struct moment){0}, &beat, &evidence),
			 DB_ROW_BAD);
}

static void tables_that_are_followed_prove_no_more_than_the_last_look(void **state)
{
	(void)state;
	struct db_beat beat = {0};
	is_followed = true;
	given(9000000, false, 5000000);
	struct db_evidence evidence = read_at(9000000, 100000000, &beat);
	is_followed = false;
	assert_int_equal(evidence.time_us, EPOCH + 5000000);
	assert_int_equal(evidence.mono_us, 100000000 - 4000000);
	assert_false(evidence.standby);
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

static void evidence_says_which_history_it_is_and_where(void **state) /* doc/faults.md row 35 */
{
	(void)state;
	struct db_beat beat = {0};
	given(7000, false, 1);
	assert_int_equal(read_at(999, 123, &beat).history.system, 1000);
	numbers[SYSTEM] = INT64_MIN; /* system identifiers have 64 bits */
	given(7000, false, 1);
	struct db_evidence evidence = read_at(999, 123, &beat);
	const struct db_history history = {UINT64_C(1) << 63, 1002, 1001, 1003};
	assert_true(db_history_equal(&evidence.history, &history));
	assert_int_equal(evidence.position, 1004);
}

static void what_has_another_shape_is_no_evidence(void **state)
{
	(void)state;
	struct db_beat beat = {0};
	struct db_evidence evidence;
	given(7000, false, 1);
	field.bytes.size--;
	assert_int_equal(db_evidence_read(&field, (struct moment){0}, &beat, &evidence),
			 DB_ROW_BAD);
	field = (struct db_field){.null = true};
	assert_int_equal(db_evidence_read(&field, (struct moment){0}, &beat, &evidence),
			 DB_ROW_BAD);
	numbers[TIMELINE] = -1;
	given(7000, false, 1);
	assert_int_equal(db_evidence_read(&field, (struct moment){0}, &beat, &evidence),
			 DB_ROW_BAD);
}

static void whatever_differs_breaks_a_history(void **state) /* doc/faults.md rows 35 to 37 */
{
	(void)state;
	const struct db_evidence old = {.position = 10, .history = {1, 2, 3, 4}};
	struct db_evidence new = {.position = 10, .history = {1, 2, 3, 4}};
	assert_null(db_history_break(&old, &new));
	new.position = 11;
	assert_null(db_history_break(&old, &new));
	const struct db_evidence others[] = {
		{.position = 11, .history = {9, 2, 3, 4}},
		{.position = 11, .history = {1, 9, 3, 4}},
		{.position = 11, .history = {1, 2, 9, 4}},
		{.position = 11, .history = {1, 2, 3, 9}},
		{.position = 9, .history = {1, 2, 3, 4}},
	};
	for (size_t i = 0; i < array_size(others); i++)
		assert_non_null(db_history_break(&old, &others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_standby_without_heartbeat_proves_nothing),
		cmocka_unit_test(tables_that_are_followed_prove_no_more_than_the_last_look),
		cmocka_unit_test(a_frozen_heartbeat_ages_even_if_the_wall_clock_is_wrong),
		cmocka_unit_test(a_heartbeat_that_is_old_at_first_sight_is_old),
		cmocka_unit_test(a_new_heartbeat_is_as_young_as_the_clocks_say),
		cmocka_unit_test(a_primary_proves_the_start_of_its_transaction),
		cmocka_unit_test(evidence_says_which_history_it_is_and_where),
		cmocka_unit_test(what_has_another_shape_is_no_evidence),
		cmocka_unit_test(whatever_differs_breaks_a_history),
	};
	return cmocka_run_group_tests(tests, NULL, forget);
}
