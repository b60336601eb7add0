/* What the front may serve from memory, what it asks, and who waits: I-3, I-4, P-28, P-50, and
 * doc/faults.md rows 2, 13, 18, 23. The clock is a variable. */
#include "unit.h"

#include "front/answers.h"

#include <stdio.h>

#define WALL_START (INT64_C(1700000000) * SECOND_US)
#define MONO_START (1000 * SECOND_US)
#define TIMEOUT_US (3 * SECOND_US)
#define START (WALL_START / SECOND_US)

struct asker {
	struct flight_waiter waiter; /* first: a waiter's address is its asker's */
	unsigned delivered;
	enum ocsp_result result;
	struct view der;
	bool stored, dated;
};

struct world {
	struct answers *answers;
	struct moment now;
	bool ledger_takes;
	unsigned queries;
	uint64_t last_id;
	struct view last_nonce;
	bool last_is_raw, last_is_refresh;
	bool poor; /* clients may cause no signature */
	unsigned last_certids;
	uint64_t last_request;
};

static bool take_query(void *context, const struct message_query *question)
{
	struct world *w = context;
	if (!w->ledger_takes)
		return false;
	w->queries++;
	w->last_id = question->id;
	w->last_nonce = question->nonce;
	w->last_is_raw = question->raw_nonce;
	w->last_is_refresh = question->refresh;
	w->last_certids = question->certid_count;
	w->last_request = question->request;
	return true;
}

static void take_delivery(void *context, struct flight_waiter *waiter, const struct answer *answer)
{
	struct asker *asker = (struct asker *)(void *)waiter;
	struct world *w = context;
	asker->delivered++;
	asker->result = answer->result;
	asker->der = answer->der;
	asker->stored = answer->entry != NULL;
	if (answer->entry) {
		struct view head =
			stored_reply(answers_layout(w->answers), answer->entry, &w->now).head;
		asker->dated = memmem(head.data, head.size, "Last-Modified", 13) != NULL;
	}
}

static bool take_cost(void *context, const struct moment *now)
{
	(void)now;
	return !((struct world *)context)->poor;
}

static const struct answers_ops ops = {
	.query = take_query, .affords = take_cost, .deliver = take_delivery};

static void advance(struct world *w, int64_t us)
{
	w->now.wall_us += us;
	w->now.mono_us += us;
	answers_expire(w->answers, &w->now);
}

static void tick(struct world *w, int64_t lasts_us)
{
	struct message_tick m = {.serve_until_mono_us = w->now.mono_us + lasts_us};
	answers_tick(w->answers, &m);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	const struct answers_settings settings = {
		.cache_bytes = 1 << 20,
		.max_age_us = 300 * SECOND_US,
		.answer_timeout_us = TIMEOUT_US,
	};
	assert_int_equal(answers_new(&settings, &ops, w, &w->answers), 0);
	w->now = (struct moment){.wall_us = WALL_START, .mono_us = MONO_START};
	w->ledger_takes = true;
	answers_ledger_connected(w->answers);
	tick(w, 5 * SECOND_US);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	answers_free(w->answers);
	free(w);
	return 0;
}

static struct ocsp_request request_of(const char *const *certids, unsigned count, const char *nonce)
{
	struct ocsp_request request = {.certid_count = count};
	for (unsigned i = 0; i < count; i++)
		request.certids[i].der = view_of_string(certids[i]);
	if (nonce) {
		request.has_nonce = true;
		request.nonce = view_of_string(nonce);
	}
	return request;
}

/* As if it had been delivered, where the answer is there at once. */
static int ask_request(struct world *w, struct asker *asker, const struct ocsp_request *request)
{
	struct answer answer;
	int result = answers_ask(w->answers, request, &asker->waiter, &w->now, &answer);
	if (result == 0)
		take_delivery(w, &asker->waiter, &answer);
	return result;
}

static int ask(struct world *w, struct asker *asker, const char *certid)
{
	struct ocsp_request request = request_of(&certid, 1, NULL);
	return ask_request(w, asker, &request);
}

static struct message_answer answer_to(const struct world *w, enum ocsp_status status,
				       const char *der)
{
	int64_t now = wall_seconds(w->now.wall_us);
	return (struct message_answer){
		.id = w->last_id,
		.cacheable = true,
		.label.status = status,
		.label.traits = status == OCSP_REVOKED ? ANSWER_STICKY | ANSWER_SHARED
				: status == OCSP_GOOD  ? ANSWER_SHARED
						       : 0,
		.label.tag = 7,
		.label.issuer = 3,
		.label.produced_at = now,
		.label.this_update = now,
		.label.refresh_at = now + 100,
		.label.next_update = now + 200,
		.label.serve_until =
			status == OCSP_UNKNOWN ? now + LIMIT_UNASSIGNED_AGE : now + 200,
		.der = view_of_string(der),
	};
}

static void give(struct world *w, enum ocsp_status status, const char *der)
{
	struct message_answer m = answer_to(w, status, der);
	answers_answer(w->answers, &m, &w->now);
}

static void give_error(struct world *w, enum ocsp_result result)
{
	struct message_answer m = {.id = w->last_id, .result = result};
	answers_answer(w->answers, &m, &w->now);
}

static void store(struct world *w, const char *certid, enum ocsp_status status, const char *der)
{
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, certid), ANSWERS_WAITING);
	give(w, status, der);
	assert_int_equal(asker.delivered, 1);
}

