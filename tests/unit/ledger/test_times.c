/* What goes to the fronts of how long an answer is true: P-23, P-27, P-28, P-53, F-lightweight. */
#include "ledger/bench.h"

#include "base/timetext.h"

#define NOW (b->now.wall_us / SECOND_US)

static struct cert_record record_of(enum cert_status status, int64_t not_after)
{
	return (struct cert_record){
		.issuer = 1,
		.serial = {.size = 1, .octets = {0x42}},
		.version = 2,
		.status = status,
		.reason = status == CERT_GOOD ? REASON_NONE : REASON_SUPERSEDED,
		.revoked_at = status == CERT_GOOD ? TIME_NONE : 1700000000,
		.invalidity_at = TIME_NONE,
		.not_after = not_after,
	};
}

/* Asked for, looked up, signed. NULL: there is no row. */
static struct message_answer answer_about(struct bench *b, const struct cert_record *record)
{
	struct db_evidence now = evidence(b);
	struct db_found found = {.found = record};
	if (record)
		found.record = *record;
	ask_one(b, 0, 1, 0x42);
	ledger_turn_end(b->ledger, b->now);
	ledger_lookup_done(b->ledger, b->batch, &now, &found, 1, b->now);
	struct message_sign job = last_job(b);
	sign(b, &job, job.next_update);
	return last_answer(b);
}

static void a_recorded_good_is_for_every_cache_until_its_end(void **state) /* P-23 */
{
	struct bench *b = *state;
	struct cert_record record = record_of(CERT_GOOD, TIME_NONE);
	struct message_answer m = answer_about(b, &record);
	assert_int_equal(m.label.next_update, NOW + 3600 - 1);
	assert_int_equal(m.label.serve_until, m.label.next_update);
	assert_true(m.label.traits & ANSWER_SHARED);
	assert_false(m.label.traits & (ANSWER_STICKY | ANSWER_LIGHTWEIGHT));
	assert_true(m.label.refresh_at > NOW + 1000 && m.label.refresh_at < NOW + 2600);
}

static void revoked_on_record_is_sticky(void **state) /* I-3 */
{
	struct bench *b = *state;
	struct cert_record record = record_of(CERT_REVOKED, TIME_NONE);
	struct message_answer m = answer_about(b, &record);
	assert_int_equal(m.label.traits & (ANSWER_STICKY | ANSWER_SHARED),
			 ANSWER_STICKY | ANSWER_SHARED);
}

/* P-23, P-50: also where it is called revoked or good. */
static void what_is_said_for_want_of_a_row_lasts_a_second(void **state)
{
	struct bench *b = *state;
	static const struct issuer_policy policies[] = {
		{.complete = true},
		{.complete = true, .unassigned = UNASSIGNED_REVOKED},
		{.complete = false, .expired = EXPIRED_UNAUTHORIZED},
	};
	for (size_t i = 0; i < array_size(policies); i++) {
		b->sections[0].policy = policies[i];
		struct message_answer m = answer_about(b, NULL);
		assert_int_equal(m.label.serve_until, NOW + LIMIT_UNASSIGNED_AGE);
		assert_int_equal(m.label.refresh_at, m.label.serve_until);
		assert_int_equal(m.label.next_update, NOW + 3600 - 1);
		assert_int_equal(m.label.traits, 0);
		b->now.wall_us += SECOND_US; /* past it */
		b->now.mono_us += SECOND_US;
		struct db_evidence now = evidence(b);
		ledger_poll(b->ledger, &now, NULL, 0, NULL, 0, b->now);
	}
}

/* P-22, P-27: thisUpdate is the CRL's, and the answer ends with it or with its validity. */
static void what_crls_prove_has_their_times(void **state)
{
	struct bench *b = *state;
	b->sections[0].policy.complete = false;
	struct message_answer m = answer_about(b, NULL);
	assert_int_equal(m.label.status, OCSP_GOOD);
	assert_int_equal(m.label.this_update, b->crl_from);
	assert_int_equal(m.label.next_update, NOW + 3600 - 1);
	assert_int_equal(m.label.serve_until, m.label.next_update);
	assert_true(m.label.traits & ANSWER_SHARED);
}

