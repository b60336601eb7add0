/* Which question goes to a signer first, and how many may wait (doc/faults.md row 23, I-7): a flood has its
 * share of the signers' time, as they tell it, and what others wait for has the rest. */
#include "bench.h"

#define LIVE 0
#define NONCE 1
#define REFRESH 2

static void ask_as(struct bench *b, unsigned front, uint64_t id, uint8_t serial, int kind)
{
	static const uint8_t nonce[16] = "sixteen octets!";
	cleanup(buffer_deinit) struct buffer certid = {0}, payload = {0};
	const struct ocsp_issuer *issuer = &b->hashes[0];
	const uint8_t octets[] = {0, serial}; /* none is negative */
	made_certid(&certid, OCSP_HASH_SHA1, issuer, issuer,
		    serial < 0x80 ? view_of(octets + 1, 1) : view_of(octets, 2));
	struct message_query query = {
		.id = id,
		.certid_count = 1,
		.certids = {buffer_view(&certid)},
		.nonce = kind == NONCE ? view_of(nonce, sizeof(nonce)) : (struct view){0},
		.refresh = kind == REFRESH,
	};
	message_query_write(&payload, &query);
	assert_int_equal(
		ledger_front_frame(b->ledger, front, MESSAGE_QUERY, buffer_view(&payload), b->now),
		0);
}

static void ask_many(struct bench *b, unsigned first, unsigned count, int kind)
{
	for (unsigned i = 0; i < count; i++)
		ask_as(b, 0, first + i, (uint8_t)(first + i), kind);
	ledger_turn_end(b->ledger, b->now);
}

/* All that is asked is good, as soon as somebody looks. */
static void look_up_version(struct bench *b, int64_t version)
{
	for (unsigned seen = b->batches - 1; seen != b->batches;) {
		seen = b->batches;
		b->now.mono_us +=
			6 * MILLISECOND_US; /* they wait for company while signers are busy */
		ledger_timer(b->ledger, b->now);
		if (b->key_count > 0)
			found_good_of(b, version);
		b->key_count = 0;
		ledger_turn_end(b->ledger, b->now);
	}
}

static void look_up(struct bench *b)
{
	look_up_version(b, 1);
}

static struct message_sign job_of(const struct bench *b, unsigned number)
{
	struct message_sign job = {0};
	unsigned seen = 0;
	for (unsigned i = 0; i < b->frame_count; i++)
		if (b->frames[i].type == MESSAGE_SIGN && seen++ == number) {
			assert_int_equal(
				message_sign_read(buffer_view(&b->frames[i].payload), &job), 0);
			return job;
		}
	fail_msg("no job %u", number);
	return job;
}

static void sign_for(struct bench *b, const struct message_sign *job, uint32_t cost_us)
{
	cleanup(buffer_deinit) struct buffer payload = {0};
	const struct message_signed m = {
		.id = job->id,
		.produced_at = wall_seconds(b->now.wall_us),
		.next_update = job->next_update,
		.cost_us = cost_us,
		.der = view_of_string("a response"),
	};
	message_signed_write(&payload, &m);
	assert_int_equal(
		ledger_signer_frame(b->ledger, 0, MESSAGE_SIGNED, buffer_view(&payload), b->now),
		0);
}

static bool has_nonce(const struct message_sign *job)
{
	return job->nonce.size > 0;
}

static uint8_t serial_of(const struct message_sign *job)
{
	return job->entries[0].certid.data[job->entries[0].certid.size - 1];
}

/* The signer does so many jobs, from this one on; returns the microseconds that nonces cost of `*total`. */
static uint64_t work(struct bench *b, unsigned first, unsigned count, uint32_t nonce_us,
		     uint32_t live_us, uint64_t *total)
{
	uint64_t nonces = 0;
	*total = 0;
	for (unsigned i = first; i < first + count; i++) {
		struct message_sign job = job_of(b, i);
		uint32_t cost = has_nonce(&job) ? nonce_us : live_us;
		nonces += has_nonce(&job) ? cost : 0;
		*total += cost;
		sign_for(b, &job, cost);
	}
	return nonces;
}

/* ---- shares ---- */

static void nonces_have_their_share_and_no_more_while_others_wait(void **state)
{
	struct bench *b = *state;
	uint64_t total;
	ask_many(b, 1, 110, NONCE);
	look_up(b);
	unsigned before = frames_of(b, MESSAGE_SIGN);
	ask_many(b, 120, 100, LIVE);
	look_up(b);
	(void)work(b, 0, before, 250, 250, &total);
	uint64_t nonces = work(b, before, 60, 250, 250, &total);
	/* 30 of 30 + 60: nobody wants what is left for serials that nobody has seen. */
	assert_in_range(nonces * 100 / total, 30, 37);
}

