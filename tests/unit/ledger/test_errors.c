/* Which situation gives which error: the ledger's rows of the table in ocsp/response.h (P-21). */
#include "bench.h"

static void wait_until_the_deadline(struct bench *b)
{
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	b->now.mono_us += b->conf.server.answer_timeout_us;
	b->now.wall_us += b->conf.server.answer_timeout_us;
	ledger_timer(b->ledger, b->now);
}

static void signer_says(struct bench *b, enum ocsp_result result)
{
	cleanup(buffer_deinit) struct buffer payload = {0};
	struct message_signed m = {.id = last_job(b).id, .result = result};
	message_signed_write(&payload, &m);
	assert_int_equal(
		ledger_signer_frame(b->ledger, 0, MESSAGE_SIGNED, buffer_view(&payload), b->now),
		0);
}

static void ask_and_find(struct bench *b)
{
	ask_one(b, 0, 1, 0x42);
	ledger_turn_end(b->ledger, b->now);
	found_good(b);
}

/* ---- tryLater ---- */

static void a_database_never_reached_gives_try_later(void **state) /* P-21 */
{
	struct bench *b = *state;
	ledger_free(b->ledger);
	assert_int_equal(new_ledger(b), 0);
	ledger_front_attach(b->ledger, 0, b->now);
	ledger_signer_attach(b->ledger, 0, b->now);
	ask_one(b, 0, 1, 0x42);
	wait_until_the_deadline(b);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
}

static void a_database_that_does_not_answer_gives_try_later(void **state) /* P-21 */
{
	struct bench *b = *state;
	ledger_lookup_state(b->ledger, false, "no connection");
	ask_one(b, 0, 1, 0x42);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->batches, 0);
	wait_until_the_deadline(b);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
}

static void a_lookup_that_never_ends_gives_try_later(void **state) /* P-21 */
{
	struct bench *b = *state;
	ask_one(b, 0, 1, 0x42);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->batches, 1);
	wait_until_the_deadline(b);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
}

static void evidence_too_old_gives_try_later(void **state) /* P-21, I-3 */
{
	struct bench *b = *state;
	b->now.mono_us += b->conf.database.freshness_us;
	ask_and_find(b);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	wait_until_the_deadline(b);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
}

static void no_signer_gives_try_later(void **state) /* P-21 */
{
	struct bench *b = *state;
	ledger_signer_detach(b->ledger, 0, b->now);
	ask_and_find(b);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	wait_until_the_deadline(b);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
}

static void no_certificate_in_date_gives_try_later(void **state) /* P-21, P-37 */
{
	struct bench *b = *state;
	ask_and_find(b);
	signer_says(b, OCSP_TRY_LATER);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
}

static void overload_gives_try_later_at_once(void **state) /* P-21, I-7 */
{
	struct bench *b = *state;
	for (uint64_t id = 1; id <= LIMIT_FLIGHTS; id++)
		ask_one(b, 0, id, 0x42);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	ask_one(b, 0, LIMIT_FLIGHTS + 1, 0x42);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	assert_int_equal(last_answer(b).id, LIMIT_FLIGHTS + 1);
}

/* ---- internalError ---- */

static void a_signature_that_does_not_verify_gives_internal_error(void **state) /* P-21, P-38 */
{
	struct bench *b = *state;
	ask_and_find(b);
	signer_says(b, OCSP_INTERNAL_ERROR);
	assert_int_equal(last_answer(b).result, OCSP_INTERNAL_ERROR);
}

static void a_row_that_makes_no_sense_gives_internal_error(void **state) /* P-21 */
{
	struct bench *b = *state;
	struct db_evidence now = evidence(b);
	struct db_found bad = {.bad = true};
	ask_one(b, 0, 1, 0x42);
	ledger_turn_end(b->ledger, b->now);
	ledger_lookup_done(b->ledger, b->batch, &now, &bad, 1, b->now);
	assert_int_equal(last_answer(b).result, OCSP_INTERNAL_ERROR);
}

