/* While a poll of very many changes is read, lookups prove what they find by themselves (ledger/proving.h): I-1,
 * I-3, doc/faults.md row 14. Freshness is 5 s, so they begin after 3.75 s. */
#include "bench.h"

#include "base/timetext.h"

#define VERSION 1 /* of both issuers' rows */

static struct db_evidence told; /* with the load */

static int setup_reading(void **state)
{
	int result = setup(state);
	struct bench *b = *state;
	told = evidence(b);
	ledger_poll(b->ledger, &told, NULL, 0, NULL, 0, b->now);
	return result;
}

/* A part of the poll that is read, after so much time. */
static void reads_on(struct bench *b, int64_t us)
{
	b->now.wall_us += us;
	b->now.mono_us += us;
	ledger_poll(b->ledger, &told, NULL, 0, NULL, 0, b->now);
	ledger_timer(b->ledger, b->now);
}

static void poll_ends(struct bench *b)
{
	b->now.wall_us += MILLISECOND_US;
	b->now.mono_us += MILLISECOND_US;
	struct db_evidence now = evidence(b);
	ledger_poll(b->ledger, &now, NULL, 0, NULL, 0, b->now);
	ledger_turn_end(b->ledger, b->now);
}

/* What the batch in flight found as of this evidence: each with this issuer's version. */
static void found_as_of(struct bench *b, const struct db_evidence *as_of, enum cert_status status,
			int64_t issuer_version)
{
	struct db_found found[LIMIT_LOOKUP_BATCH] = {{0}};
	bool good = status == CERT_GOOD;
	for (size_t i = 0; i < b->key_count; i++) {
		bool probe = b->keys[i].serial.octets[0] == 0;
		found[i] = (struct db_found){.found = !probe, .issuer_version = issuer_version};
		found[i].record = (struct cert_record){
			.issuer = b->keys[i].issuer,
			.serial = b->keys[i].serial,
			.version = good ? 1 : 2,
			.status = status,
			.reason = good ? REASON_NONE : REASON_SUPERSEDED,
			.revoked_at = good ? TIME_NONE : 1700000000,
			.invalidity_at = TIME_NONE,
			.not_after = TIME_NONE,
		};
	}
	ledger_lookup_done(b->ledger, b->batch, as_of, found, b->key_count, b->now);
	ledger_turn_end(b->ledger, b->now);
}

static void found(struct bench *b, int64_t issuer_version)
{
	struct db_evidence now = evidence(b);
	found_as_of(b, &now, CERT_GOOD, issuer_version);
}

/* The feed's evidence is too old, and a lookup that nobody asked for has come. */
static void goes_on_by_lookups(struct bench *b)
{
	reads_on(b, 4 * SECOND_US);
	assert_int_equal(b->batches, 1);
	assert_true(b->proves);
	found(b, VERSION);
	reads_on(b, 2 * SECOND_US);
	found(b, VERSION); /* another one was due */
	forget_frames(b);
}

static void ask_now(struct bench *b, uint64_t id, uint8_t serial)
{
	ask_one(b, 0, id, serial);
	ledger_turn_end(b->ledger, b->now);
}

static void assert_says(const struct bench *b, const char *text)
{
	cleanup(buffer_deinit) struct buffer status = {0};
	ledger_status(b->ledger, b->now, &status);
	buffer_put_u8(&status, '\0');
	if (!strstr((const char *)status.data, text))
		fail_msg("not in the status: %s: %s", text, (const char *)status.data);
}

static struct message_tick last_tick(const struct bench *b)
{
	struct message_tick tick;
	assert_int_equal(message_tick_read(last_frame(b, MESSAGE_TICK), &tick), 0);
	return tick;
}

static bool told_ready(const struct bench *b)
{
	struct message_readiness m;
	assert_int_equal(message_readiness_read(last_frame(b, MESSAGE_READINESS), &m), 0);
	return m.ready;
}

