/* Why is answered what is answered: one test a cause, and that nothing is left behind. The words are those
 * of the functions that decide real questions, so each is put beside a real one. */
#include "bench.h"

#include "base/hex.h"

#define NOW INT64_C(1800000000)

static int explain_words(struct bench *b, const char *words, struct fault *fault)
{
	b->explained = 0;
	return ledger_explain(b->ledger, 7, false, view_of_string(words), b->now, fault);
}

static void front_says(struct bench *b, unsigned front, const struct message_explained *m)
{
	cleanup(buffer_deinit) struct buffer payload = {0};
	message_explained_write(&payload, m);
	assert_int_equal(ledger_front_frame(b->ledger, front, MESSAGE_EXPLAINED,
					    buffer_view(&payload), b->now),
			 0);
}

/* Of the latest MESSAGE_EXPLAIN. */
static struct message_explain asked_of_fronts(const struct bench *b)
{
	struct message_explain m;
	assert_int_equal(message_explain_read(last_frame(b, MESSAGE_EXPLAIN), &m), 0);
	return m;
}

static void fronts_have_nothing(struct bench *b)
{
	struct message_explain m = asked_of_fronts(b);
	front_says(b, 0, &(struct message_explained){.id = m.id});
	front_says(b, 1, &(struct message_explained){.id = m.id});
	ledger_turn_end(b->ledger, b->now);
}

static void begin(struct bench *b, const char *words)
{
	struct fault fault = {""};
	forget_frames(b);
	assert_int_equal(explain_words(b, words, &fault), 0);
	ledger_turn_end(b->ledger, b->now);
}

static void find(struct bench *b, const struct db_found *found)
{
	struct db_evidence now = evidence(b);
	ledger_lookup_done(b->ledger, b->batch, &now, found, 1, b->now);
	ledger_turn_end(b->ledger, b->now);
}

static struct db_found row(const struct bench *b, enum cert_status status)
{
	bool revoked = status_says_revoked(status);
	struct db_found found = {.found = true};
	found.record = (struct cert_record){
		.issuer = b->keys[0].issuer,
		.serial = b->keys[0].serial,
		.version = 3,
		.status = status,
		.reason = status == CERT_HELD ? REASON_CERTIFICATE_HOLD
			  : revoked           ? REASON_KEY_COMPROMISE
					      : REASON_NONE,
		.revoked_at = revoked ? 1700000000 : TIME_NONE,
		.invalidity_at = TIME_NONE,
		.not_after = TIME_NONE,
	};
	return found;
}

static void find_status(struct bench *b, enum cert_status status)
{
	struct db_found found = row(b, status);
	find(b, &found);
}

#define assert_says(b, text)                                                                \
	do {                                                                                \
		assert_int_equal((b)->explained, 7);                                        \
		if (!strstr((const char *)(b)->explanation.data, text))                     \
			fail_msg("no %s in %s", text, (const char *)(b)->explanation.data); \
	} while (0)

/* ---- a test a cause ---- */

static void a_good_certificate_is_explained_by_its_row(void **state) /* P-22 */
{
	struct bench *b = *state;
	begin(b, "A 42");
	assert_int_equal(b->key_count, 1);
	find_status(b, CERT_GOOD);
	fronts_have_nothing(b);
	assert_says(b, "\"issuer\":\"A\",\"serial\":\"42\"");
	assert_says(b, "\"answer\":\"good\"");
	assert_says(b, "\"because\":\"the certificate is recorded as issued, and not as revoked\","
		       "\"requirement\":\"P-22\"");
	assert_says(b, "\"found_in\":\"a lookup now\",\"needs_lookup\":true");
	assert_says(b, "\"row\":{\"status\":\"good\",\"reason\":null,\"revoked_at\":null,"
		       "\"invalidity_at\":null,\"not_after\":null,\"version\":3");
	assert_says(b, "\"database\":{\"asked\":true,\"answered\":true,\"says\":\"a row\"");
	assert_says(b, "\"disagreements\":[]");
	assert_says(b, "\"without_record\":{\"answer\":\"unknown\"");
	assert_says(b, "\"policy\":{\"section\":\"A\"");
	assert_says(b, "\"unassigned\":\"unknown\"");
	assert_says(b, "\"this_update\":\"2027-01-15T08:00:00Z\"");
}

