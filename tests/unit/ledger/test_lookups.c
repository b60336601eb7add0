/* Batches of lookups beside each other (doc/performance.md): only while one takes long, each with its own
 * answer, in whatever order they come. */
#include "bench.h"

#define SLOW_US (10 * MILLISECOND_US) /* of ledger/lookups.c */

/* A batch as it was sent. */
struct sent {
	uint64_t batch;
	size_t count;
	struct db_key keys[8];
};

static struct sent latest(const struct bench *b)
{
	struct sent sent = {.batch = b->batch, .count = b->key_count};
	assert_true(sent.count <= 8);
	memcpy(sent.keys, b->keys, sent.count * sizeof(sent.keys[0]));
	return sent;
}

static void pass(struct bench *b, int64_t us)
{
	b->now.mono_us += us;
	b->now.wall_us += us;
	ledger_timer(b->ledger, b->now);
}

static struct sent asked(struct bench *b, uint8_t serial)
{
	ask_one(b, 0, serial, serial);
	ledger_turn_end(b->ledger, b->now);
	return latest(b);
}

/* Good, all of them, as of now. */
static void found(struct bench *b, const struct sent *sent)
{
	b->batch = sent->batch;
	b->key_count = sent->count;
	memcpy(b->keys, sent->keys, sent->count * sizeof(sent->keys[0]));
	found_good(b);
	ledger_turn_end(b->ledger, b->now);
}

static uint8_t serial_of(const struct sent *sent)
{
	assert_int_equal(sent->count, 1);
	return sent->keys[0].serial.octets[0];
}

/* It stands at the end of a CertID. */
static uint8_t serial_of_last_job(const struct bench *b)
{
	struct message_sign job = last_job(b);
	return job.entries[0].certid.data[job.entries[0].certid.size - 1];
}

static struct sent slow(struct bench *b, uint8_t serial)
{
	unsigned batches = b->batches;
	pass(b, SLOW_US);
	struct sent sent = asked(b, serial);
	assert_int_equal(b->batches, batches + 1);
	return sent;
}

static void while_one_is_quick_the_next_accumulates(void **state)
{
	struct bench *b = *state;
	struct sent first = asked(b, 0x41);
	pass(b, SLOW_US - 1);
	(void)asked(b, 0x42);
	(void)asked(b, 0x43);
	assert_int_equal(b->batches, 1);
	found(b, &first);
	assert_int_equal(b->batches, 2);
	assert_int_equal(b->key_count, 2);
}

static void beside_a_slow_one_another_is_sent_when_it_is_time(void **state)
{
	struct bench *b = *state;
	int64_t began = b->now.mono_us;
	(void)asked(b, 0x41);
	(void)asked(b, 0x42);
	assert_int_equal(b->batches, 1);
	assert_int_equal(ledger_next_timer(b->ledger), began + SLOW_US);
	pass(b, SLOW_US);
	assert_int_equal(b->batches, 2);
	struct sent second = latest(b);
	assert_int_equal(serial_of(&second), 0x42);
}

/* I-6: each is an answer to its own question. */
static void they_may_end_in_any_order(void **state)
{
	struct bench *b = *state;
	struct sent first = asked(b, 0x41), second = slow(b, 0x42), third = slow(b, 0x43);
	found(b, &second);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
	assert_int_equal(serial_of_last_job(b), 0x42);
	found(b, &third);
	found(b, &first);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 3);
	assert_int_equal(serial_of_last_job(b), 0x41);
	found(b, &first); /* once more: nobody waits for it */
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 3);
	assert_int_equal(b->alarms, 0);
}

static void a_certificate_is_in_one_of_them_only(void **state)
{
	struct bench *b = *state;
	struct sent first = asked(b, 0x41);
	pass(b, SLOW_US);
	ask_one(b, 1, 7, 0x41);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->batches, 1);
	found(b, &first);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

