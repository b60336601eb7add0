/* source = presigned: which answers that were signed beforehand are given out (promise 1), and what becomes of
 * questions that wait for them. */
#include "bench.h"
#include "made_stored.h"

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

static const struct ocsp_cert_status good = {
	.status = OCSP_GOOD,
	.revoked_at = TIME_NONE,
	.reason = REASON_NONE,
	.invalidity_at = TIME_NONE,
};
static const struct ocsp_cert_status revoked = {
	.status = OCSP_REVOKED,
	.revoked_at = 1700000000,
	.reason = REASON_SUPERSEDED,
	.invalidity_at = TIME_NONE,
};
static const struct ocsp_cert_status held = {
	.status = OCSP_REVOKED,
	.revoked_at = 1700000000,
	.reason = REASON_CERTIFICATE_HOLD,
	.invalidity_at = TIME_NONE,
};
static const struct ocsp_cert_status unknown = {
	.status = OCSP_UNKNOWN,
	.revoked_at = TIME_NONE,
	.reason = REASON_NONE,
	.invalidity_at = TIME_NONE,
};

/* One that is stored. */
struct wish {
	struct ocsp_cert_status says;
	const char *signer; /* whose key signs it */
	uint8_t serial;
	int64_t produced_at, this_update, next_update;
	bool as_openssl; /* its CertID has the parameters that most clients write: NULL */
	unsigned broken; /* octets from its end, where one is changed; 0: none */
};

static struct wish usual(uint8_t serial)
{
	return (struct wish){.says = good,
			     .signer = "A",
			     .serial = serial,
			     .produced_at = NOW - DAY,
			     .this_update = NOW - DAY,
			     .next_update = NOW + 9 * DAY};
}

static void make(const struct bench *b, const struct wish *wish, struct buffer *out)
{
	cleanup(buffer_deinit) struct buffer certid = {0};
	if (wish->as_openssl)
		ocsp_certid_write_of(&certid, &b->hashes[0], OCSP_HASH_SHA1,
				     view_of(&wish->serial, 1));
	else
		made_certid(&certid, OCSP_HASH_SHA1, &b->hashes[0], &b->hashes[0],
			    view_of(&wish->serial, 1));
	const struct ocsp_single single = {.certid = buffer_view(&certid),
					   .says = wish->says,
					   .this_update = wish->this_update,
					   .next_update = wish->next_update};
	made_stored(out, "A", wish->signer, &single, wish->produced_at);
	if (wish->broken)
		out->data[out->size - wish->broken] ^= 1;
}

/* ---- the bench, with an issuer A that can sign and has no signer here ---- */

/* A's row as it is read; `times`: how often its answers have changed. */
static struct db_issuer issuer_a(const struct buffer *der, int64_t version, int32_t times)
{
	struct db_issuer row = {
		.record = {.id = 1,
			   .version = version,
			   .name = "A",
			   .revoked_at = TIME_NONE,
			   .crl_from = NOW - 600,
			   .crl_until = NOW + DAY,
			   .presigned = times,
			   .presigned_from = times ? NOW - DAY : TIME_NONE,
			   .presigned_until = times ? NOW + 9 * DAY : TIME_NONE},
		.certificate = buffer_view(der),
	};
	return row;
}

static void load_signing(struct bench *b)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct certificate certificate;
	struct db_evidence now = evidence(b);
	made_signing_certificate(&der, "A");
	assert_int_equal(certificate_read(buffer_view(&der), &certificate), 0);
	assert_int_equal(ocsp_issuer_init(&b->hashes[0], certificate.subject, certificate.key_bits),
			 0);
	const struct db_issuer row = issuer_a(&der, 1, 1);
	ledger_load_begin(b->ledger, &now, &row, 1, b->now);
	ledger_load_end(b->ledger, &now, b->now);
}