static void what_counts_is_the_time_that_they_cost(void **state)
{
	struct bench *b = *state;
	uint64_t total;
	ask_many(b, 1, 90, NONCE);
	look_up(b);
	/* RSA-4096, once what one costs is known, beside a smaller key. */
	(void)work(b, 0, 60, 4000, 400, &total);
	unsigned before = frames_of(b, MESSAGE_SIGN);
	ask_many(b, 100, 150, LIVE);
	look_up(b);
	(void)work(b, 60, before - 60, 4000, 400, &total);
	uint64_t nonces = work(b, before, 120, 4000, 400, &total);
	assert_in_range(nonces * 100 / total, 25, 42);
}

static void what_was_guessed_too_low_is_charged_afterwards(void **state)
{
	struct bench *b = *state;
	uint64_t total;
	ask_many(b, 1, 40, NONCE);
	look_up(b);
	unsigned before = frames_of(b, MESSAGE_SIGN);
	ask_many(b, 60, 150, LIVE);
	look_up(b);
	/* These have had their share for a while. */
	(void)work(b, 0, before, 4000, 400, &total);
	assert_true(work(b, before, 100, 4000, 400, &total) == 0);
}

static void a_flood_that_is_alone_has_all_of_their_time(void **state)
{
	struct bench *b = *state;
	uint64_t total;
	ask_many(b, 1, 100, NONCE);
	look_up(b);
	assert_true(work(b, 0, 100, 250, 250, &total) == total);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 100);
}

static void who_comes_after_an_idle_time_has_saved_nothing_up(void **state)
{
	struct bench *b = *state;
	uint64_t total;
	/* Nonces are served alone for a while; then others come, and nonces do not pay for that while. */
	ask_many(b, 1, 150, NONCE);
	look_up(b);
	(void)work(b, 0, 50, 250, 250, &total);
	unsigned before = frames_of(b, MESSAGE_SIGN);
	ask_many(b, 160, 80, LIVE);
	look_up(b);
	(void)work(b, 50, before - 50, 250, 250, &total);
	uint64_t nonces = work(b, before, 45, 250, 250, &total);
	assert_in_range(nonces * 100 / total, 28, 38);
}

static void a_flood_leaves_signers_little_ahead(void **state)
{
	struct bench *b = *state;
	uint64_t total;
	ask_many(b, 1, 60, NONCE);
	look_up(b);
	(void)work(b, 0, 40, 4000, 4000, &total);
	/* What comes now waits behind four of RSA-4096, not behind thirty-two. */
	assert_in_range(frames_of(b, MESSAGE_SIGN) - 40, 4, 8);
}

static void serials_that_nobody_has_seen_have_a_share_of_their_own(void **state)
{
	struct bench *b = *state;
	struct db_found found[LIMIT_LOOKUP_BATCH] = {{0}};
	struct db_evidence now = evidence(b);
	ask_many(b, 1, 60, LIVE);
	ledger_lookup_done(b->ledger, b->batch, &now, found, b->key_count, b->now);
	unsigned before = frames_of(b, MESSAGE_SIGN), unknown = 0;
	ask_many(b, 100, 100, LIVE);
	look_up(b);
	for (unsigned i = 0; i < before + 70; i++) {
		struct message_sign job = job_of(b, i);
		unknown += i >= before && job.entries[0].says.status == OCSP_UNKNOWN;
		sign_for(b, &job, 250);
	}
	/* 10 of 10 + 60. */
	assert_in_range(unknown, 7, 13);
}

static void what_a_crl_proves_good_is_no_flood(void **state)
{
	struct bench *b = *state;
	struct db_found found[LIMIT_LOOKUP_BATCH] = {{0}};
	b->sections[0].policy.complete = false;
	struct db_evidence now = evidence(b);
	ask_many(b, 1, 60, LIVE);
	ledger_lookup_done(b->ledger, b->batch, &now, found, b->key_count, b->now);
	struct message_sign job = last_job(b);
	assert_int_equal(job.entries[0].says.status, OCSP_GOOD);
	/* As many ahead as of any other. */
	assert_int_equal(frames_of(b, MESSAGE_SIGN), LIMIT_SIGNER_DEPTH);
}

/* ---- order ---- */

static void fill_the_signer(struct bench *b)
{
	ask_many(b, 200, LIMIT_SIGNER_DEPTH, LIVE);
	look_up(b);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), LIMIT_SIGNER_DEPTH);
}