static void assert_now(struct world *w, const char *certid, const char *der)
{
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, certid), 0);
	assert_int_equal(asker.result, OCSP_SUCCESSFUL);
	assert_view_equal(asker.der, view_of_string(der));
}

static void assert_try_later(struct world *w, const char *certid)
{
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, certid), 0);
	assert_int_equal(asker.result, OCSP_TRY_LATER);
}

static void assert_miss(struct world *w, const char *certid)
{
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, certid), ANSWERS_WAITING);
	answers_leave(w->answers, &asker.waiter);
}

/* ---- evidence, I-3 ---- */

static void a_stored_good_does_not_leave_on_old_evidence(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_GOOD, "good a");
	assert_now(w, "a", "good a");
	advance(w, 5 * SECOND_US);
	assert_try_later(w, "a");
	assert_int_equal(answers_counts(w->answers).stale, 1);
}

static void a_good_held_back_is_served_again_after_the_next_tick(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_GOOD, "good a");
	advance(w, 6 * SECOND_US);
	assert_try_later(w, "a");
	tick(w, 5 * SECOND_US);
	assert_now(w, "a", "good a");
	assert_int_equal(w->queries, 1);
}

static void a_good_that_arrives_on_old_evidence_does_not_leave(void **state)
{
	struct world *w = *state;
	struct asker asker = {0};
	advance(w, 4 * SECOND_US);
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	advance(w, 2 * SECOND_US);
	give(w, OCSP_GOOD, "good a");
	assert_int_equal(asker.result, OCSP_TRY_LATER);
}

static void revoked_leaves_however_old_the_evidence_is(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_REVOKED, "revoked a");
	advance(w, 50 * SECOND_US);
	assert_now(w, "a", "revoked a");
}

static void several_certids_need_evidence_even_if_the_first_is_revoked(void **state)
{
	struct world *w = *state;
	const char *certids[] = {"a", "b"};
	struct ocsp_request request = request_of(certids, 2, NULL);
	struct asker asker = {0};
	advance(w, 4 * SECOND_US);
	assert_int_equal(ask_request(w, &asker, &request), ANSWERS_WAITING);
	advance(w, 2 * SECOND_US);
	struct message_answer m = answer_to(w, OCSP_REVOKED, "revoked a, good b");
	m.cacheable = false;
	m.label.traits = ANSWER_SHARED; /* not all are sticky */
	answers_answer(w->answers, &m, &w->now);
	assert_int_equal(asker.result, OCSP_TRY_LATER);
}

/* The ledger proves what it is asked, for so long (ledger/proving.h). */
static void tick_live(struct world *w, int64_t lasts_us, int64_t live_us)
{
	struct message_tick m = {.serve_until_mono_us = w->now.mono_us + lasts_us,
				 .live_until_mono_us = live_us ? w->now.mono_us + live_us : 0};
	answers_tick(w->answers, &m);
}

static struct message_answer proven_answer(const struct world *w, int64_t lasts_us)
{
	struct message_answer m = answer_to(w, OCSP_GOOD, "proven a");
	m.cacheable = false;
	m.label.traits = 0;
	m.leave_until_mono_us = w->now.mono_us + lasts_us;
	return m;
}

static void a_good_that_is_proven_by_itself_leaves_on_old_evidence(void **state)
{
	struct world *w = *state;
	struct asker asker = {0}, late = {0};
	advance(w, 6 * SECOND_US);
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	struct message_answer m = proven_answer(w, SECOND_US);
	answers_answer(w->answers, &m, &w->now);
	assert_view_equal(asker.der, view_of_string("proven a"));
	/* Not later than its own proof. */
	assert_int_equal(ask(w, &late, "a"), ANSWERS_WAITING);
	m = proven_answer(w, SECOND_US);
	advance(w, SECOND_US);
	answers_answer(w->answers, &m, &w->now);
	assert_int_equal(late.result, OCSP_TRY_LATER);
}

static void what_is_stored_is_asked_anew_where_the_ledger_proves(void **state)
{
	struct world *w = *state;
	struct asker asker = {0};
	store(w, "a", OCSP_GOOD, "good a");
	store(w, "r", OCSP_REVOKED, "revoked r");
	tick_live(w, 5 * SECOND_US, 8 * SECOND_US);
	answers_readiness(w->answers, &(struct message_readiness){.ready = true});
	advance(w, 4 * SECOND_US);
	assert_now(w, "a", "good a");
	advance(w, SECOND_US);
	assert_null(answers_not_ready(w->answers, &w->now));
	assert_now(w, "r", "revoked r");
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	struct message_answer m = proven_answer(w, SECOND_US);
	m.der = view_of_string("proven a");
	answers_answer(w->answers, &m, &w->now);
	assert_view_equal(asker.der, view_of_string("proven a"));
	assert_miss(w, "a"); /* it is not stored */
	/* What was stored is good again once the feed says so; and said no more where nobody proves. */
	advance(w, 3 * SECOND_US);
	assert_try_later(w, "a");
	assert_non_null(answers_not_ready(w->answers, &w->now));
	tick(w, 5 * SECOND_US);
	assert_now(w, "a", "good a");
}

static void a_ledger_that_is_lost_proves_nothing(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_GOOD, "good a");
	tick_live(w, SECOND_US, 50 * SECOND_US);
	advance(w, SECOND_US);
	answers_ledger_lost(w->answers);
	assert_try_later(w, "a");
	answers_ledger_connected(w->answers);
	assert_try_later(w, "a");
}