/* Issuer A's row again, with the times of another CRL. */
static void tell_crl(struct bench *b, int64_t version, int64_t from, int64_t until)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct db_evidence now = evidence(b);
	made_certificate(&der, "A", "A");
	const struct db_issuer issuer = {
		.record = {.id = 1,
			   .name = "A",
			   .version = version,
			   .revoked_at = TIME_NONE,
			   .crl_from = from,
			   .crl_until = until},
		.certificate = buffer_view(&der),
	};
	forget_frames(b);
	ledger_poll(b->ledger, &now, NULL, 0, &issuer, 1, b->now);
	ledger_turn_end(b->ledger, b->now);
}

static void what_crls_prove_ends_with_them(void **state)
{
	struct bench *b = *state;
	b->sections[0].policy.complete = false;
	tell_crl(b, 2, NOW - 600, NOW + 60);
	assert_int_equal(frames_of(b, MESSAGE_PURGE),
			 2); /* to both fronts: another CRL, other answers */
	struct message_answer m = answer_about(b, NULL);
	assert_int_equal(m.label.next_update, NOW + 60);
	assert_int_equal(m.label.serve_until, NOW + 60);
	tell_crl(b, 3, NOW - 600, NOW);
	ask_one(b, 0, 2, 0x43);
	ledger_turn_end(b->ledger, b->now);
	struct db_evidence now = evidence(b);
	ledger_lookup_done(b->ledger, b->batch, &now, &(struct db_found){0}, 1, b->now);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
}

/* Where the database has every certificate, a CRL an hour must not empty the caches. */
static void a_crl_that_nothing_depends_on_changes_nothing(void **state)
{
	struct bench *b = *state;
	tell_crl(b, 2, NOW - 500, NOW + 60);
	assert_int_equal(frames_of(b, MESSAGE_PURGE), 0);
	struct cert_record record = record_of(CERT_GOOD, TIME_NONE);
	struct message_answer m = answer_about(b, &record);
	assert_int_equal(m.label.this_update, NOW);
	assert_int_equal(m.label.next_update, NOW + 3600 - 1);
}

static void a_good_that_time_overtakes_is_served_to_its_last_second(void **state) /* P-23 */
{
	struct bench *b = *state;
	b->sections[0].policy.expired = EXPIRED_UNAUTHORIZED;
	b->sections[0].outlive = true;
	struct cert_record record = record_of(CERT_GOOD, NOW + 60);
	struct message_answer m = answer_about(b, &record);
	assert_int_equal(m.label.serve_until, NOW + 61);
	assert_int_equal(m.label.next_update, NOW + 3600 - 1);
	assert_true(m.label.refresh_at <= m.label.serve_until);
}

static void an_answer_ends_with_its_certificate(void **state) /* P-27 */
{
	struct bench *b = *state;
	struct cert_record record = record_of(CERT_GOOD, NOW + 60);
	struct message_answer m = answer_about(b, &record);
	assert_int_equal(m.label.next_update, NOW + 60);
	assert_int_equal(m.label.serve_until, NOW + 60);
	assert_true(m.label.refresh_at < NOW + 40);
}

/* P-27: a second is left; none; it has expired. */
static void the_last_seconds_of_a_certificate(void **state)
{
	struct bench *b = *state;
	static const int64_t lives[][2] = {{1, 1}, {0, 3599}, {-1, 3599}};
	for (size_t i = 0; i < array_size(lives); i++) {
		struct cert_record record = record_of(CERT_GOOD, NOW + lives[i][0]);
		record.version = 2 + 2 * (int64_t)i;
		struct db_evidence now = evidence(b);
		assert_int_equal(answer_about(b, &record).label.next_update, NOW + lives[i][1]);
		/* What was cached goes: put on hold and released. */
		record = record_of(CERT_HELD, TIME_NONE);
		record.version = 3 + 2 * (int64_t)i;
		ledger_poll(b->ledger, &now, &record, 1, NULL, 0, b->now);
		record = record_of(CERT_GOOD, TIME_NONE);
		record.version = 4 + 2 * (int64_t)i;
		ledger_poll(b->ledger, &now, &record, 1, NULL, 0, b->now);
	}
}

static void final_is_what_cannot_change_p53(void **state)
{
	struct bench *b = *state;
	b->sections[0].final_answers = true;
	struct cert_record record = record_of(CERT_GOOD, NOW + 60);
	assert_int_equal(answer_about(b, &record).label.next_update, TIME_MOST);
}

