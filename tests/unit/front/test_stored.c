/* Answers ready to be sent: what HTTP caches are told (P-48), and what they cost. */
#include "unit.h"

#include "base/timetext.h"
#include "front/stored.h"

#define START INT64_C(1700000000)
#define DER_SIZE 1500
#define KEY_OFFSET 700
#define KEY_SIZE 70

static struct stored_layout layout;
static struct cache *cache;
static bool is_unchanged; /* of what is put */

static int setup(void **state)
{
	(void)state;
	stored_layout_init(&layout, 300 * SECOND_US, CACHE_TAG_OFF);
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

static struct message_answer answer(enum ocsp_status status, int64_t next_update)
{
	static uint8_t der[DER_SIZE];
	return (struct message_answer){
		.label.status = status,
		.label.traits = (status == OCSP_UNKNOWN ? 0U : (unsigned)ANSWER_SHARED) |
				(is_unchanged ? ANSWER_UNCHANGED : 0U),
		.label.produced_at = START,
		.label.this_update = START,
		.label.refresh_at = START + 1,
		.label.next_update = next_update,
		.label.serve_until = next_update,
		.der = view_of(der, sizeof(der)),
	};
}

static struct cache_entry *put_answer(uint32_t number, struct message_answer m)
{
	uint8_t *der = (uint8_t *)(uintptr_t)m.der.data;
	memset(der + KEY_OFFSET, 0, KEY_SIZE);
	memcpy(der + KEY_OFFSET, &number, sizeof(number));
	m.label.tag = number;
	struct cache_entry *entry = NULL;
	struct moment now = at(START);
	assert_int_equal(
		stored_put(cache, &layout, view_of(der + KEY_OFFSET, KEY_SIZE), &m, &now, &entry),
		0);
	return entry;
}

static struct cache_entry *put(uint32_t number, enum ocsp_status status, int64_t next_update)
{
	return put_answer(number, answer(status, next_update));
}

static bool head_says(struct cache_entry *entry, int64_t second, const char *text)
{
	struct moment now = at(second);
	struct view head = stored_reply(&layout, entry, &now).head;
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
	struct stored_reply reply = stored_reply(&layout, put(1, OCSP_GOOD, START + 100), &now);
	assert_ptr_equal(reply.head.data + reply.head.size, reply.body.data);
	assert_int_equal(reply.body.size, DER_SIZE);
}

/* P-49: the date of an answer whose certificate was never anything but good. */
static void a_date_confirms_only_what_never_changed(void **state)
{
	(void)state;
	char date[HTTP_DATE_SIZE];
	uint8_t head[HTTP_REPLY_HEAD_SIZE];
	time_put_http(date, START);
	const struct http_request request = {
		.method = HTTP_GET,
		.if_modified_since = view_of(date, sizeof(date)),
	};
	struct moment now = at(START + 1);
	is_unchanged = true;
	struct cache_entry *entry = put(1, OCSP_GOOD, START + 1000);
	assert_true(stored_not_modified(&layout, entry, &request, &now, head) > 0);
	is_unchanged = false;
	entry = put(2, OCSP_GOOD, START + 1000);
	assert_int_equal(stored_not_modified(&layout, entry, &request, &now, head), 0);
	entry = put(3, OCSP_REVOKED, START + 1000);
	assert_int_equal(stored_not_modified(&layout, entry, &request, &now, head), 0);
}

static void unknown_is_kept_from_caches(void **state) /* P-50 */
{
	(void)state;
	struct cache_entry *entry = put(1, OCSP_UNKNOWN, START + 1000);
	assert_true(head_says(entry, START, "no-store"));
	assert_false(head_says(entry, START, "max-age"));
	assert_false(stored_is_cacheable(entry));
}

/* P-23: an HTTP cache keeps it no longer than we may. */
static void max_age_never_reaches_beyond_the_end_of_the_verdict(void **state)
{
	(void)state;
	struct message_answer m = answer(OCSP_GOOD, START + 1000);
	m.label.serve_until = START + 100;
	struct cache_entry *entry = put_answer(1, m);
	assert_true(head_says(entry, START, "max-age=100,"));
	assert_true(head_has_date(entry, START + 40, "Expires: ", START + 100));
	assert_true(head_says(entry, START + 99, "max-age=1 "));
}

static bool is_over(const struct message_answer *m, int64_t second)
{
	struct moment now = at(second);
	return stored_is_over(&layout, &m->label, &now);
}

static void an_answer_is_over_when_its_verdict_is(void **state) /* P-23, P-28 */
{
	(void)state;
	struct message_answer m = answer(OCSP_REVOKED, START + 1000);
	assert_false(is_over(&m, START + 999));
	assert_true(is_over(&m, START + 1000));
	m.label.serve_until = START + 100;
	assert_false(is_over(&m, START + 99));
	assert_true(is_over(&m, START + 100));
}

static void an_answer_of_the_future_is_not_said(void **state) /* P-28 */
{
	(void)state;
	struct message_answer m = answer(OCSP_REVOKED, START + 1000);
	m.label.this_update -= 3600; /* back-dated */
	assert_false(is_over(&m, START));
	assert_true(is_over(&m, START - 1));
	m.label.this_update = START + 1; /* of a database whose clock is ahead */
	assert_true(is_over(&m, START));
}

/* RFC 9919, 7.1: whoever comes back after the max-age that came with it finds a newer one. */
static void a_lightweight_answer_is_replaced_before_its_max_age_is_over(void **state)
{
	(void)state;
	struct message_answer m = answer(OCSP_GOOD, START + 1000);
	m.label.traits |= ANSWER_LIGHTWEIGHT;
	m.label.serve_until = START + 999;
	assert_false(is_over(&m, START + 299));
	assert_true(is_over(&m, START + 300));
	struct cache_entry *entry = put_answer(1, m);
	assert_true(head_says(entry, START, "max-age=300,"));
	assert_true(head_says(entry, START + 299, "max-age=300,"));
}

/* RFC 9919, 7.2: Last-Modified is thisUpdate, Expires nextUpdate, max-age ends before it. */
static void a_lightweight_head_says_the_times_of_the_answer(void **state)
{
	(void)state;
	struct message_answer m = answer(OCSP_GOOD, START + 200);
	m.label.traits |= ANSWER_LIGHTWEIGHT;
	m.label.this_update = START - 50;
	m.label.serve_until = START + 199;
	struct cache_entry *entry = put_answer(1, m);
	assert_true(head_has_date(entry, START + 10, "\r\nLast-Modified: ", START - 50));
	assert_true(head_has_date(entry, START + 10, "\r\nExpires: ", START + 200));
	assert_true(
		head_says(entry, START + 10, "max-age=189, public, no-transform, must-revalidate"));
	assert_true(head_says(entry, START + 198, "max-age=1 "));
}

/* RFC 9919, 7.2: authoritative, so neither no-cache nor no-store (and P-23: for a second). */
static void a_lightweight_unknown_is_for_caches(void **state)
{
	(void)state;
	struct message_answer m = answer(OCSP_UNKNOWN, START + 1000);
	m.label.traits = ANSWER_LIGHTWEIGHT;
	m.label.serve_until = START + 1;
	struct cache_entry *entry = put_answer(1, m);
	assert_true(stored_is_cacheable(entry));
	assert_true(head_says(entry, START, "max-age=1 "));
	assert_false(head_says(entry, START, "no-store"));
}

static void a_max_age_of_nothing_is_a_second_where_it_must_be_later_than_now(void **state)
{
	(void)state;
	struct message_answer m = answer(OCSP_GOOD, START + 1000);
	m.label.traits |= ANSWER_LIGHTWEIGHT;
	m.label.serve_until = START + 999;
	stored_layout_init(&layout, 0, CACHE_TAG_OFF);
	assert_true(head_says(put_answer(1, m), START, "max-age=1,"));
	assert_false(is_over(&m, START));
	assert_true(is_over(&m, START + 1));
}

static void only_a_lightweight_answer_has_a_head_where_it_is_not_stored(void **state)
{
	(void)state;
	uint8_t out[HTTP_REPLY_HEAD_SIZE];
	struct message_answer m = answer(OCSP_GOOD, START + 1000);
	struct moment now = at(START + 1);
	assert_int_equal(unstored_put_head(&layout, &m, &now, out), 0);
	m.label.traits |= ANSWER_LIGHTWEIGHT;
	size_t size = unstored_put_head(&layout, &m, &now, out);
	assert_true(size > 0);
	assert_non_null(memmem(out, size, "ETag: \"", 7));
	assert_non_null(memmem(out, size, "max-age=300,", 12));
}

static const struct public_name a_name = {.certificate = 0x12, .issuer = 0xfedcba9876543210};

/* doc/faults.md row 33: a cache finds by it what it is told to forget. */
static void a_name_for_caches_stands_in_every_head_that_is_for_them(void **state)
{
	static const struct {
		enum cache_tag tag;
		const char *line;
	} fields[] = {
		{CACHE_TAG_XKEY, "\r\nxkey: c0000000000000012 ifedcba9876543210 stillgood\r\n\r\n"},
		{CACHE_TAG_SURROGATE_KEY,
		 "\r\nSurrogate-Key: c0000000000000012 ifedcba9876543210 stillgood\r\n\r\n"},
		{CACHE_TAG_CACHE_TAG,
		 "\r\nCache-Tag: c0000000000000012,ifedcba9876543210,stillgood\r\n\r\n"},
	};
	uint8_t out[HTTP_REPLY_HEAD_SIZE];
	struct moment now = at(START);
	(void)state;
	for (size_t i = 0; i < array_size(fields); i++) {
		struct message_answer m = answer(OCSP_GOOD, START + 1000);
		m.name = a_name;
		stored_layout_init(&layout, 300 * SECOND_US, fields[i].tag);
		struct cache_entry *entry = put_answer(1, m);
		assert_true(head_says(entry, START, fields[i].line));
		assert_true(head_says(entry, START + 900, fields[i].line));
		assert_true(head_says(entry, START + 900, "max-age=100"));
		m.label.traits |= ANSWER_LIGHTWEIGHT;
		size_t size = unstored_put_head(&layout, &m, &now, out);
		assert_non_null(memmem(out, size, fields[i].line, strlen(fields[i].line)));
	}
}

static void without_a_name_an_answer_is_for_no_cache_that_is_told(void **state)
{
	uint8_t out[HTTP_REPLY_HEAD_SIZE], key[8] = {0};
	struct message_answer m = answer(OCSP_GOOD, START + 1000);
	struct moment now = at(START);
	(void)state;
	m.name.issuer = 1;
	m.label.traits |= ANSWER_LIGHTWEIGHT;
	stored_layout_init(&layout, 300 * SECOND_US, CACHE_TAG_XKEY);
	assert_int_equal(stored_put(cache, &layout, view_of(key, sizeof(key)), &m, &now, NULL),
			 -EINVAL);
	assert_int_equal(unstored_put_head(&layout, &m, &now, out), 0);
	m = answer(OCSP_UNKNOWN, START + 1000);
	assert_true(head_says(put_answer(2, m), START, "no-store"));
}

/* doc/performance.md: what leaves on the wire, and no more than 96 B with it. */
static void a_stored_answer_costs_96_octets_beyond_what_it_sends(void **state)
{
	(void)state;
	struct moment now = at(START);
	struct stored_reply reply = {0};
	for (uint32_t i = 0; cache_counts(cache).evictions == 0; i++)
		reply = stored_reply(&layout, put(i, OCSP_GOOD, START + 1000), &now);
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
		TEST(a_date_confirms_only_what_never_changed),
		TEST(unknown_is_kept_from_caches),
		TEST(a_name_for_caches_stands_in_every_head_that_is_for_them),
		TEST(without_a_name_an_answer_is_for_no_cache_that_is_told),
		TEST(max_age_never_reaches_beyond_the_end_of_the_verdict),
		TEST(an_answer_is_over_when_its_verdict_is),
		TEST(an_answer_of_the_future_is_not_said),
		TEST(a_lightweight_answer_is_replaced_before_its_max_age_is_over),
		TEST(a_lightweight_head_says_the_times_of_the_answer),
		TEST(a_lightweight_unknown_is_for_caches),
		TEST(a_max_age_of_nothing_is_a_second_where_it_must_be_later_than_now),
		TEST(only_a_lightweight_answer_has_a_head_where_it_is_not_stored),
		TEST(a_stored_answer_costs_96_octets_beyond_what_it_sends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