static void nothing_but_revoked_leaves_before_the_first_tick(void **state)
{
	struct world *w = *state;
	answers_ledger_lost(w->answers);
	answers_ledger_connected(w->answers);
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	give(w, OCSP_GOOD, "good a");
	assert_int_equal(asker.result, OCSP_TRY_LATER);
}

/* ---- what an operator is told ---- */

/* What would be said, by the rules that say it; and nothing counts as asked. */
static void stored_answers_are_explained(void **state)
{
	struct world *w = *state;
	const struct message_explain about = {.id = 5, .tag = 7}, other = {.id = 6, .tag = 8};
	struct message_explained said;
	store(w, "a", OCSP_GOOD, "good a");
	struct answers_counts before = answers_counts(w->answers);
	answers_explain(w->answers, &about, &w->now, &said);
	assert_int_equal(said.id, 5);
	assert_int_equal(said.count, 1);
	assert_true(said.entries[0].served);
	assert_int_equal(said.entries[0].label.status, OCSP_GOOD);
	assert_int_equal(said.entries[0].label.this_update, START);
	answers_explain(w->answers, &other, &w->now, &said);
	assert_int_equal(said.count, 0);
	advance(w, 5 * SECOND_US); /* the evidence is old (I-3) */
	answers_explain(w->answers, &about, &w->now, &said);
	assert_false(said.entries[0].served);
	tick(w, 500 * SECOND_US);
	answers_explain(w->answers, &about, &w->now, &said);
	assert_true(said.entries[0].served);
	advance(w, 200 * SECOND_US); /* it is over (P-28) */
	answers_explain(w->answers, &about, &w->now, &said);
	assert_false(said.entries[0].served);
	struct answers_counts after = answers_counts(w->answers);
	assert_int_equal(after.hits, before.hits);
	assert_int_equal(after.misses, before.misses);
}

/* ---- times, P-28 ---- */

static void nothing_leaves_at_or_after_its_next_update(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_REVOKED, "revoked a");
	advance(w, 199 * SECOND_US);
	assert_now(w, "a", "revoked a");
	advance(w, SECOND_US);
	assert_miss(w, "a");
}

static void an_answer_that_arrives_too_late_does_not_leave(void **state)
{
	struct world *w = *state;
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	struct message_answer m = answer_to(w, OCSP_REVOKED, "revoked a");
	m.label.next_update = START;
	answers_answer(w->answers, &m, &w->now);
	assert_int_equal(asker.result, OCSP_TRY_LATER);
}

static void a_hot_answer_is_refreshed_by_one_flight_behind_its_back(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_REVOKED, "old");
	advance(w, 100 * SECOND_US);
	for (int i = 0; i < 10; i++)
		assert_now(w, "a", "old");
	assert_int_equal(w->queries, 2);
	assert_true(w->last_is_refresh);
	give(w, OCSP_REVOKED, "new");
	assert_now(w, "a", "new");
}

static void a_renewal_is_told_to_hurry_once_somebody_waits_for_it(void **state) /* row 23 */
{
	struct world *w = *state;
	struct asker first = {0}, second = {0};
	store(w, "a", OCSP_REVOKED, "old");
	assert_false(w->last_is_refresh);
	advance(w, 199 * SECOND_US);
	assert_now(w, "a", "old");
	assert_true(w->last_is_refresh);
	uint64_t renewal = w->last_id;
	advance(w, SECOND_US); /* it is over now */
	assert_int_equal(ask(w, &first, "a"), ANSWERS_WAITING);
	assert_false(w->last_is_refresh);
	assert_int_equal(w->last_id, renewal);
	assert_int_equal(ask(w, &second, "a"), ANSWERS_WAITING);
	assert_int_equal(w->queries, 3);
	give(w, OCSP_REVOKED, "new");
	assert_int_equal(first.delivered + second.delivered, 2);
	give(w, OCSP_REVOKED, "once more"); /* the renewal's own answer: nobody's */
	assert_now(w, "a", "new");
}

static void a_failed_refresh_leaves_the_old_answer_and_does_not_storm(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_REVOKED, "old");
	advance(w, 100 * SECOND_US);
	for (int i = 0; i < 10; i++) {
		assert_now(w, "a", "old");
		give_error(w, OCSP_TRY_LATER);
	}
	assert_int_equal(w->queries, 2);
	advance(w, 6 * SECOND_US);
	assert_now(w, "a", "old");
	assert_int_equal(w->queries, 3);
}

static void what_the_ledger_refuses_now_is_not_served_from_memory(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_REVOKED, "old");
	advance(w, 100 * SECOND_US);
	assert_now(w, "a", "old");
	give_error(w, OCSP_UNAUTHORIZED);
	assert_miss(w, "a");
}

static void unknown_is_kept_for_a_second_at_most(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_UNKNOWN, "unknown a");
	advance(w, 900 * MILLISECOND_US);
	assert_now(w, "a", "unknown a");
	advance(w, 100 * MILLISECOND_US);
	assert_miss(w, "a");
}

/* P-23: RFC 6960's "never issued" is revoked, but neither for ever nor on any evidence. */
static void never_issued_is_kept_for_a_second_and_needs_evidence(void **state)
{
	struct world *w = *state;
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	struct message_answer m = answer_to(w, OCSP_REVOKED, "never issued a");
	m.label.traits = 0;
	m.label.serve_until = START + 1;
	answers_answer(w->answers, &m, &w->now);
	assert_int_equal(asker.result, OCSP_SUCCESSFUL);
	assert_now(w, "a", "never issued a");
	w->now.mono_us += 5 * SECOND_US; /* the evidence is as old as that */
	assert_try_later(w, "a");
	tick(w, 5 * SECOND_US);
	w->now.wall_us += SECOND_US;
	assert_miss(w, "a");
}