/* A change of A's row: other answers are stored, and the first of them ends then. */
static void imported(struct bench *b, int64_t version, int64_t until)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct db_evidence now = evidence(b);
	made_signing_certificate(&der, "A");
	struct db_issuer row = issuer_a(&der, version, (int32_t)version);
	row.record.presigned_until = until;
	ledger_poll(b->ledger, &now, NULL, 0, &row, 1, b->now);
	ledger_turn_end(b->ledger, b->now);
}

static int begin(void **state)
{
	int result = setup(state);
	struct bench *b = *state;
	b->sections[0].source = SOURCE_PRESIGNED;
	ledger_feed_lost(b->ledger, "it was another database");
	load_signing(b);
	ledger_turn_end(b->ledger, b->now);
	forget_frames(b);
	b->alarms = 0;
	return result;
}

/* What came with the batch in flight, the same for each question; `wish` NULL: there is none. */
static void found_with(struct bench *b, const struct wish *wish, const char *issuer)
{
	cleanup(buffer_deinit) struct buffer answer = {0}, der = {0};
	struct db_stored_found found[LIMIT_STORED_BATCH] = {{.answer = {0}}};
	made_signing_certificate(&der, issuer);
	if (wish)
		make(b, wish, &answer);
	for (size_t i = 0; i < b->stored_count; i++)
		found[i] = (struct db_stored_found){.answer = buffer_view(&answer),
						    .certificate = buffer_view(&der)};
	ledger_stored_done(b->ledger, b->stored_batch, found, b->stored_count, b->now);
	ledger_turn_end(b->ledger, b->now);
}

static void found_stored(struct bench *b, const struct wish *wish)
{
	found_with(b, wish, "A");
}

/* A question about a certificate that the database has as good, until its stored answer is asked for. */
static void ask_for(struct bench *b, uint64_t id, uint8_t serial)
{
	unsigned batches = b->batches;
	ask_one(b, 0, id, serial);
	ledger_turn_end(b->ledger, b->now);
	if (b->batches > batches)
		found_good(b);
	ledger_turn_end(b->ledger, b->now);
}

static void assert_given(struct bench *b, const struct wish *wish)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct message_answer answer = last_answer(b);
	make(b, wish, &der);
	assert_int_equal(answer.result, OCSP_SUCCESSFUL);
	assert_true(view_equal(answer.der, buffer_view(&der)));
	assert_int_equal(answer.label.status, wish->says.status);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
}

/* ---- which are given out ---- */

static void one_is_given_out_as_it_is_and_no_signer_is_asked(void **state)
{
	struct bench *b = *state;
	const struct wish wish = usual(7);
	ask_for(b, 1, 7);
	assert_int_equal(b->stored_count, 1);
	assert_int_equal(b->stored_keys[0].issuer, 1);
	assert_true(view_equal(serial_view(&b->stored_keys[0].serial), view_of("\7", 1)));
	found_stored(b, &wish);
	assert_given(b, &wish);
	struct answer_label label = last_answer(b).label;
	assert_int_equal(label.this_update, NOW - DAY);
	assert_int_equal(label.next_update, NOW + 9 * DAY);
	/* From the memory here, for everybody who asks next. */
	ask_one(b, 1, 2, 7);
	assert_given(b, &wish);
	assert_int_equal(b->stored_batches, 1);
}

static void without_any_it_is_nobodys_to_answer(void **state)
{
	struct bench *b = *state;
	ask_for(b, 1, 7);
	found_stored(b, NULL);
	assert_int_equal(last_answer(b).result, OCSP_UNAUTHORIZED);
	assert_int_equal(b->alarms, 0);
}