/* Waits for evidence, whatever its lookups say. */
static void assert_unproven(struct bench *b)
{
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	assert_int_equal(ledger_open(b->ledger), 1);
}

/* ---- what is proven ---- */

static void a_good_is_proven_by_its_own_lookup(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	ask_now(b, 1, 0x42);
	assert_true(b->proves);
	const int64_t looked_us = b->now.mono_us, looked_at = wall_seconds(b->now.wall_us);
	struct db_evidence then = evidence(b);
	b->now.wall_us += SECOND_US;
	b->now.mono_us += SECOND_US;
	found_as_of(b, &then, CERT_GOOD, VERSION);
	found(b, VERSION); /* and one that was due */
	struct message_sign job = last_job(b);
	assert_int_equal(job.entries[0].says.status, OCSP_GOOD);
	assert_int_equal(job.this_update, looked_at);
	sign(b, &job, job.next_update);
	struct message_answer answer = last_answer(b);
	assert_int_equal(answer.result, OCSP_SUCCESSFUL);
	assert_false(answer.cacheable);
	assert_false(answer.label.traits & ANSWER_SHARED);
	assert_int_equal(answer.leave_until_mono_us, looked_us + 5 * SECOND_US);
	assert_int_equal(answer.label.serve_until, looked_at + 5); /* RFC 9919 wants it cached */
	assert_says(b, "\"proven_by_lookup\":1,");
	/* Nor does the ledger store it. */
	forget_frames(b);
	ask_now(b, 2, 0x42);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	found(b, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

static void that_there_is_no_row_is_proven_too(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	ask_now(b, 1, 0x42);
	struct db_evidence now = evidence(b);
	struct db_found nothing = {.issuer_version = VERSION};
	ledger_lookup_done(b->ledger, b->batch, &now, &nothing, 1, b->now);
	assert_int_equal(last_job(b).entries[0].says.status, OCSP_UNKNOWN);
	assert_int_equal(last_job(b).this_update, wall_seconds(b->now.wall_us));
}

static void what_a_lookup_sees_revoked_is_so_at_once(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	ask_now(b, 1, 0x42);
	struct db_evidence now = evidence(b);
	found_as_of(b, &now, CERT_REVOKED, VERSION);
	struct message_sign job = last_job(b);
	assert_int_equal(job.entries[0].says.status, OCSP_REVOKED);
	sign(b, &job, job.next_update);
	assert_true(last_answer(b).cacheable);
	assert_int_equal(last_answer(b).leave_until_mono_us, 0);
}

/* Stored answers, and rows that are known, rest on the feed's evidence: they may end on their way. */
static void before_its_end_the_feed_is_left_for_lookups(void **state)
{
	struct bench *b = *state;
	ask_now(b, 1, 0x42);
	assert_false(b->proves);
	found(b, 0);
	struct message_sign job = last_job(b);
	sign(b, &job, job.next_update);
	assert_true(last_answer(b).cacheable);
	reads_on(b, 4 * SECOND_US);
	forget_frames(b);
	/* Nobody knows yet whether lookups come. */
	ask_now(b, 2, 0x42);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 1);
	found(b, VERSION);
	unsigned batches = b->batches;
	ask_now(b, 3, 0x42);
	assert_int_equal(b->batches, batches + 1);
	found(b, VERSION);
	assert_int_equal(last_job(b).this_update, wall_seconds(b->now.wall_us));
}

/* Where its proof is not to be had the feed vouches for the rest of its time. */
static void before_its_end_the_feed_still_vouches(void **state)
{
	struct bench *b = *state;
	const int64_t loaded_at = wall_seconds(b->now.wall_us);
	reads_on(b, 4 * SECOND_US);
	found(b, VERSION);
	ask_now(b, 1, 0x42);
	found(b, VERSION + 1);
	assert_int_equal(last_job(b).this_update, loaded_at);
}

/* ---- what is not ---- */

/* The trap: the issuer was revoked, or anything else of it has changed, after what the poll shows. */
static void an_issuer_of_another_version_proves_nothing(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	ask_now(b, 1, 0x42);
	unsigned batches = b->batches;
	found(b, VERSION + 1);
	assert_unproven(b);
	assert_int_equal(b->batches, batches); /* the next poll brings it */
	poll_ends(b);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

static void a_revoked_issuer_proves_nothing(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	ask_now(b, 1, 0x42);
	found(b, 0);
	assert_unproven(b);
}

static void issuer_comes(struct bench *b, int64_t version, bool revoked)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	made_certificate(&der, "A", "A");
	const struct db_issuer issuer = {
		.record = {.id = 1,
			   .name = "A",
			   .version = version,
			   .revoked_at = revoked ? 1700000000 : TIME_NONE,
			   .reason = revoked ? REASON_CA_COMPROMISE : REASON_NONE,
			   .crl_from = b->crl_from,
			   .crl_until = b->crl_until},
		.certificate = buffer_view(&der),
	};
	ledger_poll(b->ledger, &told, NULL, 0, &issuer, 1, b->now);
}

/* What was read before the issuer's present version is read again. */
static void an_older_issuer_is_asked_for_again(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	ask_now(b, 1, 0x42);
	issuer_comes(b, VERSION + 1, false);
	unsigned batches = b->batches;
	found(b, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	assert_int_equal(b->batches, batches + 1);
	found(b, VERSION + 1);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

/* The fence (I-1). */
static void an_issuer_that_is_revoked_while_signing(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	ask_now(b, 1, 0x42);
	found(b, VERSION);
	struct message_sign job = last_job(b);
	issuer_comes(b, VERSION + 1, true);
	sign(b, &job, job.next_update);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	assert_int_equal(last_job(b).entries[0].says.status, OCSP_REVOKED);
}

static void what_was_asked_before_proves_nothing(void **state)
{
	struct bench *b = *state;
	reads_on(b, 3700 * MILLISECOND_US);
	ask_now(b, 1, 0x42);
	assert_false(b->proves);
	struct bench before = *b;
	reads_on(b, 1800 * MILLISECOND_US);
	b->batch = before.batch;
	b->key_count = before.key_count;
	memcpy(b->keys, before.keys, sizeof(b->keys));
	unsigned batches = b->batches;
	found(b, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	reads_on(b, 20 * MILLISECOND_US); /* beside one that nobody asked for */
	assert_int_equal(b->batches, batches + 1);
	assert_true(b->proves);
	found(b, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

/* A standby whose heartbeat is the feed's; one that is behind; another server, or another timeline of it. */
static void what_is_no_later_than_the_feed_proves_nothing(void **state)
{
	struct bench *b = *state;
	told.position = 100;
	told.mono_us += MILLISECOND_US;
	told.time_us += MILLISECOND_US;
	b->now.wall_us += MILLISECOND_US;
	b->now.mono_us += MILLISECOND_US;
	ledger_poll(b->ledger, &told, NULL, 0, NULL, 0, b->now);
	reads_on(b, 6 * SECOND_US);
	assert_int_equal(b->batches, 1);
	ledger_lookup_failed(b->ledger, b->batch, b->now); /* that nobody asked for */
	b->now.mono_us += 100 * MILLISECOND_US;
	ask_now(b, 1, 0x42);
	assert_int_equal(b->keys[0].serial.octets[0], 0x42);
	struct db_evidence beat = evidence(b), behind = beat, right = beat;
	beat.position = right.position = 100;
	beat.time_us = told.time_us;
	behind.position = 99;
	found_as_of(b, &beat, CERT_GOOD, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	forget_frames(b);
	ask_now(b, 2, 0x43);
	found_as_of(b, &behind, CERT_GOOD, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	ask_now(b, 3, 0x44);
	found_as_of(b, &right, CERT_GOOD, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

static void without_a_poll_of_many_parts_lookups_prove_nothing(void **state)
{
	struct bench *b = *state;
	poll_ends(b);
	b->now.wall_us += 6 * SECOND_US;
	b->now.mono_us += 6 * SECOND_US;
	ledger_timer(b->ledger, b->now);
	assert_int_equal(b->batches, 0);
	ask_now(b, 1, 0x42);
	assert_false(b->proves);
	found(b, VERSION);
	assert_unproven(b);
}

/* ---- the end of it ---- */

static void the_feed_is_lost_in_the_middle(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	ask_now(b, 1, 0x42);
	found(b, VERSION);
	struct message_sign job = last_job(b);
	ledger_feed_lost(b->ledger, "cut");
	forget_frames(b);
	sign(b, &job, job.next_update);
	assert_unproven(b);
	assert_int_equal(last_tick(b).live_until_mono_us, 0);
	assert_false(told_ready(b));
}

/* What comes then is a load: its rows are compared before anything is good. */
static void a_load_in_the_middle(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	struct db_evidence now = evidence(b);
	ledger_feed_lost(b->ledger, "cut");
	now.mono_us -= 6 * SECOND_US; /* a standby's */
	ledger_load_begin(b->ledger, &now, NULL, 0, b->now);
	issuer_comes(b, VERSION, false);
	ask_now(b, 1, 0x42);
	found(b, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
}

static void the_poll_ends_while_it_is_signed(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	ask_now(b, 1, 0x42);
	found(b, VERSION);
	struct message_sign job = last_job(b);
	forget_frames(b);
	poll_ends(b);
	assert_int_equal(last_tick(b).live_until_mono_us, 0);
	assert_int_equal(last_tick(b).serve_until_mono_us, b->now.mono_us + 5 * SECOND_US);
	sign(b, &job, job.next_update);
	assert_false(last_answer(b).cacheable);
	/* From here on as always. */
	forget_frames(b);
	ask_now(b, 2, 0x42);
	job = last_job(b);
	sign(b, &job, job.next_update);
	assert_true(last_answer(b).cacheable);
}

static void the_proof_grows_old_while_it_is_signed(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	ask_now(b, 1, 0x42);
	found(b, VERSION);
	struct message_sign job = last_job(b);
	unsigned batches = b->batches;
	b->now.wall_us += 5 * SECOND_US;
	b->now.mono_us += 5 * SECOND_US;
	sign(b, &job, job.next_update);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	assert_int_equal(b->batches, batches + 1);
}

/* ---- several ---- */

static void several_are_proven_by_one_snapshot(void **state)
{
	struct bench *b = *state;
	static const int of_a[2];
	goes_on_by_lookups(b);
	ask(b, 0, 1, 2, of_a, 0x42);
	ledger_turn_end(b->ledger, b->now);
	found(b, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
	assert_int_equal(last_job(b).this_update, wall_seconds(b->now.wall_us));
}

static void ask_two(struct bench *b, uint64_t id, uint8_t one, uint8_t other)
{
	struct buffer certids[2] = {{0}}, payload = {0};
	const struct ocsp_issuer *issuer = &b->hashes[0];
	struct message_query query = {.id = id, .certid_count = 2};
	made_certid(&certids[0], OCSP_HASH_SHA1, issuer, issuer, view_of(&one, 1));
	made_certid(&certids[1], OCSP_HASH_SHA1, issuer, issuer, view_of(&other, 1));
	query.certids[0] = buffer_view(&certids[0]);
	query.certids[1] = buffer_view(&certids[1]);
	message_query_write(&payload, &query);
	assert_int_equal(
		ledger_front_frame(b->ledger, 0, MESSAGE_QUERY, buffer_view(&payload), b->now), 0);
	buffer_deinit(&certids[0]);
	buffer_deinit(&certids[1]);
	buffer_deinit(&payload);
	ledger_turn_end(b->ledger, b->now);
}

/* One of them could have been on hold when the other was read. */
static void several_of_several_snapshots_are_read_again(void **state)
{
	struct bench *b = *state;
	goes_on_by_lookups(b);
	ask_now(b, 1, 0x42);
	struct bench first = *b;
	ask_two(b, 2, 0x42, 0x43);
	reads_on(b, 20 * MILLISECOND_US);
	struct bench second = *b;
	assert_int_equal(second.batches, first.batches + 1);
	assert_int_equal(second.keys[0].serial.octets[0], 0x43);
	b->batch = first.batch;
	memcpy(b->keys, first.keys, sizeof(b->keys));
	found(b, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1); /* of who asked first */
	b->batch = second.batch;
	memcpy(b->keys, second.keys, sizeof(b->keys));
	found(b, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
	reads_on(b, 20 * MILLISECOND_US);
	assert_int_equal(b->key_count, 2);
	found(b, VERSION);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 2);
	assert_int_equal(last_job(b).count, 2);
}

/* ---- what is told ---- */

static void who_looks_is_told(void **state)
{
	struct bench *b = *state;
	reads_on(b, 4 * SECOND_US);
	assert_says(b, "\"lookup_evidence_age_ms\":null");
	found(b, VERSION);
	assert_int_equal(last_tick(b).live_until_mono_us, b->now.mono_us + 5 * SECOND_US);
	reads_on(b, 2 * SECOND_US);
	assert_says(b, "\"ready\":true");
	assert_says(b, "\"lookup_evidence_age_ms\":2000,");
	assert_says(b, "\"evidence_age_ms\":6000,");
	assert_says(b, "each good answer is proven by a lookup of its own");
	/* None comes any more. */
	reads_on(b, 3 * SECOND_US);
	assert_says(b, "\"ready\":false");
	assert_says(b, "the evidence is too old");
	assert_false(told_ready(b));
	assert_int_equal(last_tick(b).live_until_mono_us, 0);
}

/* Nobody asks: one by one, whatever comes of them. */
static void lookups_that_nobody_asked_for_are_few(void **state)
{
	struct bench *b = *state;
	reads_on(b, 4 * SECOND_US);
	assert_int_equal(b->batches, 1);
	assert_int_equal(b->key_count, 1);
	for (unsigned i = 0; i < 100; i++) {
		ledger_timer(b->ledger, b->now);
		assert_true(ledger_next_timer(b->ledger) > b->now.mono_us);
	}
	assert_int_equal(b->batches, 1);
	ledger_lookup_failed(b->ledger, b->batch, b->now);
	reads_on(b, SECOND_US);
	assert_int_equal(b->batches, 2);
	found(b, VERSION);
	assert_says(b, "\"lookups_waiting\":0,");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_reading, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_good_is_proven_by_its_own_lookup),
		TEST(that_there_is_no_row_is_proven_too),
		TEST(what_a_lookup_sees_revoked_is_so_at_once),
		TEST(before_its_end_the_feed_is_left_for_lookups),
		TEST(before_its_end_the_feed_still_vouches),
		TEST(an_issuer_of_another_version_proves_nothing),
		TEST(a_revoked_issuer_proves_nothing),
		TEST(an_older_issuer_is_asked_for_again),
		TEST(an_issuer_that_is_revoked_while_signing),
		TEST(what_was_asked_before_proves_nothing),
		TEST(what_is_no_later_than_the_feed_proves_nothing),
		TEST(without_a_poll_of_many_parts_lookups_prove_nothing),
		TEST(the_feed_is_lost_in_the_middle),
		TEST(a_load_in_the_middle),
		TEST(the_poll_ends_while_it_is_signed),
		TEST(the_proof_grows_old_while_it_is_signed),
		TEST(several_are_proven_by_one_snapshot),
		TEST(several_of_several_snapshots_are_read_again),
		TEST(who_looks_is_told),
		TEST(lookups_that_nobody_asked_for_are_few),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