/* P-28: what was signed in a future that clocks were set back from is asked for anew. */
static void an_answer_of_the_future_is_asked_for_anew(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_REVOKED, "future a");
	w->now.wall_us -= 3600 * SECOND_US;
	assert_miss(w, "a");
	w->now.wall_us += 3600 * SECOND_US;
	assert_now(w, "a", "future a");
}

static void an_answer_that_arrives_before_its_this_update_does_not_leave(void **state)
{
	struct world *w = *state;
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	struct message_answer m = answer_to(w, OCSP_REVOKED, "future a");
	m.label.this_update = m.label.produced_at = START + 10;
	answers_answer(w->answers, &m, &w->now);
	assert_int_equal(asker.result, OCSP_TRY_LATER);
}

/* P-23: a good that ends with its certificate, under `expired = unauthorized`. */
static void a_good_is_not_said_past_the_end_of_its_verdict(void **state)
{
	struct world *w = *state;
	struct asker asker = {0};
	tick(w, 1000 * SECOND_US);
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	struct message_answer m = answer_to(w, OCSP_GOOD, "good a");
	m.label.serve_until = START + 50;
	answers_answer(w->answers, &m, &w->now);
	advance(w, 49 * SECOND_US);
	assert_now(w, "a", "good a");
	advance(w, SECOND_US);
	assert_miss(w, "a");
}

static void a_clock_set_back_does_not_prolong_unknown(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_UNKNOWN, "unknown a");
	w->now.wall_us -= 3600 * SECOND_US;
	advance(w, SECOND_US);
	assert_miss(w, "a");
}

/* ---- purges ---- */

static void a_purge_removes_the_answer_at_once(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_GOOD, "good a");
	answers_purge(w->answers, &(struct message_purge){.scope = PURGE_TAG, .tag = 8}, &w->now);
	assert_now(w, "a", "good a");
	answers_purge(w->answers, &(struct message_purge){.scope = PURGE_TAG, .tag = 7}, &w->now);
	assert_miss(w, "a");
}

static void an_answer_after_a_purge_is_newer_and_stays(void **state)
{
	struct world *w = *state;
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	answers_purge(w->answers, &(struct message_purge){.scope = PURGE_TAG, .tag = 7}, &w->now);
	give(w, OCSP_REVOKED, "revoked a");
	assert_now(w, "a", "revoked a");
}

static void purges_of_an_issuer_and_of_all_reach_every_answer(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_GOOD, "good a");
	answers_purge(w->answers, &(struct message_purge){.scope = PURGE_ISSUER, .issuer = 4},
		      &w->now);
	assert_now(w, "a", "good a");
	answers_purge(w->answers, &(struct message_purge){.scope = PURGE_ISSUER, .issuer = 3},
		      &w->now);
	assert_miss(w, "a");
	store(w, "b", OCSP_GOOD, "good b");
	answers_purge(w->answers, &(struct message_purge){.scope = PURGE_ALL}, &w->now);
	assert_miss(w, "b");
}

/* Whether the next answer, once asked for, bears a date. */
static bool is_dated(struct world *w, enum ocsp_status status, uint32_t traits)
{
	static char certid[] = "a";
	struct asker asker = {0};
	certid[0]++; /* another CertID of the same certificate */
	assert_int_equal(ask(w, &asker, certid), ANSWERS_WAITING);
	struct message_answer m = answer_to(w, status, "an answer");
	m.label.traits |= traits;
	answers_answer(w->answers, &m, &w->now);
	assert_true(asker.stored);
	return asker.dated;
}

/* What was said of it before may bear this second too. */
static void the_first_answer_after_a_change_bears_no_date(void **state) /* P-48, P-49 */
{
	struct world *w = *state;
	assert_true(is_dated(w, OCSP_REVOKED, 0));
	answers_purge(w->answers, &(struct message_purge){.scope = PURGE_TAG, .tag = 7}, &w->now);
	assert_false(is_dated(w, OCSP_REVOKED, 0));
	assert_false(is_dated(w, OCSP_GOOD, 0)); /* a hold that was released */
	assert_true(is_dated(w, OCSP_GOOD, ANSWER_UNCHANGED)); /* another one in its slot */
	assert_true(is_dated(w, OCSP_REVOKED, ANSWER_LIGHTWEIGHT));
	advance(w, 2 * SECOND_US);
	tick(w, 60 * SECOND_US);
	assert_true(is_dated(w, OCSP_REVOKED, 0));
}

static void a_new_ledger_is_no_change(void **state) /* P-48 */
{
	struct world *w = *state;
	answers_ledger_connected(w->answers);
	answers_purge(w->answers, &(struct message_purge){.scope = PURGE_ALL}, &w->now);
	tick(w, SECOND_US);
	assert_true(is_dated(w, OCSP_REVOKED, 0));
}

/* ---- nonces and several CertIDs ---- */

