/* Whatever a question waits for, whatever happens meanwhile: the one pass decides, and what it decides is
 * right for what is known then. Each state against each mark (I-1, I-3, I-5). */
#include "signed.h"

#define SERIAL 0x42

/* ---- states ---- */

static void ask_it(struct bench *b)
{
	ask_one(b, 0, 1, SERIAL);
	ledger_turn_end(b->ledger, b->now);
}

static void park(struct bench *b)
{
	ledger_free(b->ledger);
	b->ledger = NULL;
	assert_int_equal(new_ledger(b), 0);
	ledger_lookup_state(b->ledger, true, NULL);
	ledger_front_attach(b->ledger, 0, b->now);
	ledger_signer_attach(b->ledger, 0, b->now);
	ask_it(b);
	assert_int_equal(b->batches, 0);
}

static void verify(struct bench *b)
{
	b->sections[0].signed_requests = SIGNED_VERIFY;
	ledger_verifier_attach(b->ledger, 0);
	assert_int_equal(ask_signed(b, 1, SERIAL, SERIAL), 0);
	assert_int_equal(frames_of(b, MESSAGE_VERIFY), 1);
}

static void look_up(struct bench *b)
{
	ask_it(b);
	assert_int_equal(b->batches, 1);
}

/* The lookup's evidence is fresh, and the feed's is not. */
static void go_stale(struct bench *b)
{
	b->conf.server.answer_timeout_us = 3 * b->conf.database.freshness_us;
	ask_it(b);
	b->now.mono_us += b->conf.database.freshness_us;
	b->now.wall_us += b->conf.database.freshness_us;
	found_good(b);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
}

static void queue(struct bench *b)
{
	ledger_signer_detach(b->ledger, 0, b->now);
	ask_it(b);
	found_good(b);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
}

static void be_signed(struct bench *b)
{
	ask_it(b);
	found_good(b);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

/* ---- what happens ---- */

static void nothing(struct bench *b)
{
	(void)b;
}

static void revocation(struct bench *b)
{
	feed_revokes(b, SERIAL);
}

static void hold_and_release(struct bench *b)
{
	feed_says(b, SERIAL, 2, CERT_HELD);
	feed_says(b, SERIAL, 3, CERT_GOOD);
}

static void doubt(struct bench *b)
{
	struct db_key key = {.issuer = 1, .serial = {.size = 1, .octets = {SERIAL}}};
	ledger_bad_key(b->ledger, &key);
}

static void issuer_row(struct bench *b, const char *name, int64_t revoked_at)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct db_evidence now = evidence(b);
	made_certificate(&der, "A", "A");
	struct db_issuer issuer = {
		.record = {.id = 1, .version = 2, .revoked_at = revoked_at},
		.certificate = buffer_view(&der),
	};
	(void)snprintf(issuer.record.name, sizeof(issuer.record.name), "%s", name);
	ledger_poll(b->ledger, &now, NULL, 0, &issuer, 1, b->now);
}

/* No section has that name: nothing is said of it any more. */
static void issuer_renamed(struct bench *b)
{
	issuer_row(b, "Aa", TIME_NONE);
}

static void issuer_revoked(struct bench *b)
{
	issuer_row(b, "A", 1700000000);
}

/* A load of the same history names issuer B only. */
static void issuer_gone(struct bench *b)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct db_evidence now = evidence(b);
	made_certificate(&der, "B", "B");
	struct db_issuer issuer = {
		.record = {.id = 2, .name = "B", .version = 1, .revoked_at = TIME_NONE},
		.certificate = buffer_view(&der),
	};
	ledger_load_begin(b->ledger, &now, &issuer, 1, b->now);
	ledger_load_end(b->ledger, &now, b->now);
}

static void issuer_unreadable(struct bench *b)
{
	ledger_bad_issuer(b->ledger, 1, b->now);
}

static void other_history(struct bench *b)
{
	ledger_feed_lost(b->ledger, "away");
	b->history.system++;
	load(b);
}

static void load_again(struct bench *b)
{
	ledger_feed_lost(b->ledger, "away");
	load(b);
}

static void signer_lost(struct bench *b)
{
	ledger_signer_detach(b->ledger, 0, b->now);
}

static void lookups_away(struct bench *b)
{
	ledger_lookup_state(b->ledger, false, "away");
	ledger_lookup_failed(b->ledger, b->batch, b->now);
	ledger_turn_end(b->ledger, b->now);
	ledger_lookup_state(b->ledger, true, NULL);
}

static void front_gone(struct bench *b)
{
	ledger_front_detach(b->ledger, 0);
	assert_int_equal(ledger_open(b->ledger), 0);
	ledger_front_attach(b->ledger, 0, b->now);
}

static void deadline(struct bench *b)
{
	b->now.mono_us += b->conf.server.answer_timeout_us;
	b->now.wall_us += b->conf.server.answer_timeout_us;
	ledger_timer(b->ledger, b->now);
}

static void another_asks(struct bench *b)
{
	if (b->sections[0].signed_requests == SIGNED_IGNORE)
		ask_one(b, 1, 2, SERIAL);
}