static void a_revoked_certificate_is_explained_by_the_revoked_set(void **state)
{
	struct bench *b = *state;
	feed_revokes(b, 0x42);
	begin(b, "A 42");
	find_status(b, CERT_REVOKED);
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"revoked\",\"reason\":\"keyCompromise\","
		       "\"revoked_at\":\"2023-11-14T22:13:20Z\"");
	assert_says(b, "\"found_in\":\"the revoked set\",\"needs_lookup\":false");
	assert_says(b, "\"requirement\":\"P-29\"");
}

static void a_hold_is_explained(void **state)
{
	struct bench *b = *state;
	feed_says(b, 0x42, 3, CERT_HELD);
	begin(b, "A 42");
	find_status(b, CERT_HELD);
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"revoked\",\"reason\":\"certificateHold\"");
	assert_says(b, "\"because\":\"the certificate is recorded as on hold\"");
}

static void a_serial_without_a_row_is_explained_by_the_policy(void **state) /* P-22 */
{
	struct bench *b = *state;
	begin(b, "A 42");
	find(b, &(struct db_found){0});
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"unknown\"");
	assert_says(b, "and unassigned = unknown");
	assert_says(b, "\"found_in\":\"a lookup now found no row\"");
	b->sections[0].policy.complete = false;
	begin(b, "A 43");
	find(b, &(struct db_found){0});
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"good\"");
	assert_says(b, "complete = no takes what the issuer's CRL does not list for good");
}

static void an_expired_certificate_that_is_answered_no_more_is_explained(void **state)
{
	struct bench *b = *state;
	b->sections[0].policy.expired = EXPIRED_UNAUTHORIZED;
	begin(b, "A 42");
	struct db_found found = row(b, CERT_GOOD);
	found.record.not_after = NOW - 1;
	find(b, &found);
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"unauthorized\"");
	assert_says(b, "the certificate has expired, and expired = unauthorized");
	assert_says(b, "\"not_after\":\"2027-01-15T07:59:59Z\"");
}

static void a_withdrawn_row_counts_as_none(void **state)
{
	struct bench *b = *state;
	begin(b, "A 42");
	find_status(b, CERT_WITHDRAWN);
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"unknown\"");
	assert_says(b, "\"row\":{\"status\":\"withdrawn\"");
	assert_says(b, "\"counts\":false");
}

static void what_the_database_has_lost_is_a_disagreement(void **state) /* I-10 */
{
	struct bench *b = *state;
	feed_revokes(b, 0x42);
	begin(b, "A 42");
	find_status(b, CERT_GOOD);
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"revoked\"");
	assert_says(b, "the database says that the certificate is not revoked: it stays revoked");
	begin(b, "A 42");
	find(b, &(struct db_found){0});
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"revoked\"");
	assert_says(b, "the database has no row of a certificate that is revoked here");
}

static void an_issuer_whose_row_is_unreadable_is_explained(void **state) /* row 41 */
{
	struct bench *b = *state;
	ledger_bad_issuer(b->ledger, 1, b->now);
	begin(b, "A 42");
	assert_says(b, "\"answer\":\"tryLater\"");
	assert_says(b, "or the row is missing or cannot be understood");
	assert_says(b, "\"requirement\":\"row 41\"");
}

static void a_retired_issuer_is_explained(void **state) /* P-33 */
{
	struct bench *b = *state;
	b->sections[0].retired_until = NOW - 1;
	begin(b, "A 42");
	assert_says(b, "\"answer\":\"unauthorized\"");
	assert_says(b, "\"requirement\":\"P-33\"");
}

static void an_issuer_without_a_section_is_explained(void **state) /* P-22 */
{
	struct bench *b = *state;
	struct fault fault = {""};
	assert_int_equal(explain_words(b, "C 42", &fault), -ENOENT);
	assert_non_null(strstr(fault.text, "no issuer of this name has a section"));
}

static void stale_evidence_is_explained(void **state) /* I-3 */
{
	struct bench *b = *state;
	ledger_lookup_state(b->ledger, false, "connection refused");
	b->now.mono_us += 6 * SECOND_US;
	b->now.wall_us += 6 * SECOND_US;
	begin(b, "A 42");
	ledger_turn_end(b->ledger, b->now);
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"tryLater\"");
	assert_says(b, "\"because\":\"the database does not answer, and nothing else tells of this "
		       "certificate\"");
	assert_says(b, "\"evidence\":{\"fresh\":false");
	assert_says(b, "\"reason\":\"connection refused\"");
	/* Revoked is said on old evidence, too. */
	feed_revokes(b, 0x43);
	b->now.mono_us += 6 * SECOND_US;
	b->now.wall_us += 6 * SECOND_US;
	begin(b, "A 43");
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"revoked\"");
	assert_says(b, "\"evidence\":{\"fresh\":false");
	/* And good is not, though its row is known. */
	ledger_lookup_state(b->ledger, true, NULL);
	begin(b, "A 44");
	find_status(b, CERT_GOOD);
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"tryLater\"");
	assert_says(b, "\"because\":\"the evidence is too old to say this\"");
}