static void a_nonce_is_never_answered_from_memory_nor_shared(void **state)
{
	struct world *w = *state;
	const char *certid = "a";
	struct ocsp_request request = request_of(&certid, 1, "nonce");
	struct asker first = {0}, second = {0};
	store(w, "a", OCSP_GOOD, "good a");
	assert_int_equal(ask_request(w, &first, &request), ANSWERS_WAITING);
	assert_int_equal(ask_request(w, &second, &request), ANSWERS_WAITING);
	assert_int_equal(w->queries, 3);
	assert_view_equal(w->last_nonce, view_of_string("nonce"));
	give(w, OCSP_GOOD, "with nonce"); /* even if the ledger said that it may be kept */
	assert_int_equal(first.delivered, 0);
	assert_int_equal(second.delivered, 1);
	assert_false(second.stored);
	assert_now(w, "a", "good a");
	answers_leave(w->answers, &first.waiter);
}

static void where_nobody_echoes_nonces_they_cost_no_signature(void **state)
{
	struct world *w = *state;
	const struct answers_settings settings = {
		.cache_bytes = 1 << 20,
		.answer_timeout_us = TIMEOUT_US,
		.ignore_nonce = true,
	};
	const char *certid = "a";
	struct ocsp_request request = request_of(&certid, 1, "nonce");
	struct asker asker = {0};
	answers_free(w->answers);
	assert_int_equal(answers_new(&settings, &ops, w, &w->answers), 0);
	answers_ledger_connected(w->answers);
	tick(w, SECOND_US);
	store(w, "a", OCSP_GOOD, "good a");
	assert_int_equal(ask_request(w, &asker, &request), 0);
	assert_view_equal(asker.der, view_of_string("good a"));
}

/* Whether one is refused depends on the issuer, which only the ledger knows. */
static void a_raw_nonce_that_is_refused_takes_no_answer_away(void **state) /* P-16 */
{
	struct world *w = *state;
	for (int all_accept = 0; all_accept < 2; all_accept++) {
		const struct answers_settings settings = {
			.cache_bytes = 1 << 20,
			.answer_timeout_us = TIMEOUT_US,
			.ignore_nonce = true,
			.ignore_raw_nonce = all_accept,
		};
		const char *certid = "a";
		struct ocsp_request request = request_of(&certid, 1, "nonce");
		request.raw_nonce = true;
		struct asker asker = {0};
		answers_free(w->answers);
		assert_int_equal(answers_new(&settings, &ops, w, &w->answers), 0);
		answers_ledger_connected(w->answers);
		tick(w, SECOND_US);
		store(w, "a", OCSP_GOOD, "good a");
		assert_int_equal(ask_request(w, &asker, &request),
				 all_accept ? 0 : ANSWERS_WAITING);
		if (!all_accept) {
			assert_view_equal(w->last_nonce, view_of_string("nonce"));
			assert_true(w->last_is_raw);
			give_error(w, OCSP_MALFORMED_REQUEST);
			assert_int_equal(asker.result, OCSP_MALFORMED_REQUEST);
		}
		assert_now(w, "a", "good a");
	}
}

/* Signatures count here: who signs is one of few, and the ledger must see each of them. */
static void begin_verifying(struct world *w)
{
	const struct answers_settings settings = {
		.cache_bytes = 1 << 20,
		.answer_timeout_us = TIMEOUT_US,
		.verify_signatures = true,
	};
	answers_free(w->answers);
	assert_int_equal(answers_new(&settings, &ops, w, &w->answers), 0);
	answers_ledger_connected(w->answers);
	tick(w, SECOND_US);
}

static void a_signed_question_is_never_answered_from_memory_nor_shared(void **state) /* P-15 */
{
	struct world *w = *state;
	const char *certid = "a";
	struct ocsp_request request = request_of(&certid, 1, NULL);
	request.is_signed = true;
	request.der = view_of_string("signed");
	struct asker first = {0}, second = {0};
	begin_verifying(w);
	store(w, "a", OCSP_GOOD, "good a");
	assert_int_equal(ask_request(w, &first, &request), ANSWERS_WAITING);
	assert_int_equal(ask_request(w, &second, &request), ANSWERS_WAITING);
	assert_int_equal(w->queries, 3);
	give(w, OCSP_GOOD, "for who signed second");
	assert_int_equal(first.delivered, 0);
	assert_int_equal(second.delivered, 1);
	assert_false(second.stored);
	answers_leave(w->answers, &first.waiter);
}

static void too_many_signed_questions_are_shed_at_once(void **state) /* P-15, I-7, I-8 */
{
	struct world *w = *state;
	static struct asker askers[LIMIT_VERIFICATIONS + 1];
	const char *certid = "a";
	struct ocsp_request request = request_of(&certid, 1, NULL);
	request.is_signed = true;
	request.der = view_of_string("signed");
	begin_verifying(w);
	for (size_t i = 0; i < LIMIT_VERIFICATIONS; i++)
		assert_int_equal(ask_request(w, &askers[i], &request), ANSWERS_WAITING);
	assert_int_equal(ask_request(w, &askers[LIMIT_VERIFICATIONS], &request), 0);
	assert_int_equal(askers[LIMIT_VERIFICATIONS].result, OCSP_TRY_LATER);
	assert_miss(w, "b"); /* the others are served */
	advance(w, TIMEOUT_US);
	assert_int_equal(answers_counts(w->answers).waiters, 0);
}

