/* Signed requests and the verifier (P-15): who must sign, what waits for its word, what is bounded. */
#include "signed.h"

static void finish(struct bench *b)
{
	ledger_turn_end(b->ledger, b->now);
	found_good(b);
	struct message_sign job = last_job(b);
	sign(b, &job, job.next_update);
}

static void a_front_cannot_put_another_question_beside_a_signature(void **state)
{
	struct bench *b = *state;
	b->sections[0].signed_requests = SIGNED_REQUIRE;
	ledger_verifier_attach(b->ledger, 0);
	assert_int_equal(ask_signed(b, 1, 7, 8), -EBADMSG);
	assert_int_equal(frames_of(b, MESSAGE_VERIFY), 0);
}

static void an_unsigned_question_gets_sig_required_even_from_the_cache(void **state)
{
	struct bench *b = *state;
	b->sections[0].signed_requests = SIGNED_REQUIRE;
	ledger_verifier_attach(b->ledger, 0);
	assert_int_equal(ask_signed(b, 1, 7, 7), 0);
	verifier_says(b, OCSP_SUCCESSFUL);
	finish(b);
	assert_int_equal(last_answer(b).result, OCSP_SUCCESSFUL);
	assert_false(last_answer(b).cacheable); /* by fronts */
	ask_one(b, 0, 2, 7);
	assert_int_equal(last_answer(b).result, OCSP_SIG_REQUIRED);
	/* The ledger's own cache serves the next who signs: no second signature of ours. */
	unsigned jobs = frames_of(b, MESSAGE_SIGN);
	assert_int_equal(ask_signed(b, 3, 7, 7), 0);
	verifier_says(b, OCSP_SUCCESSFUL);
	assert_int_equal(last_answer(b).id, 3);
	assert_int_equal(last_answer(b).result, OCSP_SUCCESSFUL);
	assert_false(last_answer(b).cacheable);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), jobs);
}

static void what_the_verifier_refuses_is_refused(void **state)
{
	struct bench *b = *state;
	b->sections[0].signed_requests = SIGNED_VERIFY;
	ledger_verifier_attach(b->ledger, 0);
	assert_int_equal(ask_signed(b, 1, 7, 7), 0);
	verifier_says(b, OCSP_UNAUTHORIZED);
	assert_int_equal(last_answer(b).result, OCSP_UNAUTHORIZED);
	assert_int_equal(ask_signed(b, 2, 7, 7), 0);
	verifier_says(b, OCSP_MALFORMED_REQUEST);
	assert_int_equal(last_answer(b).result, OCSP_MALFORMED_REQUEST);
	assert_int_equal(ledger_open(b->ledger), 0);
}

static void an_issuer_that_ignores_signatures_asks_no_verifier(void **state)
{
	struct bench *b = *state;
	ledger_verifier_attach(b->ledger, 0);
	assert_int_equal(ask_signed(b, 1, 7, 7), 0);
	assert_int_equal(frames_of(b, MESSAGE_VERIFY), 0);
	finish(b);
	assert_true(last_answer(b).cacheable);
}

static void without_a_verifier_signed_questions_come_later(void **state) /* P-21 */
{
	struct bench *b = *state;
	b->sections[0].signed_requests = SIGNED_VERIFY;
	assert_int_equal(ask_signed(b, 1, 7, 7), 0);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	ledger_verifier_attach(b->ledger, 0);
	assert_int_equal(ask_signed(b, 2, 7, 7), 0);
	ledger_verifier_detach(b->ledger, 0);
	assert_int_equal(last_answer(b).id, 2);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
}

static void a_silent_verifier_is_not_waited_for_longer_than_half_the_time(void **state)
{
	struct bench *b = *state;
	b->sections[0].signed_requests = SIGNED_VERIFY;
	ledger_verifier_attach(b->ledger, 0);
	assert_int_equal(ask_signed(b, 1, 7, 7), 0);
	assert_int_equal(ledger_next_timer(b->ledger), b->now.mono_us + SECOND_US);
	b->now.mono_us += SECOND_US;
	ledger_timer(b->ledger, b->now);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	verifier_says(b, OCSP_SUCCESSFUL); /* too late */
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 1);
}

static void no_more_verifications_than_the_limit_are_under_way(void **state) /* I-7, I-8 */
{
	struct bench *b = *state;
	b->sections[0].signed_requests = SIGNED_VERIFY;
	ledger_verifier_attach(b->ledger, 0);
	for (unsigned i = 0; i < LIMIT_VERIFICATIONS; i++)
		assert_int_equal(ask_signed(b, i, 7, 7), 0);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	assert_int_equal(ask_signed(b, 1000, 7, 7), 0);
	assert_int_equal(last_answer(b).id, 1000);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	ask_one(b, 0, 1001, 9); /* unsigned ones go on */
	finish(b);
	assert_int_equal(last_answer(b).result, OCSP_SUCCESSFUL);
	ledger_front_detach(b->ledger, 0);
	assert_int_equal(ledger_open(b->ledger), 0);
}

static void a_verifier_that_says_nonsense_is_cut_off(void **state)
{
	struct bench *b = *state;
	static const uint8_t nonsense[] = {0, 0, 0, 0, 0, 0, 0, 1, 9};
	assert_int_equal(ledger_verifier_frame(b->ledger, 0, MESSAGE_VERIFIED,
					       view_of(nonsense, sizeof(nonsense)), b->now),
			 -EBADMSG);
	assert_int_equal(
		ledger_verifier_frame(b->ledger, 0, MESSAGE_SIGNED, (struct view){0}, b->now),
		-EBADMSG);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_front_cannot_put_another_question_beside_a_signature),
		TEST(an_unsigned_question_gets_sig_required_even_from_the_cache),
		TEST(what_the_verifier_refuses_is_refused),
		TEST(an_issuer_that_ignores_signatures_asks_no_verifier),
		TEST(without_a_verifier_signed_questions_come_later),
		TEST(a_silent_verifier_is_not_waited_for_longer_than_half_the_time),
		TEST(no_more_verifications_than_the_limit_are_under_way),
		TEST(a_verifier_that_says_nonsense_is_cut_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