/* What was withdrawn may still have its answer of before. */
static void what_nobody_has_issued_is_nobodys_to_answer(void **state)
{
	struct bench *b = *state;
	static const enum unassigned_policy policies[] = {UNASSIGNED_UNKNOWN, UNASSIGNED_REVOKED};
	for (uint8_t i = 0; i < 2; i++) {
		struct db_found found = {.found = false};
		struct db_evidence now = evidence(b);
		b->sections[0].policy.unassigned = policies[i];
		ask_one(b, 0, 1 + i, (uint8_t)(7 + i));
		ledger_turn_end(b->ledger, b->now);
		ledger_lookup_done(b->ledger, b->batch, &now, &found, 1, b->now);
		ledger_turn_end(b->ledger, b->now);
		assert_int_equal(b->stored_batches, 0);
		assert_int_equal(last_answer(b).id, 1 + i);
		assert_int_equal(last_answer(b).result, OCSP_UNAUTHORIZED);
	}
	assert_int_equal(b->alarms, 0);
}

static void assert_refused(struct bench *b, const struct wish *wish, const char *words)
{
	unsigned alarms = b->alarms;
	found_stored(b, wish);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	assert_int_equal(b->alarms, alarms + 1);
	assert_non_null(strstr(b->alarm, words));
	assert_int_equal(ledger_open(b->ledger), 0);
}

/* I-1: what was true when it was signed is not said of what is worse now. */
static void what_the_database_knows_better_is_not_said(void **state)
{
	struct bench *b = *state;
	const struct ocsp_cert_status *mild[] = {&good, &held, &unknown};
	for (uint8_t i = 0; i < 3; i++) {
		struct wish wish = usual((uint8_t)(20 + i));
		wish.says = *mild[i];
		feed_revokes(b, wish.serial);
		ask_for(b, 1 + i, wish.serial);
		assert_refused(b, &wish, "stricter");
		imported(b, 2 + i, NOW + 9 * DAY); /* each alarm is one of its own */
	}
	struct wish wish = usual(30);
	feed_says(b, 30, 2, CERT_HELD);
	ask_for(b, 9, 30);
	assert_refused(b, &wish, "stricter");
}

static void what_is_stricter_than_the_database_is_said(void **state)
{
	struct bench *b = *state;
	struct wish wish = usual(7);
	wish.says = revoked;
	ask_for(b, 1, 7);
	found_stored(b, &wish);
	assert_given(b, &wish);
	feed_says(b, 8, 2, CERT_HELD);
	wish.serial = 8;
	ask_for(b, 2, 8);
	found_stored(b, &wish);
	assert_given(b, &wish);
	wish.says = held;
	wish.serial = 9;
	feed_says(b, 9, 2, CERT_HELD);
	ask_for(b, 3, 9);
	found_stored(b, &wish);
	assert_given(b, &wish);
}

/* As whoever can write to the table might put it there. */
static void what_is_not_proven_is_not_said(void **state)
{
	struct bench *b = *state;
	static const struct {
		const char *words;
		struct wish wish;
	} lies[] = {
		{"signature", {.signer = "B"}},
		{"signature", {.signer = "A", .broken = 1}},
		{"another certificate", {.signer = "A", .serial = 8}},
		{"ended", {.signer = "A", .next_update = NOW}},
		{"future", {.signer = "A", .this_update = NOW + 1, .produced_at = NOW + 1}},
		{"future", {.signer = "A", .produced_at = NOW + 1}},
	};
	for (size_t i = 0; i < array_size(lies); i++) {
		struct wish wish = usual(7), lie = lies[i].wish;
		wish.signer = lie.signer;
		wish.broken = lie.broken;
		wish.serial = lie.serial ? lie.serial : wish.serial;
		wish.this_update = lie.this_update ? lie.this_update : wish.this_update;
		wish.produced_at = lie.produced_at ? lie.produced_at : wish.produced_at;
		wish.next_update = lie.next_update ? lie.next_update : wish.next_update;
		ask_for(b, i, 7);
		assert_refused(b, &wish, lies[i].words);
		imported(b, 2 + (int64_t)i, NOW + 9 * DAY);
	}
}

/* The key that questions mean, not the one that the table says. */
static void another_issuers_key_proves_nothing(void **state)
{
	struct bench *b = *state;
	struct wish wish = usual(7);
	wish.signer = "B";
	ask_for(b, 1, 7);
	found_with(b, &wish, "B");
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	assert_non_null(strstr(b->alarm, "another one"));
}

