/* The answer cache: its cap, its second chance, and the three purges. */
#include "unit.h"

#include "cache/cache.h"

#define MEBIBYTE (UINT64_C(1) << 20)

static struct cache *new_cache(uint64_t bytes)
{
	struct cache *cache = NULL;
	assert_int_equal(cache_new(bytes, &cache), 0);
	return cache;
}

static struct view key_of(uint32_t number, uint8_t storage[8])
{
	memset(storage, 'k', 4);
	memcpy(storage + 4, &number, 4);
	return view_of(storage, 8);
}

static int put(struct cache *cache, uint32_t number, uint64_t tag, int32_t issuer, size_t size)
{
	uint8_t storage[8];
	static uint8_t payload[70000];
	memset(payload, (int)(number & 0x7f), sizeof(payload));
	struct answer_label label = {.tag = tag, .issuer = issuer, .produced_at = 1000};
	return cache_put(cache, key_of(number, storage), &label, view_of(payload, size), NULL);
}

static struct cache_entry *get(struct cache *cache, uint32_t number)
{
	uint8_t storage[8];
	return cache_get(cache, key_of(number, storage));
}

static void a_key_never_stored_is_not_found(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(MEBIBYTE);
	assert_null(get(cache, 1));
	assert_int_equal(put(cache, 1, 1, 1, 100), 0);
	assert_null(get(cache, 2));
	assert_non_null(get(cache, 1));
}

static void an_answer_over_the_cap_is_refused_and_evicts_nothing(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(32768);
	assert_int_equal(put(cache, 1, 1, 1, 1000), 0);
	assert_int_equal(put(cache, 2, 2, 1, 40000), -EMSGSIZE);
	assert_null(get(cache, 2));
	assert_non_null(get(cache, 1));
}

static void a_refused_replacement_leaves_no_old_answer(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(32768);
	assert_int_equal(put(cache, 1, 1, 1, 1000), 0);
	assert_int_equal(put(cache, 1, 1, 1, 40000), -EMSGSIZE);
	assert_null(get(cache, 1));
}

static void the_cap_holds_under_a_flood_of_keys(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(MEBIBYTE);
	for (uint32_t i = 0; i < 5000; i++) {
		assert_int_equal(put(cache, i, i, 1, 300 + i % 3000), 0);
		assert_true(cache_counts(cache).bytes <= MEBIBYTE);
		assert_non_null(get(cache, i));
	}
	assert_true(cache_counts(cache).evictions > 0);
	assert_true(cache_counts(cache).bytes > MEBIBYTE / 2);
}

static void an_answer_in_use_outlives_a_flood_of_single_questions(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(MEBIBYTE);
	assert_int_equal(put(cache, 0, 0, 1, 1000), 0);
	for (uint32_t i = 1; i < 10000; i++) {
		assert_non_null(get(cache, 0));
		assert_int_equal(put(cache, i, i, 1, 1000), 0);
	}
}

/* doc/performance.md: memory of each cached answer ≤ its bytes + 96 B, here with a key that stands
 * inside the answer, as a CertID does. */
static void an_answer_costs_under_96_octets_of_its_own(void **state)
{
	(void)state;
	const uint64_t size = 1500, cap = 16 * MEBIBYTE;
	cleanup(cache_freep) struct cache *cache = new_cache(cap);
	static uint8_t payload[1500];
	for (uint32_t i = 0; cache_counts(cache).evictions == 0; i++) {
		struct answer_label label = {.tag = i};
		struct view key = key_of(i, payload + 700);
		assert_int_equal(cache_put(cache, key, &label, view_of(payload, size), NULL), 0);
		assert_view_equal(cache_entry_key(cache_get(cache, key)), key);
	}
	struct cache_counts counts = cache_counts(cache);
	assert_true(counts.bytes / counts.entries <= size + 96);
}

static void a_tag_purge_removes_every_key_of_the_certificate_and_no_other(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(MEBIBYTE);
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(put(cache, i, i / 4, 1, 200), 0);
	assert_int_equal(cache_purge_tag(cache, 3), 4);
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(get(cache, i) == NULL, i / 4 == 3);
	assert_int_equal(cache_purge_tag(cache, 3), 0);
}

static void an_issuer_purge_removes_its_answers_and_no_other(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(MEBIBYTE);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(put(cache, i, i, (int32_t)(i % 3), 200), 0);
	assert_int_equal(cache_purge_issuer(cache, 1), 33);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(get(cache, i) == NULL, i % 3 == 1);
}

static void a_purge_of_all_leaves_the_memory_of_an_empty_cache(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(MEBIBYTE);
	uint64_t empty = cache_counts(cache).bytes;
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(put(cache, i, i, 1, 200), 0);
	assert_int_equal(cache_purge_all(cache), 100);
	assert_int_equal(cache_counts(cache).bytes, empty);
	assert_int_equal(cache_counts(cache).entries, 0);
}