static void
what_has_changed_goes_before_what_is_missed_and_that_before_what_is_renewed(void **state)
{
	struct bench *b = *state;
	feed_says(b, 30, 2, CERT_GOOD);
	fill_the_signer(b);
	ask_many(b, 10, 1, REFRESH);
	look_up(b);
	ask_many(b, 20, 1, LIVE);
	look_up(b);
	ask_many(b, 30, 1, LIVE);
	look_up_version(b, 2);
	for (unsigned i = 0; i < LIMIT_SIGNER_DEPTH; i++) {
		struct message_sign job = job_of(b, i);
		sign_for(b, &job, 250);
	}
	static const uint8_t order[] = {30, 20, 10};
	for (unsigned i = 0; i < array_size(order); i++) {
		struct message_sign job = job_of(b, LIMIT_SIGNER_DEPTH + i);
		assert_int_equal(serial_of(&job), order[i]);
	}
}

static void a_renewal_that_somebody_comes_to_wait_for_is_one_no_more(void **state)
{
	struct bench *b = *state;
	fill_the_signer(b);
	ask_many(b, 10, 1, REFRESH);
	look_up(b);
	ask_many(b, 11, 1, LIVE);
	look_up(b);
	ask_many(b, 12, 1, REFRESH);
	look_up(b);
	ask_as(b, 1, 77, 12, LIVE);
	for (unsigned i = 0; i < LIMIT_SIGNER_DEPTH; i++) {
		struct message_sign job = job_of(b, i);
		sign_for(b, &job, 250);
	}
	static const uint8_t order[] = {11, 12, 10};
	for (unsigned i = 0; i < array_size(order); i++) {
		struct message_sign job = job_of(b, LIMIT_SIGNER_DEPTH + i);
		assert_int_equal(serial_of(&job), order[i]);
	}
}

static void lookups_go_in_the_same_order_and_nonces_go_on_too(void **state)
{
	struct bench *b = *state;
	ask_many(b, 1, 1, LIVE); /* its batch is in flight */
	ask_many(b, 10, 4, NONCE);
	ask_many(b, 20, 2, REFRESH);
	ask_many(b, 30, 3, LIVE);
	ask_as(b, 1, 99, 21, LIVE);
	found_good(b);
	ledger_turn_end(b->ledger, b->now);
	static const uint8_t order[] = {30, 31, 32, 10, 21, 20, 11, 12, 13};
	assert_int_equal(b->key_count, array_size(order));
	for (unsigned i = 0; i < array_size(order); i++)
		assert_int_equal(b->keys[i].serial.octets[0], order[i]);
}

/* ---- how many ---- */

static void a_lane_that_is_too_long_says_try_later_at_once_and_others_go_on(void **state)
{
	struct bench *b = *state;
	uint64_t total;
	ask_many(b, 1, 60, NONCE);
	look_up(b);
	(void)work(b, 0, 50, 60000, 60000, &total);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 50);
	ask_many(b, 61, 60, NONCE);
	look_up(b);
	unsigned answers = frames_of(b, MESSAGE_ANSWER);
	assert_true(answers > 50);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	ask_many(b, 130, 40, LIVE);
	look_up(b);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), answers);
}

static void without_a_signer_nobody_is_sent_away_for_the_length_of_a_lane(void **state)
{
	struct bench *b = *state;
	ledger_signer_detach(b->ledger, 0, b->now);
	ask_many(b, 1, 200, NONCE);
	look_up(b);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
}

static void status_tells_what_each_has_cost(void **state)
{
	struct bench *b = *state;
	uint64_t total;
	cleanup(buffer_deinit) struct buffer out = {0};
	ask_many(b, 1, 3, NONCE);
	look_up(b);
	(void)work(b, 0, 3, 300, 0, &total);
	ledger_status(b->ledger, b->now, &out);
	buffer_put_u8(&out, '\0');
	assert_non_null(strstr((const char *)out.data,
			       "{\"class\":\"nonce\",\"waiting\":0,"
			       "\"given\":3,\"shed\":0,\"signer_us\":900}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nonces_have_their_share_and_no_more_while_others_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(what_counts_is_the_time_that_they_cost, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_was_guessed_too_low_is_charged_afterwards,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_that_is_alone_has_all_of_their_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_comes_after_an_idle_time_has_saved_nothing_up,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_leaves_signers_little_ahead, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			serials_that_nobody_has_seen_have_a_share_of_their_own, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_crl_proves_good_is_no_flood, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			what_has_changed_goes_before_what_is_missed_and_that_before_what_is_renewed,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_renewal_that_somebody_comes_to_wait_for_is_one_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(lookups_go_in_the_same_order_and_nonces_go_on_too,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_lane_that_is_too_long_says_try_later_at_once_and_others_go_on, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			without_a_signer_nobody_is_sent_away_for_the_length_of_a_lane, setup,
			teardown),
		cmocka_unit_test_setup_teardown(status_tells_what_each_has_cost, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