/* ---- while it is fetched ---- */

/* The fence. */
static void a_revocation_overtakes_what_is_fetched(void **state)
{
	struct bench *b = *state;
	const struct wish wish = usual(7);
	ask_for(b, 1, 7);
	feed_revokes(b, 7);
	found_stored(b, &wish);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	assert_int_equal(b->stored_batches, 2);
	assert_refused(b, &wish, "stricter");
}

static void an_import_overtakes_what_is_fetched(void **state)
{
	struct bench *b = *state;
	struct wish wish = usual(7);
	ask_for(b, 1, 7);
	imported(b, 2, NOW + 20 * DAY);
	found_stored(b, NULL); /* as it was before the import */
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	wish.next_update = NOW + 20 * DAY;
	found_stored(b, &wish);
	assert_given(b, &wish);
}

/* I-3. */
static void evidence_that_became_too_old_says_no_good(void **state)
{
	struct bench *b = *state;
	const struct wish wish = usual(7);
	b->conf.server.answer_timeout_us = 60 * SECOND_US;
	ask_for(b, 1, 7);
	b->now.mono_us += 6 * SECOND_US;
	b->now.wall_us += 6 * SECOND_US;
	found_stored(b, &wish);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
}

static void a_front_that_is_gone_leaves_nothing_behind(void **state)
{
	struct bench *b = *state;
	const struct wish wish = usual(7);
	ask_for(b, 1, 7);
	ledger_front_detach(b->ledger, 0);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(ledger_open(b->ledger), 0);
	forget_frames(b);
	found_stored(b, &wish);
	assert_int_equal(b->frame_count, 0);
	/* And the next one is asked for. */
	ask_one(b, 1, 2, 8);
	ledger_turn_end(b->ledger, b->now);
	found_good(b);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->stored_batches, 2);
}

static void nobody_waits_longer_than_clients_do(void **state)
{
	struct bench *b = *state;
	ask_for(b, 1, 7);
	b->now.mono_us += 2 * SECOND_US;
	b->now.wall_us += 2 * SECOND_US;
	assert_true(ledger_next_timer(b->ledger) <= b->now.mono_us);
	ledger_timer(b->ledger, b->now);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	assert_int_equal(ledger_open(b->ledger), 0);
}

static void a_database_that_does_not_answer_is_asked_again_a_moment_later(void **state)
{
	struct bench *b = *state;
	ask_for(b, 1, 7);
	ledger_stored_failed(b->ledger, b->stored_batch, b->now);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	forget_frames(b);
	ask_for(b, 2, 7);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	assert_int_equal(b->stored_batches, 1);
	b->now.mono_us += 50 * MILLISECOND_US;
	ask_for(b, 3, 7);
	assert_int_equal(b->stored_batches, 2);
	const struct wish wish = usual(7);
	found_stored(b, &wish);
	assert_given(b, &wish);
}

static void one_that_cannot_be_asked_for_is_told_at_once(void **state)
{
	struct bench *b = *state;
	b->stored_result = -ENOMEM;
	ask_for(b, 1, 7);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	assert_int_equal(ledger_open(b->ledger), 0);
}

/* A word of a batch that nobody waits for, and one that is not about what was asked. */
static void what_was_not_asked_for_is_not_taken(void **state)
{
	struct bench *b = *state;
	cleanup(buffer_deinit) struct buffer answer = {0}, der = {0};
	const struct wish wish = usual(7);
	make(b, &wish, &answer);
	made_signing_certificate(&der, "A");
	const struct db_stored_found found[2] = {{buffer_view(&answer), buffer_view(&der)},
						 {buffer_view(&answer), buffer_view(&der)}};
	ledger_stored_done(b->ledger, 0, found, 0, b->now);
	ask_for(b, 1, 7);
	ledger_stored_done(b->ledger, b->stored_batch + 1, found, 1, b->now);
	ledger_stored_done(b->ledger, b->stored_batch, found, 2, b->now);
	ledger_stored_failed(b->ledger, b->stored_batch + 1, b->now);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	ledger_stored_done(b->ledger, b->stored_batch, found, 1, b->now);
	assert_given(b, &wish);
	ledger_stored_failed(b->ledger, b->stored_batch, b->now);
	ledger_stored_done(b->ledger, b->stored_batch, found, 1, b->now);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 1);
}