static void several_certids_are_not_stored(void **state)
{
	struct world *w = *state;
	const char *certids[] = {"a", "b"};
	struct ocsp_request request = request_of(certids, 2, NULL);
	struct asker asker = {0};
	assert_int_equal(ask_request(w, &asker, &request), ANSWERS_WAITING);
	assert_int_equal(w->last_certids, 2);
	give(w, OCSP_GOOD, "a and b");
	assert_false(asker.stored);
	assert_int_equal(ask_request(w, &asker, &request), ANSWERS_WAITING);
	assert_miss(w, "a");
	answers_leave(w->answers, &asker.waiter);
}

/* ---- flights ---- */

/* doc/faults.md row 13 */
static void many_who_ask_the_same_share_one_flight(void **state)
{
	struct world *w = *state;
	struct asker askers[50] = {0};
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(ask(w, &askers[i], "a"), ANSWERS_WAITING);
	assert_int_equal(w->queries, 1);
	give(w, OCSP_GOOD, "good a");
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(askers[i].delivered, 1);
		assert_int_equal(askers[i].result, OCSP_SUCCESSFUL);
	}
}

static void everybody_gets_an_answer_within_the_deadline(void **state)
{
	struct world *w = *state;
	struct asker early = {0}, late = {0};
	assert_int_equal(ask(w, &early, "a"), ANSWERS_WAITING);
	advance(w, 2 * SECOND_US);
	assert_int_equal(ask(w, &late, "a"), ANSWERS_WAITING);
	advance(w, SECOND_US);
	assert_int_equal(early.result, OCSP_TRY_LATER);
	assert_int_equal(late.delivered, 0);
	assert_int_equal(w->queries, 2); /* asked again for the one who came late */
	give(w, OCSP_REVOKED, "revoked a");
	assert_int_equal(late.result, OCSP_SUCCESSFUL);
	assert_int_equal(early.delivered, 1);
}

static void an_answer_that_nobody_waits_for_any_more_is_ignored(void **state)
{
	struct world *w = *state;
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	advance(w, TIMEOUT_US);
	assert_int_equal(asker.delivered, 1);
	give(w, OCSP_REVOKED, "revoked a");
	assert_int_equal(asker.delivered, 1);
	assert_int_equal(answers_counts(w->answers).flights, 0);
}

static void one_that_leaves_is_not_called(void **state)
{
	struct world *w = *state;
	struct asker gone = {0}, stays = {0};
	assert_int_equal(ask(w, &gone, "a"), ANSWERS_WAITING);
	assert_int_equal(ask(w, &stays, "a"), ANSWERS_WAITING);
	answers_leave(w->answers, &gone.waiter);
	give(w, OCSP_GOOD, "good a");
	assert_int_equal(gone.delivered, 0);
	assert_int_equal(stays.delivered, 1);
}

/* So that the debug log of the other rooms leads back to somebody who waits. */
static void a_question_bears_the_number_of_the_first_who_asked(void **state)
{
	struct world *w = *state;
	struct asker first = {.waiter.request = 41}, second = {.waiter.request = 42};
	assert_int_equal(ask(w, &first, "a"), ANSWERS_WAITING);
	assert_int_equal(w->last_request, 41);
	assert_int_equal(ask(w, &second, "a"), ANSWERS_WAITING);
	assert_int_equal(flight_request(second.waiter.flight), 41);
	answers_ledger_lost(w->answers);
	answers_ledger_connected(w->answers);
	assert_int_equal(w->queries, 2);
	assert_int_equal(w->last_request, 41);
	give(w, OCSP_GOOD, "good a");
	assert_int_equal(second.waiter.request, 42);
}

static void expect_counted(struct world *w, const char *status, const char *cause, unsigned count)
{
	cleanup(buffer_deinit) struct buffer out = {0};
	char text[200];
	tally_put_json(answers_tally(w->answers), 65536, &out);
	buffer_put_u8(&out, '\0');
	(void)snprintf(text, sizeof(text), "\"status\":\"%s\",\"cause\":\"%s\",\"count\":%u}",
		       status, cause, count);
	if (!strstr((const char *)out.data, text))
		fail_msg("%s is not in %s", text, (const char *)out.data);
}

/* Each who is answered counts once, with where the answer came from. */
static void answers_are_counted_by_cause(void **state)
{
	struct world *w = *state;
	struct asker first = {0}, second = {0};
	assert_int_equal(ask(w, &first, "a"), ANSWERS_WAITING);
	assert_int_equal(ask(w, &second, "a"), ANSWERS_WAITING);
	advance(w, 30 * MILLISECOND_US);
	give(w, OCSP_GOOD, "good a");
	expect_counted(w, "good", "live", 2);
	for (unsigned i = 1; i <= 3; i++) {
		assert_now(w, "a", "good a");
		expect_counted(w, "good", "hit", i);
	}
	assert_int_equal(answers_counts(w->answers).hits, 3);
	assert_int_equal(ask(w, &first, "b"), ANSWERS_WAITING);
	give_error(w, OCSP_UNAUTHORIZED);
	expect_counted(w, "unauthorized", "live", 1);
	assert_int_equal(ask(w, &first, "b"), ANSWERS_WAITING);
	give_error(w, OCSP_TRY_LATER);
	expect_counted(w, "tryLater", "error", 1);
	assert_int_equal(ask(w, &first, "b"), ANSWERS_WAITING);
	advance(w, TIMEOUT_US);
	expect_counted(w, "tryLater", "error", 2);
	const struct answers_counts counts = answers_counts(w->answers);
	assert_int_equal(counts.waits.counts[8], 2); /* 30 ms */
	assert_int_equal(counts.waits.counts[14], 1); /* TIMEOUT_US */
	assert_int_equal(counts.try_later, 2);
	tick(w, -1);
	assert_try_later(w, "a");
	expect_counted(w, "tryLater", "error", 3);
}