static void other_times_than_asked_for_give_internal_error(void **state) /* P-21 */
{
	struct bench *b = *state;
	ask_and_find(b);
	struct message_sign job = last_job(b);
	sign(b, &job, job.next_update + 1);
	assert_int_equal(last_answer(b).result, OCSP_INTERNAL_ERROR);
}

/* ---- unauthorized ---- */

static void an_issuer_that_is_not_here_gives_unauthorized(void **state) /* P-21 */
{
	struct bench *b = *state;
	b->hashes[0].hashes[0].key[0] ^= 1;
	ask_one(b, 0, 1, 0x42);
	assert_int_equal(last_answer(b).result, OCSP_UNAUTHORIZED);
}

static void an_issuer_that_is_not_configured_gives_unauthorized(void **state) /* P-21 */
{
	struct bench *b = *state;
	ledger_free(b->ledger);
	b->conf.issuer_count = 1; /* A only */
	assert_int_equal(new_ledger(b), 0);
	ledger_lookup_state(b->ledger, true, NULL);
	ledger_front_attach(b->ledger, 0, b->now);
	load(b);
	static const int issuer_b = 1;
	ask(b, 0, 1, 1, &issuer_b, 0x42);
	assert_int_equal(last_answer(b).result, OCSP_UNAUTHORIZED);
}

static void several_issuers_give_unauthorized(void **state) /* P-12, P-21 */
{
	struct bench *b = *state;
	static const int both[] = {0, 1};
	ask(b, 0, 1, 2, both, 0x42);
	assert_int_equal(last_answer(b).result, OCSP_UNAUTHORIZED);
}

static void a_serial_never_issued_gives_unauthorized_by_policy(void **state) /* P-21, P-22 */
{
	struct bench *b = *state;
	struct db_evidence now = evidence(b);
	struct db_found nothing = {0};
	b->sections[0].policy.unassigned = UNASSIGNED_UNAUTHORIZED;
	ask_one(b, 0, 1, 0x42);
	ledger_turn_end(b->ledger, b->now);
	ledger_lookup_done(b->ledger, b->batch, &now, &nothing, 1, b->now);
	assert_int_equal(last_answer(b).result, OCSP_UNAUTHORIZED);
}

/* ---- 4 ---- */

static void status_4_is_never_passed_on(void **state) /* P-21 */
{
	struct bench *b = *state;
	cleanup(buffer_deinit) struct buffer payload = {0};
	struct message_signed m = {.id = 0, .result = OCSP_INTERNAL_ERROR};
	ask_and_find(b);
	m.id = last_job(b).id;
	message_signed_write(&payload, &m);
	for (size_t i = 0; i < payload.size; i++) {
		uint8_t before = payload.data[i];
		if (before != OCSP_INTERNAL_ERROR)
			continue;
		payload.data[i] = 4;
		assert_int_equal(ledger_signer_frame(b->ledger, 0, MESSAGE_SIGNED,
						     buffer_view(&payload), b->now),
				 -EBADMSG);
		payload.data[i] = before;
	}
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_database_never_reached_gives_try_later),
		CASE(a_database_that_does_not_answer_gives_try_later),
		CASE(a_lookup_that_never_ends_gives_try_later),
		CASE(evidence_too_old_gives_try_later),
		CASE(no_signer_gives_try_later),
		CASE(no_certificate_in_date_gives_try_later),
		CASE(overload_gives_try_later_at_once),
		CASE(a_signature_that_does_not_verify_gives_internal_error),
		CASE(a_row_that_makes_no_sense_gives_internal_error),
		CASE(other_times_than_asked_for_give_internal_error),
		CASE(an_issuer_that_is_not_here_gives_unauthorized),
		CASE(an_issuer_that_is_not_configured_gives_unauthorized),
		CASE(several_issuers_give_unauthorized),
		CASE(a_serial_never_issued_gives_unauthorized_by_policy),
		CASE(status_4_is_never_passed_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