static void without_a_signer_the_answer_is_try_later(void **state) /* P-37 */
{
	struct bench *b = *state;
	ledger_signer_detach(b->ledger, 0, b->now);
	begin(b, "A 42");
	find_status(b, CERT_GOOD);
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"tryLater\"");
	assert_says(b, "\"because\":\"no signer has a certificate that is valid now\"");
	assert_says(b, "\"signers\":{\"processes\":0");
}

static void a_row_that_cannot_be_understood_is_explained(void **state) /* row 15 */
{
	struct bench *b = *state;
	begin(b, "A 42");
	find(b, &(struct db_found){.bad = true});
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"internalError\"");
	assert_says(b, "\"requirement\":\"row 15\"");
}

static void lost_history_that_stops_good_is_explained(void **state) /* I-10 */
{
	struct bench *b = *state;
	b->conf.database.on_lost_history = LOST_HISTORY_STOP;
	feed_revokes(b, 0x41);
	b->history.system = 9; /* another one, which does not have it */
	load(b);
	struct db_evidence now = evidence(b);
	ledger_poll(b->ledger, &now, NULL, 0, NULL, 0, b->now);
	begin(b, "A 42");
	find_status(b, CERT_GOOD);
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"tryLater\"");
	assert_says(b, "\"requirement\":\"I-10\"");
}

static void before_the_first_load_nothing_is_known(void **state) /* I-3 */
{
	struct bench *b = *state;
	ledger_free(b->ledger);
	assert_int_equal(new_ledger(b), 0);
	begin(b, "A 42");
	assert_says(b, "\"answer\":\"tryLater\"");
	assert_says(b, "the database has not been read since the ledger began");
	assert_says(b, "\"history\":null");
}

/* ---- it leaves nothing behind ---- */

static void status_of(const struct bench *b, struct buffer *out)
{
	ledger_status(b->ledger, b->now, out);
	buffer_put_u8(out, '\0');
}

/* The next question for the same certificate is looked up, as if nobody had asked. */
static void what_an_explanation_learns_is_not_remembered(void **state)
{
	struct bench *b = *state;
	cleanup(buffer_deinit) struct buffer before = {0}, after = {0};
	status_of(b, &before);
	begin(b, "A 42");
	find_status(b, CERT_GOOD);
	fronts_have_nothing(b);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	status_of(b, &after);
	static const char *const same[] = {
		"\"queries\":0",    "\"cache_hits\":0", "\"joined\":0", "\"signatures\":0",
		"\"known_hits\":0", "\"timeouts\":0",   "\"open\":0",   "\"cache_entries\":0"};
	for (size_t i = 0; i < array_size(same); i++)
		if (!strstr((const char *)after.data, same[i]))
			fail_msg("%s is not in %s", same[i], (const char *)after.data);
	unsigned batches = b->batches;
	ask_one(b, 0, 1, 0x42);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->batches, batches + 1);
}

/* And a row that was remembered for others is found, without counting as asked for. */
static void what_others_remember_is_found(void **state)
{
	struct bench *b = *state;
	cleanup(buffer_deinit) struct buffer after = {0};
	ask_one(b, 0, 1, 0x42);
	ledger_turn_end(b->ledger, b->now);
	found_good(b);
	struct message_sign job = last_job(b);
	sign(b, &job, job.next_update);
	begin(b, "A 42");
	found_good(b);
	ledger_turn_end(b->ledger, b->now);
	fronts_have_nothing(b);
	assert_says(b, "\"found_in\":\"a lookup before\",\"needs_lookup\":false");
	assert_says(b, "\"ledger_cache\":[{\"status\":\"good\",\"served\":true");
	status_of(b, &after);
	assert_non_null(strstr((const char *)after.data, "\"known_hits\":0"));
}