/* I-7, I-8, doc/faults.md row 23 */
static void too_many_flights_are_shed_at_once(void **state)
{
	struct world *w = *state;
	static struct asker askers[LIMIT_FLIGHTS];
	char certid[20];
	const char *certids = certid;
	for (size_t i = 0; i < LIMIT_FLIGHTS; i++) {
		(void)snprintf(certid, sizeof(certid), "%zu", i);
		struct ocsp_request request =
			request_of(&certids, 1, i < LIMIT_FLIGHTS_ALONE ? "nonce" : NULL);
		assert_int_equal(ask_request(w, &askers[i], &request), ANSWERS_WAITING);
	}
	assert_try_later(w, "b");
	assert_int_equal(answers_counts(w->answers).shed, 1);
	expect_counted(w, "tryLater", "shed", 1);
	advance(w, TIMEOUT_US);
	assert_int_equal(answers_counts(w->answers).flights, 0);
	assert_int_equal(answers_counts(w->answers).waiters, 0);
}

/* doc/faults.md row 23 */
static void a_flood_of_nonces_leaves_room_for_what_is_shared(void **state)
{
	struct world *w = *state;
	static struct asker askers[LIMIT_FLIGHTS_ALONE];
	const char *certid = "a";
	struct ocsp_request request = request_of(&certid, 1, "nonce");
	struct asker one_more = {0};
	for (size_t i = 0; i < LIMIT_FLIGHTS_ALONE; i++)
		assert_int_equal(ask_request(w, &askers[i], &request), ANSWERS_WAITING);
	assert_int_equal(ask_request(w, &one_more, &request), 0);
	assert_int_equal(one_more.result, OCSP_TRY_LATER);
	assert_miss(w, "b");
	advance(w, TIMEOUT_US);
	assert_int_equal(ask_request(w, &one_more, &request), ANSWERS_WAITING);
	answers_leave(w->answers, &one_more.waiter);
}

/* doc/faults.md row 23: what costs no signature is for everybody. */
static void a_client_that_has_had_its_signatures_still_gets_what_is_there(void **state)
{
	struct world *w = *state;
	struct asker first = {0}, joins = {0};
	const char *certid = "a";
	struct ocsp_request nonce = request_of(&certid, 1, "nonce");
	store(w, "a", OCSP_REVOKED, "revoked a");
	assert_int_equal(ask(w, &first, "c"), ANSWERS_WAITING);
	w->poor = true;
	assert_now(w, "a", "revoked a");
	assert_int_equal(ask(w, &joins, "c"), ANSWERS_WAITING);
	assert_try_later(w, "b");
	struct asker asks = {0};
	assert_int_equal(ask_request(w, &asks, &nonce), 0);
	assert_int_equal(asks.result, OCSP_TRY_LATER);
	assert_int_equal(answers_counts(w->answers).unaffordable, 2);
	/* A renewal is nobody's. */
	advance(w, 100 * SECOND_US);
	unsigned queries = w->queries;
	assert_now(w, "a", "revoked a");
	assert_int_equal(w->queries, queries + 1);
}

static void too_many_waiters_are_shed_at_once(void **state)
{
	struct world *w = *state;
	static struct asker askers[LIMIT_WAITERS];
	for (size_t i = 0; i < LIMIT_WAITERS; i++)
		assert_int_equal(ask(w, &askers[i], "a"), ANSWERS_WAITING);
	assert_try_later(w, "a");
	advance(w, TIMEOUT_US);
	assert_int_equal(answers_counts(w->answers).waiters, 0);
}

/* ---- the ledger comes and goes ---- */

static void without_a_ledger_misses_wait_for_a_new_one(void **state)
{
	struct world *w = *state;
	struct asker asker = {0};
	answers_ledger_lost(w->answers);
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	assert_int_equal(w->queries, 0);
	advance(w, SECOND_US);
	answers_ledger_connected(w->answers);
	assert_int_equal(w->queries, 1);
	tick(w, SECOND_US);
	give(w, OCSP_GOOD, "good a");
	assert_int_equal(asker.result, OCSP_SUCCESSFUL);
}

static void without_a_ledger_misses_end_at_their_deadline(void **state)
{
	struct world *w = *state;
	struct asker asker = {0};
	answers_ledger_lost(w->answers);
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	advance(w, TIMEOUT_US);
	assert_int_equal(asker.result, OCSP_TRY_LATER);
}

static void a_question_that_the_old_ledger_had_is_asked_again(void **state)
{
	struct world *w = *state;
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, "a"), ANSWERS_WAITING);
	answers_ledger_lost(w->answers);
	answers_ledger_connected(w->answers);
	assert_int_equal(w->queries, 2);
	answers_leave(w->answers, &asker.waiter);
}

static void what_an_old_ledger_gave_goes_at_the_first_tick_of_the_new(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_GOOD, "good a");
	answers_ledger_lost(w->answers);
	assert_now(w, "a", "good a");
	answers_ledger_connected(w->answers);
	assert_now(w, "a", "good a");
	tick(w, 5 * SECOND_US);
	assert_miss(w, "a");
}

static void what_an_old_ledger_gave_goes_at_the_first_answer_of_the_new(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_GOOD, "good a");
	answers_ledger_lost(w->answers);
	answers_ledger_connected(w->answers);
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, "b"), ANSWERS_WAITING);
	give(w, OCSP_REVOKED, "revoked b");
	assert_miss(w, "a");
	assert_now(w, "b", "revoked b");
}