static void a_new_answer_takes_the_place_of_the_former(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(MEBIBYTE);
	assert_int_equal(put(cache, 1, 7, 1, 200), 0);
	assert_int_equal(put(cache, 1, 8, 1, 300), 0);
	assert_int_equal(cache_counts(cache).entries, 1);
	assert_int_equal(cache_entry_payload(get(cache, 1)).size, 300);
	assert_int_equal(cache_purge_tag(cache, 7), 0);
	assert_int_equal(cache_purge_tag(cache, 8), 1);
}

static void a_label_comes_back_as_it_went_in(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(MEBIBYTE);
	struct answer_label label = {
		.tag = UINT64_MAX,
		.issuer = 7,
		.status = 2,
		.traits = 0x55,
		.produced_at = 1700000000,
		.this_update = 1699999000,
		.serve_until = 1700007200,
		.refresh_at = 1700003600,
		.next_update = INT64_C(253402300799), /* 9999-12-31: a closing CA's final answer */
	};
	struct cache_entry *entry = NULL;
	assert_int_equal(cache_put(cache, view_of("k", 1), &label, view_of("payload", 7), &entry),
			 0);
	struct answer_label back = cache_entry_label(entry);
	assert_int_equal(back.tag, label.tag);
	assert_int_equal(back.issuer, label.issuer);
	assert_int_equal(back.status, label.status);
	assert_int_equal(back.produced_at, label.produced_at);
	assert_int_equal(back.this_update, label.this_update);
	assert_int_equal(back.refresh_at, label.refresh_at);
	assert_int_equal(back.next_update, label.next_update);
	assert_int_equal(back.serve_until, label.serve_until);
	assert_int_equal(back.traits, label.traits);
	assert_view_equal(cache_entry_payload(entry), view_of("payload", 7));
}

/* P-23: what does not fit ends earlier, never later; an answer for ever is one for ever. */
static void times_too_far_away_are_brought_nearer(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(MEBIBYTE);
	struct answer_label label = {
		.produced_at = 1700000000,
		.next_update = INT64_C(253402300798), /* a second before for ever */
		.serve_until = INT64_C(253402300799),
		.refresh_at = 1699999999,
	};
	struct cache_entry *entry = NULL;
	assert_int_equal(cache_put(cache, view_of("k", 1), &label, view_of("payload", 7), &entry),
			 0);
	struct answer_label back = cache_entry_label(entry);
	assert_int_equal(back.next_update, INT64_C(1700000000) + UINT32_MAX - 1);
	assert_int_equal(back.serve_until, label.serve_until);
	assert_int_equal(back.refresh_at, label.produced_at);
}

/* promise 5 */
static void another_cap_keeps_what_it_has_room_for(void **state)
{
	(void)state;
	cleanup(cache_freep) struct cache *cache = new_cache(MEBIBYTE);
	for (uint32_t i = 0; i < 400; i++)
		assert_int_equal(put(cache, i, i, 1 + (int32_t)(i & 1), 1000), 0);
	cache_resize(cache, 64 * MEBIBYTE);
	for (uint32_t i = 0; i < 400; i++)
		assert_non_null(get(cache, i));
	for (uint32_t i = 400; i < 4000; i++)
		assert_int_equal(put(cache, i, i, 3, 1000), 0);
	assert_int_equal(cache_counts(cache).evictions, 0);
	assert_int_equal(cache_purge_tag(cache, 7), 1);
	assert_int_equal(cache_purge_issuer(cache, 1), 200);
	cache_resize(cache, MEBIBYTE);
	assert_true(cache_counts(cache).bytes <= MEBIBYTE);
	assert_in_range(cache_counts(cache).entries, 500, 1000);
	cache_resize(cache, 1); /* no room for anything, and no loop without end */
	assert_int_equal(cache_counts(cache).entries, 0);
	assert_int_equal(put(cache, 1, 1, 1, 10), -EMSGSIZE);
	cache_resize(cache, MEBIBYTE);
	assert_int_equal(put(cache, 1, 1, 1, 10), 0);
	assert_non_null(get(cache, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_never_stored_is_not_found),
		cmocka_unit_test(an_answer_over_the_cap_is_refused_and_evicts_nothing),
		cmocka_unit_test(a_refused_replacement_leaves_no_old_answer),
		cmocka_unit_test(the_cap_holds_under_a_flood_of_keys),
		cmocka_unit_test(an_answer_in_use_outlives_a_flood_of_single_questions),
		cmocka_unit_test(an_answer_costs_under_96_octets_of_its_own),
		cmocka_unit_test(a_tag_purge_removes_every_key_of_the_certificate_and_no_other),
		cmocka_unit_test(an_issuer_purge_removes_its_answers_and_no_other),
		cmocka_unit_test(a_purge_of_all_leaves_the_memory_of_an_empty_cache),
		cmocka_unit_test(a_new_answer_takes_the_place_of_the_former),
		cmocka_unit_test(a_label_comes_back_as_it_went_in),
		cmocka_unit_test(times_too_far_away_are_brought_nearer),
		cmocka_unit_test(another_cap_keeps_what_it_has_room_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
