/* Answers ready to be sent: what HTTP caches are told (P-48), and what they cost. */
#include "unit.h"

#include "base/timetext.h"
#include "front/ready.h"

#define START INT64_C(1700000000)
#define DER_SIZE 1500
#define KEY_OFFSET 700
#define KEY_SIZE 70

static struct ready_layout layout;
static struct cache *cache;

static int setup(void **state)
{
	(void)state;
	ready_layout_init(&layout, 300 * SECOND_US);
	return cache_new(16 << 20, &cache);
}

static int teardown(void **state)
{
	(void)state;
	cache_free(cache);
	return 0;
}

static struct moment at(int64_t second)
{
	return (struct moment){.wall_us = second * SECOND_US, .mono_us = second * SECOND_US};
}

static struct cache_entry *put(uint32_t number, enum ocsp_status status, int64_t next_update)
{
	static uint8_t der[DER_SIZE];
	memset(der + KEY_OFFSET, 0, KEY_SIZE);
	memcpy(der + KEY_OFFSET, &number, sizeof(number));
	const struct message_answer m = {
		.status = status,
		.tag = number,
		.produced_at = START,
		.this_update = START,
		.refresh_at = START + 1,
		.next_update = next_update,
		.der = view_of(der, sizeof(der)),
	};
	struct cache_entry *entry = NULL;
	struct moment now = at(START);
	assert_int_equal(
		ready_put(cache, &layout, view_of(der + KEY_OFFSET, KEY_SIZE), &m, &now, &entry),
		0);
	return entry;
}

static bool head_says(struct cache_entry *entry, int64_t second, const char *text)
{
	struct moment now = at(second);
	struct view head = ready_reply(&layout, entry, &now).head;
	return memmem(head.data, head.size, text, strlen(text)) != NULL;
}

static bool head_has_date(struct cache_entry *entry, int64_t second, const char *field,
			  int64_t expected)
{
	char date[HTTP_DATE_SIZE + 1] = {0}, text[64];
	time_put_http(date, expected);
	(void)snprintf(text, sizeof(text), "%s%s", field, date);
	return head_says(entry, second, text);
}

static void max_age_never_reaches_beyond_next_update(void **state)
{
	(void)state;
	struct cache_entry *entry = put(1, OCSP_GOOD, START + 1000);
	assert_true(head_says(entry, START, "max-age=300,"));
	assert_true(head_says(entry, START + 700, "max-age=300,"));
	assert_true(head_says(entry, START + 701, "max-age=299,"));
	assert_true(head_says(entry, START + 950, "max-age=50"));
	assert_true(head_has_date(entry, START + 950, "Expires: ", START + 1000));
	assert_true(head_says(entry, START + 999, "max-age=1 "));
}

static void an_answer_that_ends_soon_is_stored_with_its_short_age(void **state)
{
	(void)state;
	struct cache_entry *entry = put(1, OCSP_GOOD, START + 7);
	assert_true(head_says(entry, START, "max-age=7"));
	assert_false(head_says(entry, START, "max-age=70"));
	assert_true(head_has_date(entry, START, "Expires: ", START + 7));
}

static void date_and_expires_follow_the_clock_and_the_rest_stays(void **state)
{
	(void)state;
	struct cache_entry *entry = put(1, OCSP_GOOD, START + 100000);
	for (int64_t second = START; second < START + 5000; second += 777) {
		assert_true(head_has_date(entry, second, "\r\nDate: ", second));
		assert_true(head_has_date(entry, second, "\r\nExpires: ", second + 300));
		assert_true(head_has_date(entry, second, "\r\nLast-Modified: ", START));
	}
}

static void a_clock_set_back_is_followed(void **state)
{
	(void)state;
	struct cache_entry *entry = put(1, OCSP_GOOD, START + 1000);
	assert_true(head_says(entry, START + 995, "max-age=5"));
	assert_true(head_says(entry, START + 10, "max-age=300,"));
	assert_true(head_has_date(entry, START + 10, "\r\nDate: ", START + 10));
}

static void head_and_body_are_one_piece(void **state)
{
	(void)state;
	struct moment now = at(START + 5);
	struct ready_reply reply = ready_reply(&layout, put(1, OCSP_GOOD, START + 100), &now);
	assert_ptr_equal(reply.head.data + reply.head.size, reply.body.data);
	assert_int_equal(reply.body.size, DER_SIZE);
}

static void unknown_is_kept_from_caches(void **state) /* P-50 */
{
	(void)state;
	struct cache_entry *entry = put(1, OCSP_UNKNOWN, START + 1000);
	assert_true(head_says(entry, START, "no-store"));
	assert_false(head_says(entry, START, "max-age"));
	assert_false(ready_is_cacheable(entry));
}

/* PERFORMANCE.md: what leaves on the wire, and no more than 96 B with it. */
static void a_stored_answer_costs_96_octets_beyond_what_it_sends(void **state)
{
	(void)state;
	struct moment now = at(START);
	struct ready_reply reply = {0};
	for (uint32_t i = 0; cache_counts(cache).evictions == 0; i++)
		reply = ready_reply(&layout, put(i, OCSP_GOOD, START + 1000), &now);
	struct cache_counts counts = cache_counts(cache);
	assert_true(counts.bytes / counts.entries <= reply.head.size + reply.body.size + 96);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(max_age_never_reaches_beyond_next_update),
		TEST(an_answer_that_ends_soon_is_stored_with_its_short_age),
		TEST(date_and_expires_follow_the_clock_and_the_rest_stays),
		TEST(a_clock_set_back_is_followed),
		TEST(head_and_body_are_one_piece),
		TEST(unknown_is_kept_from_caches),
		TEST(a_stored_answer_costs_96_octets_beyond_what_it_sends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