static void without_a_ledger_good_is_bound_by_the_last_tick(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_GOOD, "good a");
	answers_ledger_lost(w->answers);
	advance(w, 5 * SECOND_US);
	assert_try_later(w, "a");
}

static void a_loading_ledger_that_says_try_later_does_not_empty_the_memory(void **state)
{
	struct world *w = *state;
	store(w, "a", OCSP_GOOD, "good a");
	answers_ledger_lost(w->answers);
	answers_ledger_connected(w->answers);
	struct asker asker = {0};
	assert_int_equal(ask(w, &asker, "b"), ANSWERS_WAITING);
	give_error(w, OCSP_TRY_LATER);
	assert_int_equal(asker.result, OCSP_TRY_LATER);
	assert_now(w, "a", "good a");
}

/* ---- readiness ---- */

static void readiness_needs_a_ledger_its_word_and_fresh_evidence(void **state)
{
	struct world *w = *state;
	assert_non_null(answers_not_ready(w->answers, &w->now));
	answers_readiness(w->answers,
			  &(struct message_readiness){.reason = view_of_string("no signer")});
	assert_string_equal(answers_not_ready(w->answers, &w->now), "no signer");
	answers_readiness(w->answers, &(struct message_readiness){.ready = true});
	assert_null(answers_not_ready(w->answers, &w->now));
	advance(w, 5 * SECOND_US);
	assert_non_null(answers_not_ready(w->answers, &w->now));
	tick(w, SECOND_US);
	assert_null(answers_not_ready(w->answers, &w->now));
	answers_ledger_lost(w->answers);
	assert_non_null(answers_not_ready(w->answers, &w->now));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_stored_good_does_not_leave_on_old_evidence),
		TEST(a_good_held_back_is_served_again_after_the_next_tick),
		TEST(a_good_that_arrives_on_old_evidence_does_not_leave),
		TEST(revoked_leaves_however_old_the_evidence_is),
		TEST(several_certids_need_evidence_even_if_the_first_is_revoked),
		TEST(a_good_that_is_proven_by_itself_leaves_on_old_evidence),
		TEST(what_is_stored_is_asked_anew_where_the_ledger_proves),
		TEST(a_ledger_that_is_lost_proves_nothing),
		TEST(nothing_but_revoked_leaves_before_the_first_tick),
		TEST(stored_answers_are_explained),
		TEST(nothing_leaves_at_or_after_its_next_update),
		TEST(an_answer_that_arrives_too_late_does_not_leave),
		TEST(a_hot_answer_is_refreshed_by_one_flight_behind_its_back),
		TEST(a_renewal_is_told_to_hurry_once_somebody_waits_for_it),
		TEST(a_failed_refresh_leaves_the_old_answer_and_does_not_storm),
		TEST(what_the_ledger_refuses_now_is_not_served_from_memory),
		TEST(unknown_is_kept_for_a_second_at_most),
		TEST(a_clock_set_back_does_not_prolong_unknown),
		TEST(never_issued_is_kept_for_a_second_and_needs_evidence),
		TEST(an_answer_of_the_future_is_asked_for_anew),
		TEST(an_answer_that_arrives_before_its_this_update_does_not_leave),
		TEST(a_good_is_not_said_past_the_end_of_its_verdict),
		TEST(a_purge_removes_the_answer_at_once),
		TEST(an_answer_after_a_purge_is_newer_and_stays),
		TEST(purges_of_an_issuer_and_of_all_reach_every_answer),
		TEST(the_first_answer_after_a_change_bears_no_date),
		TEST(a_new_ledger_is_no_change),
		TEST(a_nonce_is_never_answered_from_memory_nor_shared),
		TEST(where_nobody_echoes_nonces_they_cost_no_signature),
		TEST(a_raw_nonce_that_is_refused_takes_no_answer_away),
		TEST(a_signed_question_is_never_answered_from_memory_nor_shared),
		TEST(too_many_signed_questions_are_shed_at_once),
		TEST(several_certids_are_not_stored),
		TEST(many_who_ask_the_same_share_one_flight),
		TEST(everybody_gets_an_answer_within_the_deadline),
		TEST(an_answer_that_nobody_waits_for_any_more_is_ignored),
		TEST(one_that_leaves_is_not_called),
		TEST(a_question_bears_the_number_of_the_first_who_asked),
		TEST(too_many_flights_are_shed_at_once),
		TEST(a_flood_of_nonces_leaves_room_for_what_is_shared),
		TEST(a_client_that_has_had_its_signatures_still_gets_what_is_there),
		TEST(too_many_waiters_are_shed_at_once),
		TEST(answers_are_counted_by_cause),
		TEST(without_a_ledger_misses_wait_for_a_new_one),
		TEST(without_a_ledger_misses_end_at_their_deadline),
		TEST(a_question_that_the_old_ledger_had_is_asked_again),
		TEST(what_an_old_ledger_gave_goes_at_the_first_tick_of_the_new),
		TEST(what_an_old_ledger_gave_goes_at_the_first_answer_of_the_new),
		TEST(without_a_ledger_good_is_bound_by_the_last_tick),
		TEST(a_loading_ledger_that_says_try_later_does_not_empty_the_memory),
		TEST(readiness_needs_a_ledger_its_word_and_fresh_evidence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
