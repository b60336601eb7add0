/* Another configuration (promise 5), beyond what scenarios tell (tests/replay/scenarios/reload-*): who is
 * believed when. */
#include "bench.h"

static struct view oid(void)
{
	static const uint8_t octets[5] = {0x06, 0x03, 0x2a, 0x03, 'a'};
	return view_of(octets, sizeof(octets));
}

static int offer(struct bench *b, unsigned signer, uint32_t issuer, unsigned count)
{
	cleanup(buffer_deinit) struct buffer payload = {0};
	struct message_offer m = {.issuer = issuer, .count = count, .algorithms = {oid()}};
	message_offer_write(&payload, &m);
	return ledger_signer_frame(b->ledger, signer, MESSAGE_OFFER, buffer_view(&payload), b->now);
}

static bool is_unanswered(struct bench *b)
{
	struct message_readiness m;
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(message_readiness_read(last_frame(b, MESSAGE_READINESS), &m), 0);
	return m.reason.size > 0;
}

static void it_is_prepared_when_every_issuer_is_told_of(void **state)
{
	struct bench *b = *state;
	struct conf next = b->conf;
	assert_false(ledger_prepared(b->ledger));
	assert_int_equal(ledger_prepare(b->ledger, &next), 0);
	ledger_signer_attach(b->ledger, LIMIT_SIGNERS, b->now);
	assert_int_equal(offer(b, 0, 0, 1), 0); /* of the present configuration */
	assert_int_equal(offer(b, 0, 1, 1), 0);
	assert_false(ledger_prepared(b->ledger));
	assert_int_equal(offer(b, LIMIT_SIGNERS, 0, 1), 0);
	assert_false(ledger_prepared(b->ledger));
	assert_int_equal(offer(b, LIMIT_SIGNERS, 2, 1), -EBADMSG);
	assert_int_equal(offer(b, LIMIT_SIGNERS, 1, 1), 0);
	assert_true(ledger_prepared(b->ledger));
	ledger_abandon(b->ledger);
	assert_false(ledger_prepared(b->ledger));
	ledger_abandon(b->ledger);
}

/* A former signer that a compromised process plays, or that is only late, speaks for nobody. */
static void what_former_signers_say_counts_no_more(void **state)
{
	struct bench *b = *state;
	struct conf next = b->conf;
	for (unsigned half = 1; half < 3; half++) {
		unsigned now = half % 2 * LIMIT_SIGNERS, former = LIMIT_SIGNERS - now;
		assert_int_equal(ledger_prepare(b->ledger, &next), 0);
		ledger_signer_attach(b->ledger, now, b->now);
		assert_int_equal(offer(b, now, 0, 1), 0);
		assert_int_equal(offer(b, now, 1, 1), 0);
		ledger_commit(b->ledger, b->now);
		assert_int_equal(offer(b, former, 1, 0), 0);
		assert_false(is_unanswered(b));
		assert_int_equal(offer(b, former, LIMIT_ISSUERS - 1, 0), 0); /* its own counting */
	}
	assert_int_equal(offer(b, 0, 1, 0), 0);
	assert_true(is_unanswered(b));
}

/* Nobody signs: whoever asked after a shorter answer_timeout counts is told first. */
static void who_comes_later_may_have_less_time(void **state)
{
	struct bench *b = *state;
	struct conf next = b->conf;
	ledger_signer_detach(b->ledger, 0, b->now);
	next.server.answer_timeout_us = b->conf.server.answer_timeout_us / 3;
	ask_one(b, 0, 1, 0x42);
	assert_int_equal(ledger_prepare(b->ledger, &next), 0);
	ledger_commit(b->ledger, b->now);
	ask_one(b, 0, 2, 0x43);
	b->now.mono_us += next.server.answer_timeout_us;
	assert_true(ledger_next_timer(b->ledger) <= b->now.mono_us);
	ledger_timer(b->ledger, b->now);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 1);
	assert_int_equal(last_answer(b).id, 2);
	b->now.mono_us += b->conf.server.answer_timeout_us;
	ledger_timer(b->ledger, b->now);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 2);
	assert_int_equal(last_answer(b).id, 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(it_is_prepared_when_every_issuer_is_told_of),
		CASE(what_former_signers_say_counts_no_more),
		CASE(who_comes_later_may_have_less_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