static void more_than_fit_one_batch_wait_for_the_next(void **state)
{
	struct bench *b = *state;
	for (unsigned i = 0; i < LIMIT_STORED_BATCH + 3; i++)
		ask_one(b, 0, 1 + i, (uint8_t)(1 + i));
	ledger_turn_end(b->ledger, b->now);
	while (frames_of(b, MESSAGE_ANSWER) == 0 && b->stored_batches == 0) {
		found_good(b);
		ledger_turn_end(b->ledger, b->now);
	}
	found_stored(b, NULL);
	unsigned rest = LIMIT_STORED_BATCH + 3 - frames_of(b, MESSAGE_ANSWER);
	while (rest > 0) {
		assert_true(b->stored_count <= rest);
		found_stored(b, NULL);
		rest = LIMIT_STORED_BATCH + 3 - frames_of(b, MESSAGE_ANSWER);
	}
	assert_int_equal(ledger_open(b->ledger), 0);
}

/* ---- an operator asks why ---- */

static void explain(struct bench *b, const char *words)
{
	struct fault fault = {""};
	b->explained = 0;
	assert_int_equal(ledger_explain(b->ledger, 7, false, view_of_string(words), b->now, &fault),
			 0);
	ledger_turn_end(b->ledger, b->now);
	found_good(b);
	ledger_turn_end(b->ledger, b->now);
}

static void fronts_have_nothing(struct bench *b)
{
	struct message_explain asked;
	assert_int_equal(message_explain_read(last_frame(b, MESSAGE_EXPLAIN), &asked), 0);
	for (unsigned front = 0; front < 2; front++) {
		cleanup(buffer_deinit) struct buffer payload = {0};
		message_explained_write(&payload, &(struct message_explained){.id = asked.id});
		assert_int_equal(ledger_front_frame(b->ledger, front, MESSAGE_EXPLAINED,
						    buffer_view(&payload), b->now),
				 0);
	}
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->explained, 7);
	assert_int_equal(ledger_open(b->ledger), 0);
}

static void what_an_operator_hears_is_what_clients_hear(void **state)
{
	struct bench *b = *state;
	struct wish wish = usual(7);
	wish.as_openssl = true;
	explain(b, "A 07");
	found_stored(b, &wish);
	fronts_have_nothing(b);
	assert_non_null(strstr((char *)b->explanation.data, "\"answer\":\"good\""));
	forget_frames(b);
	assert_non_null(strstr((char *)b->explanation.data, "\"signers\":null,\"presigned\":"));
	forget_frames(b);
	explain(b, "A 08");
	found_stored(b, NULL);
	fronts_have_nothing(b);
	assert_non_null(strstr((char *)b->explanation.data, "\"answer\":\"unauthorized\""));
	/* Also where what is stored says more than the database. */
	forget_frames(b);
	explain(b, "A 09");
	wish.serial = 9;
	wish.says = revoked;
	found_stored(b, &wish);
	fronts_have_nothing(b);
	assert_non_null(strstr((char *)b->explanation.data, "\"answer\":\"revoked\""));
	assert_non_null(strstr((char *)b->explanation.data, "stricter than the database"));
}

/* I-7: also where the database never says a word of it. */
static void an_operator_does_not_wait_for_ever(void **state)
{
	struct bench *b = *state;
	explain(b, "A 07");
	assert_int_equal(b->stored_count, 1);
	for (unsigned i = 0; i < 60 && !b->explained; i++) {
		b->now.mono_us += SECOND_US;
		b->now.wall_us += SECOND_US;
		ledger_timer(b->ledger, b->now);
	}
	assert_int_equal(b->explained, 7);
	assert_int_equal(ledger_open(b->ledger), 0);
}