static void an_unknown_is_never_final_p53(void **state)
{
	struct bench *b = *state;
	b->sections[0].final_answers = true;
	assert_int_equal(answer_about(b, NULL).label.next_update, NOW + 3600 - 1);
}

static void a_hold_is_never_final_p53(void **state)
{
	struct bench *b = *state;
	b->sections[0].final_answers = true;
	struct cert_record record = record_of(CERT_HELD, TIME_NONE);
	assert_int_equal(answer_about(b, &record).label.next_update, NOW + 3600 - 1);
}

/* On old evidence its life counts from now, but the CA/Browser Forum's ten days count both ends. */
static void revoked_on_old_evidence_lives_no_longer_than_the_profile_says_p27(void **state)
{
	struct bench *b = *state;
	static const enum profile profiles[] = {PROFILE_PRIVATE, PROFILE_WEBPKI};
	int64_t proven = NOW, days = 86400;
	b->sections[0].validity_us = 7 * days * SECOND_US;
	feed_revokes(b, 0x42);
	b->now.wall_us += 5 * days * SECOND_US;
	b->now.mono_us += 5 * days * SECOND_US;
	for (size_t i = 0; i < array_size(profiles); i++) {
		b->sections[0].profile = profiles[i];
		ask_one(b, 0, i, 0x42);
		struct message_sign job = last_job(b);
		assert_int_equal(job.this_update, proven);
		assert_int_equal(job.next_update - proven, i == 0 ? 12 * days - 1 : 863999);
		sign(b, &job, proven); /* refused, so not cached */
	}
}

/* RFC 9919, 7.1 and 7.2: max-age ends before nextUpdate, and the answer is replaced before max-age. */
static void a_lightweight_answer_is_asked_for_anew_within_max_age(void **state)
{
	struct bench *b = *state;
	b->sections[0].profile = PROFILE_LIGHTWEIGHT;
	b->conf.server.max_age_us = 100 * SECOND_US;
	struct cert_record record = record_of(CERT_GOOD, TIME_NONE);
	struct message_answer m = answer_about(b, &record);
	assert_true(m.label.traits & ANSWER_LIGHTWEIGHT);
	assert_int_equal(m.label.serve_until, m.label.next_update - 1);
	assert_true(m.label.refresh_at > NOW && m.label.refresh_at <= NOW + 60);
}

/* P-33: nothing reaches beyond the end of retention, and at it nothing is left to say. */
static void at_the_end_of_retention_it_is_refused(void **state)
{
	struct bench *b = *state;
	b->sections[0].retired_until = NOW + 10;
	struct cert_record record = record_of(CERT_GOOD, TIME_NONE);
	assert_int_equal(answer_about(b, &record).label.serve_until, NOW + 10);
	b->now.wall_us += 10 * SECOND_US;
	b->now.mono_us += SECOND_US;
	ask_one(b, 0, 2, 0x42);
	assert_int_equal(last_answer(b).result, OCSP_UNAUTHORIZED);
}

/* P-28 */
static void the_second_level_says_nothing_of_the_future(void **state)
{
	struct bench *b = *state;
	struct cert_record record = record_of(CERT_REVOKED, TIME_NONE);
	(void)answer_about(b, &record);
	forget_frames(b);
	ask_one(b, 1, 2, 0x42);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 1); /* it is there */
	forget_frames(b);
	b->now.wall_us -= 3600 * SECOND_US;
	ask_one(b, 1, 3, 0x42);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_recorded_good_is_for_every_cache_until_its_end),
		EACH(revoked_on_record_is_sticky),
		EACH(what_is_said_for_want_of_a_row_lasts_a_second),
		EACH(what_crls_prove_has_their_times),
		EACH(what_crls_prove_ends_with_them),
		EACH(a_crl_that_nothing_depends_on_changes_nothing),
		EACH(a_good_that_time_overtakes_is_served_to_its_last_second),
		EACH(an_answer_ends_with_its_certificate),
		EACH(the_last_seconds_of_a_certificate),
		EACH(final_is_what_cannot_change_p53),
		EACH(an_unknown_is_never_final_p53),
		EACH(a_hold_is_never_final_p53),
		EACH(revoked_on_old_evidence_lives_no_longer_than_the_profile_says_p27),
		EACH(a_lightweight_answer_is_asked_for_anew_within_max_age),
		EACH(at_the_end_of_retention_it_is_refused),
		EACH(the_second_level_says_nothing_of_the_future),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