/* I-8. */
static void there_are_so_many_of_them_and_no_more(void **state)
{
	struct bench *b = *state;
	struct sent first = asked(b, 0x41);
	for (uint8_t i = 1; i < LIMIT_LOOKUP_BATCHES; i++)
		(void)slow(b, 0x41 + i);
	pass(b, 3 * SLOW_US);
	(void)asked(b, 0x61);
	assert_int_equal(b->batches, LIMIT_LOOKUP_BATCHES);
	found(b, &first);
	assert_int_equal(b->batches, LIMIT_LOOKUP_BATCHES + 1);
}

/* doc/faults.md row 4: what could not be asked beside others is asked later, and nothing has failed. */
static void one_that_has_no_place_waits_for_it(void **state)
{
	struct bench *b = *state;
	struct sent first = asked(b, 0x41);
	b->lookup_result = -EBUSY;
	(void)slow(b, 0x42);
	(void)asked(b, 0x43);
	assert_int_equal(b->batches, 2);
	pass(b, SLOW_US); /* is there one by now? */
	assert_int_equal(b->batches, 3);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	b->lookup_result = 0;
	found(b, &first);
	assert_int_equal(b->batches, 4);
	assert_int_equal(b->key_count, 2);
	assert_int_equal(b->keys[0].serial.octets[0], 0x42);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
}

/* doc/faults.md row 4. */
static void one_that_fails_is_asked_again_and_the_others_count(void **state)
{
	struct bench *b = *state;
	struct sent first = asked(b, 0x41), second = slow(b, 0x42);
	ledger_lookup_failed(b->ledger, first.batch, b->now);
	ledger_turn_end(b->ledger, b->now);
	found(b, &second);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
	assert_int_equal(serial_of_last_job(b), 0x42);
}

/* I-1: the fence is the same for each of them. */
static void what_is_revoked_meanwhile_is_so_in_each(void **state)
{
	struct bench *b = *state;
	struct sent first = asked(b, 0x41), second = slow(b, 0x42);
	feed_revokes(b, 0x41);
	feed_revokes(b, 0x42);
	ledger_turn_end(b->ledger, b->now);
	found(b, &second);
	assert_int_equal(last_job(b).entries[0].says.status, OCSP_REVOKED);
	found(b, &first);
	for (unsigned i = 0; i < b->frame_count; i++) {
		struct message_sign job;
		if (b->frames[i].type != MESSAGE_SIGN)
			continue;
		assert_int_equal(message_sign_read(buffer_view(&b->frames[i].payload), &job), 0);
		assert_int_equal(job.entries[0].says.status, OCSP_REVOKED);
	}
}

/* I-9, row 36: another history; what was asked of the one before counts in none of them. */
static void of_another_history_all_are_asked_again(void **state)
{
	struct bench *b = *state;
	struct sent first = asked(b, 0x41), second = slow(b, 0x42);
	b->history.system++;
	load(b);
	ledger_turn_end(b->ledger, b->now);
	forget_frames(b);
	found(b, &first);
	found(b, &second);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
}

/* doc/faults.md row 2: a reload leads to another database, which knows of none of them. */
static void when_all_are_lost_each_is_asked_again(void **state)
{
	struct bench *b = *state;
	struct sent first = asked(b, 0x41), second = slow(b, 0x42);
	ledger_lookups_lost(b->ledger, b->now);
	ledger_turn_end(b->ledger, b->now);
	pass(b, 50 * MILLISECOND_US); /* the pause */
	struct sent both = latest(b);
	assert_int_equal(both.count, 2);
	found(b, &first);
	found(b, &second);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	found(b, &both);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(while_one_is_quick_the_next_accumulates),
		TEST(beside_a_slow_one_another_is_sent_when_it_is_time),
		TEST(they_may_end_in_any_order),
		TEST(a_certificate_is_in_one_of_them_only),
		TEST(there_are_so_many_of_them_and_no_more),
		TEST(one_that_has_no_place_waits_for_it),
		TEST(one_that_fails_is_asked_again_and_the_others_count),
		TEST(when_all_are_lost_each_is_asked_again),
		TEST(what_is_revoked_meanwhile_is_so_in_each),
		TEST(of_another_history_all_are_asked_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