/* What has changed meanwhile is decided anew for it, too. */
static void a_change_overtakes_an_explanation(void **state)
{
	struct bench *b = *state;
	struct wish wish = usual(7);
	wish.as_openssl = true;
	explain(b, "A 07");
	imported(b, 2, NOW + 9 * DAY);
	found_stored(b, NULL);
	found_good(b);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->stored_batches, 2);
	found_stored(b, &wish);
	fronts_have_nothing(b);
	assert_non_null(strstr((char *)b->explanation.data, "\"answer\":\"good\""));
}

/* ---- what lasts ---- */

static void an_import_ends_what_is_remembered_here(void **state)
{
	struct bench *b = *state;
	struct wish wish = usual(7);
	ask_for(b, 1, 7);
	found_stored(b, &wish);
	imported(b, 2, NOW + 20 * DAY);
	assert_int_equal(frames_of(b, MESSAGE_PURGE), 2); /* to each front */
	wish.next_update = NOW + 20 * DAY;
	ask_for(b, 2, 7);
	found_stored(b, &wish);
	assert_given(b, &wish);
}

static void an_end_is_told_a_quarter_of_a_life_before_it_and_an_import_ends_that(void **state)
{
	struct bench *b = *state;
	imported(b, 2, NOW + DAY); /* of two days one is left */
	assert_int_equal(b->alarms, 0);
	imported(b, 3, NOW + DAY / 3);
	assert_int_equal(b->alarms, 1);
	assert_non_null(strstr(b->alarm, "ends at"));
	imported(b, 4, NOW - 1);
	assert_non_null(strstr(b->alarm, "has ended"));
	unsigned alarms = b->alarms;
	imported(b, 5, NOW + 9 * DAY);
	assert_int_equal(b->alarms, alarms);
	/* Time alone brings it, too. */
	b->now.wall_us += 8 * DAY * SECOND_US;
	b->now.mono_us += 8 * DAY * SECOND_US;
	struct db_evidence now = evidence(b);
	assert_true(ledger_next_timer(b->ledger) <= b->now.mono_us);
	ledger_poll(b->ledger, &now, NULL, 0, NULL, 0, b->now);
	ledger_timer(b->ledger, b->now);
	assert_int_equal(b->alarms, alarms + 1);
	assert_non_null(strstr(b->alarm, "ends at"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_is_given_out_as_it_is_and_no_signer_is_asked),
		TEST(without_any_it_is_nobodys_to_answer),
		TEST(what_nobody_has_issued_is_nobodys_to_answer),
		TEST(what_the_database_knows_better_is_not_said),
		TEST(what_is_stricter_than_the_database_is_said),
		TEST(what_is_not_proven_is_not_said),
		TEST(another_issuers_key_proves_nothing),
		TEST(a_revocation_overtakes_what_is_fetched),
		TEST(an_import_overtakes_what_is_fetched),
		TEST(evidence_that_became_too_old_says_no_good),
		TEST(a_front_that_is_gone_leaves_nothing_behind),
		TEST(nobody_waits_longer_than_clients_do),
		TEST(a_database_that_does_not_answer_is_asked_again_a_moment_later),
		TEST(one_that_cannot_be_asked_for_is_told_at_once),
		TEST(what_was_not_asked_for_is_not_taken),
		TEST(more_than_fit_one_batch_wait_for_the_next),
		TEST(what_an_operator_hears_is_what_clients_hear),
		TEST(an_operator_does_not_wait_for_ever),
		TEST(a_change_overtakes_an_explanation),
		TEST(an_import_ends_what_is_remembered_here),
		TEST(an_end_is_told_a_quarter_of_a_life_before_it_and_an_import_ends_that),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