/* With the very CertID that an explanation has. */
static void ask_the_same(struct bench *b, uint8_t serial)
{
	cleanup(buffer_deinit) struct buffer certid = {0}, payload = {0};
	struct message_query query = {.id = 1, .certid_count = 1};
	ocsp_certid_write(&certid, view_of(b->hashes[0].hashes[0].name, 20),
			  view_of(b->hashes[0].hashes[0].key, 20), view_of(&serial, 1));
	query.certids[0] = buffer_view(&certid);
	message_query_write(&payload, &query);
	assert_int_equal(
		ledger_front_frame(b->ledger, 0, MESSAGE_QUERY, buffer_view(&payload), b->now), 0);
}

/* Nobody joins it: it is never signed. */
static void a_question_does_not_wait_for_an_explanation(void **state)
{
	struct bench *b = *state;
	begin(b, "A 42");
	ask_the_same(b, 0x42);
	found_good(b);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

/* ---- what fronts say ---- */

static void what_a_front_would_say_is_told_and_compared(void **state)
{
	struct bench *b = *state;
	feed_revokes(b, 0x42);
	begin(b, "A 42");
	find_status(b, CERT_REVOKED);
	struct message_explain m = asked_of_fronts(b);
	struct message_explained said = {.id = m.id, .count = 1};
	said.entries[0] = (struct explained_entry){
		.served = true,
		.label = {.status = OCSP_GOOD,
			  .produced_at = NOW,
			  .this_update = NOW,
			  .next_update = NOW + 60,
			  .serve_until = NOW + 60,
			  .refresh_at = NOW + 30},
	};
	front_says(b, 1, &said);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->explained, 0); /* the other one is waited for */
	ledger_front_detach(b->ledger, 0);
	ledger_turn_end(b->ledger, b->now);
	assert_says(b, "{\"front\":1,\"answered\":true,\"stored\":[{\"status\":\"good\","
		       "\"served\":true,\"this_update\":\"2027-01-15T08:00:00Z\"");
	assert_says(b, "\"stored_contradictions\":1");
}

/* A front is not believed (row 32), and one that is silent is not waited for. */
static void a_silent_front_is_named(void **state)
{
	struct bench *b = *state;
	begin(b, "A 42");
	find_status(b, CERT_GOOD);
	struct message_explain m = asked_of_fronts(b);
	front_says(b, 0, &(struct message_explained){.id = m.id});
	front_says(b, 0, &(struct message_explained){.id = m.id}); /* twice does not count twice */
	front_says(b, 1, &(struct message_explained){.id = m.id + 1});
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->explained, 0);
	assert_true(ledger_next_timer(b->ledger) <= b->now.mono_us + LIMIT_EXPLAIN_US / 2);
	b->now.mono_us += LIMIT_EXPLAIN_US / 2;
	ledger_timer(b->ledger, b->now);
	assert_says(b, "{\"front\":1,\"answered\":false,\"stored\":[]}");
	struct view nonsense = view_of_string("nonsense");
	assert_int_equal(ledger_front_frame(b->ledger, 0, MESSAGE_EXPLAINED, nonsense, b->now),
			 -EBADMSG);
}

/* ---- another configuration meanwhile ---- */

/* Nothing of the configuration before is looked at once it is gone. */
static void a_reload_in_between_is_survived(void **state)
{
	struct bench *b = *state;
	struct conf_issuer *of_now = malloc(2 * sizeof(*of_now));
	struct conf of_now_conf = b->conf;
	assert_non_null(of_now);
	memcpy(of_now, b->sections, 2 * sizeof(*of_now));
	of_now_conf.issuers = of_now;
	begin(b, "A 42");
	assert_int_equal(ledger_prepare(b->ledger, &of_now_conf), 0);
	ledger_commit(b->ledger, b->now);
	memset(b->sections[0].name, '?', strlen(b->sections[0].name)); /* as if it were freed */
	ledger_signer_attach(b->ledger, LIMIT_SIGNERS, b->now);
	ledger_turn_end(b->ledger, b->now);
	find_status(b, CERT_GOOD);
	fronts_have_nothing(b);
	assert_says(b, "\"issuer\":\"A\",\"serial\":\"42\"");
	ledger_free(b->ledger);
	b->ledger = NULL;
	free(of_now);
}

/* ---- bounded ---- */

static void a_database_that_is_silent_is_not_waited_for(void **state)
{
	struct bench *b = *state;
	feed_revokes(b, 0x42);
	begin(b, "A 42");
	assert_int_equal(frames_of(b, MESSAGE_EXPLAIN), 0);
	b->now.mono_us += LIMIT_EXPLAIN_US / 2;
	ledger_timer(b->ledger, b->now);
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"revoked\"");
	assert_says(b, "the database did not answer, so that nobody can compare");
	begin(b, "A 43");
	ledger_lookup_failed(b->ledger, b->batch, b->now);
	ledger_turn_end(b->ledger, b->now);
	fronts_have_nothing(b);
	assert_says(b, "\"answer\":\"tryLater\"");
}

