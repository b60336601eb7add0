/* What may be said without a row, on what comes not whole, and no longer once it was overtaken. */
#include "bench.h"

#include "base/timetext.h"

static void find(struct bench *b, const struct db_found *found, size_t count)
{
	struct db_evidence now = evidence(b);
	ledger_lookup_done(b->ledger, b->batch, &now, found, count, b->now);
	ledger_turn_end(b->ledger, b->now);
}

static const struct db_found nothing[LIMIT_LOOKUP_BATCH];

static enum ocsp_status asked_without_a_row(struct bench *b, uint8_t serial)
{
	static uint64_t id;
	forget_frames(b);
	ask_one(b, 0, ++id, serial);
	ledger_turn_end(b->ledger, b->now);
	find(b, nothing, b->key_count);
	return last_job(b).entries[0].says.status;
}

/* P-6, P-22: where what has no row is good, a number that nobody can have issued is not. */
static void a_negative_serial_is_never_good(void **state)
{
	struct bench *b = *state;
	b->sections[0].policy.complete = false;
	assert_int_equal(asked_without_a_row(b, 0x05), OCSP_GOOD);
	assert_int_equal(asked_without_a_row(b, 0x85), OCSP_UNKNOWN);
}

/* I-6: fewer results than questions answer none of them. */
static void a_result_of_another_size_is_not_used(void **state)
{
	struct bench *b = *state;
	ask_one(b, 0, 1, 0x42);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->key_count, 1);
	find(b, nothing, 0);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	assert_int_equal(b->alarms, 1);
}

/* I-7, I-8: over all fronts, by CertIDs. */
static void more_certids_than_the_limit_are_shed_at_once(void **state)
{
	struct bench *b = *state;
	static const int of_a[LIMIT_CERTIDS];
	unsigned questions = LIMIT_JOBS / LIMIT_CERTIDS;
	for (unsigned i = 0; i < questions; i++)
		ask(b, i % 2, i, LIMIT_CERTIDS, of_a, 0x42);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	ask(b, 0, questions, LIMIT_CERTIDS, of_a, 0x42);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 1);
	assert_int_equal(last_answer(b).id, questions);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
}

/* P-28, doc/faults.md row 42: signed in time, and then the clock is set back. */
static void what_is_of_the_future_by_now_is_decided_anew(void **state)
{
	struct bench *b = *state;
	cleanup(buffer_deinit) struct buffer payload = {0};
	ask_one(b, 0, 1, 0x42);
	ledger_turn_end(b->ledger, b->now);
	found_good(b);
	struct message_sign job = last_job(b);
	struct message_signed m = {.id = job.id,
				   .produced_at = wall_seconds(b->now.wall_us),
				   .next_update = job.next_update,
				   .der = view_of_string("a response")};
	message_signed_write(&payload, &m);
	b->now.wall_us -= 600 * SECOND_US;
	assert_int_equal(
		ledger_signer_frame(b->ledger, 0, MESSAGE_SIGNED, buffer_view(&payload), b->now),
		0);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	struct message_sign again = last_job(b);
	assert_int_not_equal(again.id, job.id);
	assert_true(again.this_update <= wall_seconds(b->now.wall_us));
}

/* P-7, I-9: another encoding of an issuer's name is learnt while it is being said that nobody knows it. */
static void a_name_that_is_learnt_meanwhile_is_not_unknown(void **state)
{
	struct bench *b = *state;
	static char a[] = "A";
	static const int otherwise = 1;
	cleanup(buffer_deinit) struct buffer der = {0}, name = {0};
	struct certificate certificate;
	made_certificate(&der, "A", "A");
	made_name(&name, "A, as it was once written");
	ledger_free(b->ledger);
	b->conf.server.unknown_issuer = UNKNOWN_ISSUER_UNKNOWN;
	b->conf.server.default_issuer = a;
	assert_int_equal(new_ledger(b), 0);
	ledger_lookup_state(b->ledger, true, NULL);
	ledger_front_attach(b->ledger, 0, b->now);
	ledger_signer_attach(b->ledger, 0, b->now);
	load(b);
	assert_int_equal(certificate_read(buffer_view(&der), &certificate), 0);
	assert_int_equal(
		ocsp_issuer_init(&b->hashes[otherwise], buffer_view(&name), certificate.key_bits),
		0);
	ask(b, 0, 1, 1, &otherwise, 0x42);
	ledger_turn_end(b->ledger, b->now);
	struct message_sign job = last_job(b);
	assert_true(job.unknown_issuer);
	const struct db_issuer issuer = {.record = {.id = 1,
						    .name = "A",
						    .version = 2,
						    .revoked_at = TIME_NONE,
						    .reason = REASON_NONE},
					 .certificate = buffer_view(&der),
					 .names = buffer_view(&name)};
	struct db_evidence now = evidence(b);
	ledger_poll(b->ledger, &now, NULL, 0, &issuer, 1, b->now);
	unsigned batches = b->batches;
	sign(b, &job, job.next_update);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	assert_int_equal(b->batches, batches + 1);
	assert_int_equal(b->keys[0].issuer, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_negative_serial_is_never_good),
		TEST(a_result_of_another_size_is_not_used),
		TEST(more_certids_than_the_limit_are_shed_at_once),
		TEST(what_is_of_the_future_by_now_is_decided_anew),
		TEST(a_name_that_is_learnt_meanwhile_is_not_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