/* ---- and then the world goes on ---- */

static void signer_answers(struct bench *b, unsigned *seen)
{
	while (*seen < b->frame_count) {
		unsigned at = (*seen)++;
		struct message_sign job;
		if (b->frames[at].type != MESSAGE_SIGN)
			continue;
		assert_int_equal(message_sign_read(buffer_view(&b->frames[at].payload), &job), 0);
		sign(b, &job, job.next_update);
	}
}

/* Polls, lookups that find what was issued, a signer, a verifier: as long as somebody waits. */
static void go_on(struct bench *b)
{
	unsigned seen = 0, answered = 0;
	ledger_signer_attach(b->ledger, 0, b->now);
	if (frames_of(b, MESSAGE_VERIFY) > 0)
		verifier_says(b, OCSP_SUCCESSFUL);
	for (int turn = 0; turn < 20; turn++) {
		struct db_evidence now = evidence(b);
		b->now.mono_us += 60 * MILLISECOND_US;
		b->now.wall_us += 60 * MILLISECOND_US;
		now = evidence(b);
		ledger_poll(b->ledger, &now, NULL, 0, NULL, 0, b->now);
		ledger_timer(b->ledger, b->now);
		if (b->batches > answered)
			found_good_of(b, b->found_version);
		answered = b->batches;
		signer_answers(b, &seen);
	}
	assert_int_equal(ledger_open(b->ledger), 0);
}

enum outcome { GOOD, REVOKED, LATER, NONE };

static void assert_outcome(const struct bench *b, enum outcome outcome)
{
	if (outcome == NONE) {
		assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
		return;
	}
	struct message_answer answer = last_answer(b);
	assert_int_equal(answer.result, outcome == LATER ? OCSP_TRY_LATER : OCSP_SUCCESSFUL);
	if (outcome != LATER)
		assert_int_equal(answer.label.status, outcome == GOOD ? OCSP_GOOD : OCSP_REVOKED);
}

static void each_state_meets_each_mark(void **state)
{
	static void (*const states[])(struct bench *) = {park,     verify, look_up,
							 go_stale, queue,  be_signed};
	static const struct {
		void (*happens)(struct bench *);
		enum outcome outcome;
		int64_t version; /* what lookups find then */
		bool before; /* it may happen before a load, too */
	} marks[] = {
		{nothing, GOOD, 1, true},           {revocation, REVOKED, 1, false},
		{hold_and_release, GOOD, 3, false}, {doubt, GOOD, 1, false},
		{issuer_renamed, LATER, 1, false},  {issuer_revoked, REVOKED, 1, false},
		{issuer_gone, LATER, 1, false},     {issuer_unreadable, LATER, 1, false},
		{other_history, GOOD, 1, true},     {load_again, GOOD, 1, true},
		{signer_lost, GOOD, 1, true},       {lookups_away, GOOD, 1, true},
		{front_gone, NONE, 1, true},        {deadline, LATER, 1, true},
		{another_asks, GOOD, 1, true},
	};
	for (size_t i = 0; i < array_size(states); i++)
		for (size_t k = 0; k < array_size(marks); k++) {
			if (states[i] == park && !marks[k].before)
				continue;
			assert_int_equal(setup(state), 0);
			struct bench *b = *state;
			b->found_version = marks[k].version;
			states[i](b);
			marks[k].happens(b);
			if (states[i] == park)
				load(b);
			go_on(b);
			assert_outcome(b, marks[k].outcome);
			(void)teardown(state);
		}
}

static void ask_numbered(struct bench *b, uint64_t id, uint64_t request)
{
	cleanup(buffer_deinit) struct buffer certid = {0}, payload = {0};
	uint8_t serial = SERIAL;
	made_certid(&certid, OCSP_HASH_SHA1, &b->hashes[0], &b->hashes[0], view_of(&serial, 1));
	const struct message_query query = {
		.id = id,
		.request = request,
		.certid_count = 1,
		.certids = {buffer_view(&certid)},
	};
	message_query_write(&payload, &query);
	assert_int_equal(
		ledger_front_frame(b->ledger, 0, MESSAGE_QUERY, buffer_view(&payload), b->now), 0);
}

/* So that the debug log tells one request's story. */
static void a_requests_number_goes_with_all_that_is_done_for_it(void **state)
{
	assert_int_equal(setup(state), 0);
	struct bench *b = *state;
	ask_numbered(b, 1, 77);
	assert_int_equal(b->traced, 77);
	ledger_turn_end(b->ledger, b->now);
	ask_numbered(b, 2, 78); /* joins it: the work is the first one's */
	unsigned before = b->trace_count;
	found_good(b);
	struct message_sign job = last_job(b);
	assert_int_equal(job.request, 77);
	assert_int_equal(b->traced, 77);
	sign(b, &job, job.next_update);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 2);
	assert_int_equal(b->traced, 78);
	assert_true(b->trace_count > before + 2);
	(void)teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state_meets_each_mark),
		cmocka_unit_test(a_requests_number_goes_with_all_that_is_done_for_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