static void no_more_than_a_few_are_at_work(void **state)
{
	struct bench *b = *state;
	struct fault fault = {""};
	for (unsigned i = 0; i < LIMIT_EXPLANATIONS; i++)
		assert_int_equal(explain_words(b, "A 42", &fault), 0);
	assert_int_equal(explain_words(b, "A 42", &fault), -EBUSY);
}

static void words_are_strict(void **state)
{
	struct bench *b = *state;
	static const char *const wrong[] = {"",     " ",      "A",     "A ",        " 42",
					    "A 4g", "A 0042", "A 42 ", "A 80 42 0", "B 00:"};
	for (size_t i = 0; i < array_size(wrong); i++) {
		struct fault fault = {""};
		if (explain_words(b, wrong[i], &fault) >= 0)
			fail_msg("taken: \"%s\"", wrong[i]);
		assert_true(fault.text[0] != '\0');
	}
}

/* ---- by a certificate ---- */

static int explain_issued(struct bench *b, const uint8_t *name, const uint8_t *key,
			  const char *serial, struct fault *fault)
{
	char words[200], hex[2][41];
	hex_put(hex[0], view_of(name, 20));
	hex_put(hex[1], key ? view_of(key, 20) : (struct view){0});
	(void)snprintf(words, sizeof(words), "%s %s %s", hex[0], key ? hex[1] : "-", serial);
	b->explained = 0;
	return ledger_explain(b->ledger, 7, true, view_of_string(words), b->now, fault);
}

static void the_issuer_is_found_by_what_a_certificate_says(void **state) /* P-8 */
{
	struct bench *b = *state;
	struct fault fault = {""};
	const uint8_t *name = b->hashes[1].hashes[0].name, *key = b->hashes[1].hashes[0].key;
	const uint8_t *other = b->hashes[0].hashes[0].key;
	assert_int_equal(explain_issued(b, name, key, "42", &fault), 0);
	assert_int_equal(explain_issued(b, name, NULL, "42", &fault), 0);
	assert_int_equal(explain_issued(b, other, NULL, "42", &fault), -ENOENT);
	ledger_turn_end(b->ledger, b->now);
	find_status(b, CERT_GOOD);
	fronts_have_nothing(b);
	assert_says(b, "\"issuer\":\"B\",\"serial\":\"42\"");
	assert_says(b, "\"issuer_by_name_alone\":false");
	assert_int_equal(explain_issued(b, name, other, "42", &fault), 0);
	ledger_turn_end(b->ledger, b->now);
	find_status(b, CERT_GOOD);
	fronts_have_nothing(b);
	assert_says(b, "\"issuer\":\"B\"");
	assert_says(b, "\"issuer_by_name_alone\":true");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_good_certificate_is_explained_by_its_row),
		TEST(a_revoked_certificate_is_explained_by_the_revoked_set),
		TEST(a_hold_is_explained),
		TEST(a_serial_without_a_row_is_explained_by_the_policy),
		TEST(an_expired_certificate_that_is_answered_no_more_is_explained),
		TEST(a_withdrawn_row_counts_as_none),
		TEST(what_the_database_has_lost_is_a_disagreement),
		TEST(an_issuer_whose_row_is_unreadable_is_explained),
		TEST(a_retired_issuer_is_explained),
		TEST(an_issuer_without_a_section_is_explained),
		TEST(stale_evidence_is_explained),
		TEST(without_a_signer_the_answer_is_try_later),
		TEST(a_row_that_cannot_be_understood_is_explained),
		TEST(lost_history_that_stops_good_is_explained),
		TEST(before_the_first_load_nothing_is_known),
		TEST(what_an_explanation_learns_is_not_remembered),
		TEST(what_others_remember_is_found),
		TEST(a_question_does_not_wait_for_an_explanation),
		TEST(what_a_front_would_say_is_told_and_compared),
		TEST(a_silent_front_is_named),
		TEST(a_reload_in_between_is_survived),
		TEST(a_database_that_is_silent_is_not_waited_for),
		TEST(no_more_than_a_few_are_at_work),
		TEST(words_are_strict),
		TEST(the_issuer_is_found_by_what_a_certificate_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
