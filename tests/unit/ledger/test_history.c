/* One history (doc/design.md): another database behind the same address, a lost failover, a restore in place;
 * what is remembered, and how an operator ends that. */
#include "bench.h"
#include "ledger/history.h"

/* What a test's database says. */
struct told {
	uint32_t timeline;
	uint64_t position;
	int32_t ids[2]; /* of A and B; 0: it does not name it */
	int64_t versions[2], revoked_at[2];
	const char *keys[2]; /* NULL: of the issuer's own certificate */
	const struct cert_record *rows;
	size_t count;
};

static struct told usual(uint32_t timeline, uint64_t position)
{
	return (struct told){.timeline = timeline,
			     .position = position,
			     .ids = {1, 2},
			     .versions = {1, 1},
			     .revoked_at = {TIME_NONE, TIME_NONE}};
}

static struct db_evidence proof(const struct bench *b, uint32_t timeline, uint64_t position)
{
	return (struct db_evidence){
		.time_us = b->now.wall_us,
		.mono_us = b->now.mono_us,
		.position = position,
		.history = {.system = 1, .timeline = timeline, .database = 5, .tables = 9}};
}

static void later(struct bench *b)
{
	b->now.wall_us += 100 * MILLISECOND_US;
	b->now.mono_us += 100 * MILLISECOND_US;
}

static struct db_issuer issuer_row(const struct told *told, int i, struct buffer *der)
{
	const char *name = i ? "B" : "A";
	made_certificate(der, name, told->keys[i] ? told->keys[i] : name);
	struct db_issuer issuer = {.record = {.id = told->ids[i],
					      .version = told->versions[i],
					      .revoked_at = told->revoked_at[i],
					      .reason = told->revoked_at[i] == TIME_NONE
								? REASON_NONE
								: REASON_CA_COMPROMISE},
				   .certificate = buffer_view(der)};
	(void)snprintf(issuer.record.name, sizeof(issuer.record.name), "%s", name);
	return issuer;
}

static void poll(struct bench *b, uint32_t timeline, uint64_t position,
		 const struct cert_record *rows, size_t count)
{
	struct db_evidence now;
	later(b);
	now = proof(b, timeline, position);
	ledger_poll(b->ledger, &now, rows, count, NULL, 0, b->now);
	ledger_turn_end(b->ledger, b->now);
}

static void poll_issuer(struct bench *b, const struct told *told, int i)
{
	cleanup(buffer_deinit) struct buffer der = {0};
	struct db_evidence now;
	struct db_issuer issuer = issuer_row(told, i, &der);
	later(b);
	now = proof(b, told->timeline, told->position);
	ledger_poll(b->ledger, &now, NULL, 0, &issuer, 1, b->now);
	ledger_turn_end(b->ledger, b->now);
}

/* And the poll after it, which settles what is lost. */
static void load_told(struct bench *b, const struct told *told)
{
	struct buffer der[2] = {{0}, {0}};
	struct db_issuer issuers[2];
	size_t count = 0;
	later(b);
	struct db_evidence now = proof(b, told->timeline, told->position);
	for (int i = 0; i < 2; i++)
		if (told->ids[i])
			issuers[count++] = issuer_row(told, i, &der[i]);
	ledger_load_begin(b->ledger, &now, issuers, count, b->now);
	for (size_t i = 0; i < told->count; i++)
		ledger_load_row(b->ledger, &told->rows[i]);
	ledger_load_end(b->ledger, &now, b->now);
	ledger_turn_end(b->ledger, b->now);
	poll(b, told->timeline, told->position, NULL, 0);
	buffer_deinit(&der[0]);
	buffer_deinit(&der[1]);
}

static struct cert_record row(int32_t issuer, uint8_t serial, int64_t version,
			      enum cert_status status)
{
	bool revoked = status_says_revoked(status);
	return (struct cert_record){
		.issuer = issuer,
		.serial = {.size = 1, .octets = {serial}},
		.version = version,
		.status = status,
		.reason = !revoked                 ? REASON_NONE
			  : status == CERT_REVOKED ? REASON_KEY_COMPROMISE
						   : REASON_CERTIFICATE_HOLD,
		.revoked_at = revoked ? 1700000000 : TIME_NONE,
		.invalidity_at = TIME_NONE,
		.not_after = TIME_NONE,
	};
}

static int64_t found_version = 1;

/* Answers the batch in flight: every key is good, in this history. */
static void found_good_in(struct bench *b, uint32_t timeline, uint64_t position)
{
	struct db_found found[LIMIT_LOOKUP_BATCH] = {{0}};
	struct db_evidence now = proof(b, timeline, position);
	for (size_t i = 0; i < b->key_count; i++) {
		found[i].found = true;
		found[i].record = row(b->keys[i].issuer, b->keys[i].serial.octets[0], found_version,
				      CERT_GOOD);
	}
	ledger_lookup_done(b->ledger, b->batch, &now, found, b->key_count, b->now);
	ledger_turn_end(b->ledger, b->now);
}

static uint64_t asked;

/* What is said of a certificate of issuer 0 (A) or 1 (B), each time signed anew. */
static int said(struct bench *b, int issuer, uint8_t serial, uint32_t timeline, uint64_t position)
{
	unsigned batches = b->batches;
	forget_frames(b);
	ask(b, 0, ++asked, 1, &issuer, serial);
	ledger_turn_end(b->ledger, b->now);
	if (b->batches > batches)
		found_good_in(b, timeline, position);
	if (frames_of(b, MESSAGE_SIGN)) {
		struct message_sign job = last_job(b);
		sign(b, &job, job.next_update);
		ledger_turn_end(b->ledger, b->now);
	}
	struct message_answer answer = last_answer(b);
	return answer.result == OCSP_SUCCESSFUL ? (int)answer.label.status : -(int)answer.result;
}

#define TRY_LATER (-(int)OCSP_TRY_LATER)

static size_t lost_of(const struct bench *b)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	ledger_lost(b->ledger, 0, &text);
	buffer_put_u8(&text, 0);
	const char *at = strstr((const char *)text.data, "\"count\":");
	assert_non_null(at);
	return (size_t)strtoul(at + strlen("\"count\":"), NULL, 10);
}

static int begin(void **state)
{
	int result = setup(state);
	struct bench *b = *state;
	struct told told = usual(1, 100);
	load_told(b, &told);
	b->alarms = 0;
	return result;
}

/* ---- what is known to be good ---- */

/* Does it take a lookup to answer for A's certificate 7? Not from a cache: with two CertIDs. */
static bool looks_up(struct bench *b, uint64_t position)
{
	static const int issuers[] = {0, 0};
	unsigned batches = b->batches;
	forget_frames(b);
	ask(b, 0, ++asked, 2, issuers, 7);
	ledger_turn_end(b->ledger, b->now);
	bool looked = b->batches > batches;
	if (looked)
		found_good_in(b, 1, position);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
	struct message_sign job = last_job(b);
	assert_int_equal(job.entries[0].says.status, OCSP_GOOD);
	sign(b, &job, job.next_update);
	ledger_turn_end(b->ledger, b->now);
	return looked;
}

static void what_is_known_to_be_good_is_forgotten_where_it_is_doubted(void **state)
{
	struct bench *b = *state;
	struct db_key key = {.issuer = 1, .serial = {1, {7}}},
		      other = {.issuer = 1, .serial = {1, {8}}};
	assert_true(looks_up(b, 100));
	assert_false(looks_up(b, 100));
	ledger_bad_key(b->ledger, &other);
	poll(b, 1, 110, NULL, 0);
	assert_false(looks_up(b, 110));
	ledger_bad_key(b->ledger, &key);
	poll(b, 1, 120, NULL, 0);
	assert_true(looks_up(b, 120));
}

static void what_is_known_to_be_good_ends_with_the_feed(void **state)
{
	struct bench *b = *state;
	assert_true(looks_up(b, 100));
	ledger_feed_lost(b->ledger, "gone");
	assert_true(looks_up(b, 100));
	assert_true(looks_up(b, 100)); /* and nothing is kept until it is back */
	struct told told = usual(1, 130);
	load_told(b, &told);
	assert_true(looks_up(b, 130));
	assert_false(looks_up(b, 130));
	load_told(b, &told);
	assert_true(looks_up(b, 130));
}

/* ---- which history ---- */

/* doc/faults.md row 35: CAs registered in another order; equal serials. */
static void ids_that_are_swapped_mean_the_same_issuers(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 100);
	struct cert_record revoked = row(1, 7, 2, CERT_REVOKED);
	poll(b, 1, 101, &revoked, 1);
	assert_int_equal(said(b, 0, 7, 1, 101), OCSP_REVOKED);
	told = usual(2, 50);
	told.ids[0] = 2;
	told.ids[1] = 1;
	revoked = row(2, 7, 1, CERT_REVOKED); /* A's, as it is called there */
	told.rows = &revoked;
	told.count = 1;
	load_told(b, &told);
	assert_int_equal(b->alarms, 1);
	assert_non_null(strstr(b->alarm, "timeline 2, before 1"));
	assert_int_equal(lost_of(b), 0);
	assert_int_equal(said(b, 0, 7, 2, 50), OCSP_REVOKED);
	assert_int_equal(said(b, 1, 7, 2, 50), OCSP_GOOD);
	assert_int_equal(b->keys[0].issuer, 1); /* the database was asked for B by its id */
	revoked = row(1, 8, 1, CERT_REVOKED); /* B's */
	poll(b, 2, 51, &revoked, 1);
	assert_int_equal(said(b, 1, 8, 2, 51), OCSP_REVOKED);
	assert_int_equal(said(b, 0, 8, 2, 51), OCSP_GOOD);
}

/* doc/faults.md row 35: also where everything else looks as before. */
static void ids_that_are_swapped_in_one_history_are_another(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 100);
	struct cert_record held = row(1, 7, 2, CERT_HELD);
	poll(b, 1, 101, &held, 1);
	told = usual(1, 102);
	told.ids[0] = 2;
	told.ids[1] = 1;
	load_told(b, &told);
	assert_int_equal(lost_of(b), 1);
	assert_int_equal(said(b, 0, 7, 1, 102), OCSP_REVOKED);
	assert_int_equal(said(b, 1, 7, 1, 102), OCSP_GOOD);
}

/* By any version: what one id's number said of another CA's certificate takes no hold back. */
static void a_swap_of_ids_releases_nothing(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 100);
	struct cert_record held = row(1, 7, 2, CERT_HELD), good = row(2, 7, 9, CERT_GOOD);
	poll(b, 1, 101, &held, 1);
	told = usual(1, 102);
	told.ids[0] = 2;
	told.ids[1] = 1;
	told.rows = &good; /* A's, by its new id */
	told.count = 1;
	load_told(b, &told);
	assert_int_equal(said(b, 0, 7, 1, 102), OCSP_REVOKED);
}

/* Rows 9, 35, 36 and 37: another server, database, timeline or table, or a position that went back. */
static void each_part_of_its_identity_counts(void **state)
{
	(void)state;
	const struct db_evidence usual_one = {
		.position = 100,
		.history = {.system = 7, .database = 5, .timeline = 3, .tables = 9}};
	struct history known = {0};
	char why[160];
	assert_true(history_continues(&known, &usual_one, why));
	history_take(&known, &usual_one);
	for (unsigned part = 0; part < 9; part++) {
		struct db_evidence other = usual_one;
		other.history.system += (uint64_t)(part == 1) - (uint64_t)(part == 2);
		other.history.database += (part == 3);
		other.history.timeline += (uint32_t)(part == 4) - (uint32_t)(part == 5);
		other.history.tables += (part == 6);
		other.position += (uint64_t)(part == 7) - (uint64_t)(part == 8);
		bool same = part == 0 || part == 7;
		assert_int_equal(history_continues(&known, &other, why), same);
	}
}

static struct view last_reason(const struct bench *b)
{
	struct message_readiness m;
	assert_int_equal(message_readiness_read(last_frame(b, MESSAGE_READINESS), &m), 0);
	return m.reason;
}

/* While another history is read for the first time its evidence is not old: there is none yet. */
static void what_is_waited_for_in_another_history_is_named(void **state)
{
	struct bench *b = *state;
	struct told told = usual(2, 50);
	cleanup(buffer_deinit) struct buffer der = {0};
	struct db_issuer issuer = issuer_row(&told, 0, &der);
	later(b);
	struct db_evidence now = proof(b, 2, 50);
	forget_frames(b);
	ledger_load_begin(b->ledger, &now, &issuer, 1, b->now);
	ledger_turn_end(b->ledger, b->now);
	assert_view_equal(last_reason(b),
			  view_of_string("another history of the database is being read"));
	ledger_load_end(b->ledger, &now, b->now);
	poll(b, 2, 50, NULL, 0);
	assert_null(memmem(last_reason(b).data, last_reason(b).size, "history", 7));
}

/* A load of the old primary: it has lost that 7 is revoked, and says that 8 is not. */
static void load_old_primary(struct bench *b)
{
	struct told told = usual(1, 120);
	struct db_evidence now;
	later(b);
	now = proof(b, 1, 120);
	struct cert_record good = row(1, 7, 9, CERT_GOOD);
	cleanup(buffer_deinit) struct buffer der = {0};
	struct db_issuer issuer = issuer_row(&told, 0, &der);
	ledger_load_begin(b->ledger, &now, &issuer, 1, b->now);
	ledger_load_row(b->ledger, &good);
	ledger_load_end(b->ledger, &now, b->now);
	ledger_turn_end(b->ledger, b->now);
}

/* Nothing is signed on the word of the old primary. */
static void nothing_is_said_of_8(struct bench *b)
{
	int issuer = 0;
	forget_frames(b);
	ask(b, 0, ++asked, 1, &issuer, 8);
	ledger_turn_end(b->ledger, b->now);
	found_good_in(b, 1, 120);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
}

/* doc/faults.md row 9, I-1: whoever is revoked in the new primary is good there for ever. */
static void a_server_that_a_promotion_has_replaced_is_not_believed(void **state)
{
	struct bench *b = *state;
	struct cert_record revoked = row(1, 7, 2, CERT_REVOKED);
	struct told told = usual(2, 50);
	told.rows = &revoked;
	told.count = 1;
	load_told(b, &told);
	unsigned alarms = b->alarms, reloads = b->reloads;
	assert_int_equal(said(b, 0, 8, 2, 51), OCSP_GOOD);
	for (unsigned times = 1; times <= 3; times++) {
		load_old_primary(b);
		assert_int_equal(b->reloads, reloads + times); /* another host may be right */
	}
	assert_int_equal(b->alarms, alarms + 1);
	assert_non_null(strstr(b->alarm, "timeline 1, before it was 2"));
	assert_true(ledger_replaced(b->ledger));
	b->now.mono_us += b->conf.database.freshness_us + 1;
	b->now.wall_us += b->conf.database.freshness_us + 1;
	assert_int_equal(said(b, 0, 7, 1, 120), OCSP_REVOKED);
	nothing_is_said_of_8(b);
	load_told(b, &told);
	assert_false(ledger_replaced(b->ledger));
	assert_int_equal(said(b, 0, 8, 2, 51), OCSP_GOOD);
}

/* The same of lookups, which have a connection of their own: only that one is made anew. */
static void lookups_of_a_server_that_was_replaced_are_not_believed(void **state)
{
	struct bench *b = *state;
	struct told told = usual(2, 50);
	load_told(b, &told);
	unsigned reloads = b->reloads;
	nothing_is_said_of_8(b);
	assert_int_equal(b->elsewhere, 1);
	assert_int_equal(b->reloads, reloads);
}

/* A cluster that was restored as it was, without recovery: an operator says so. */
static void an_older_timeline_is_believed_once_an_operator_says_so(void **state)
{
	struct bench *b = *state;
	cleanup(buffer_deinit) struct buffer text = {0};
	struct cert_record revoked = row(1, 7, 2, CERT_REVOKED);
	struct told told = usual(2, 50), older = usual(1, 40);
	told.rows = &revoked;
	told.count = 1;
	load_told(b, &told);
	load_old_primary(b);
	ledger_lost(b->ledger, 0, &text);
	assert_view_equal(buffer_view(&text),
			  view_of_string("{\"lost\":[],\"count\":0,\"next\":0,\"replaced\":true,"
					 "\"settled\":true}"));
	assert_int_equal(ledger_accept_history(b->ledger, b->now), 0);
	load_told(b, &older);
	assert_false(ledger_replaced(b->ledger));
	assert_int_equal(lost_of(b), 1);
	assert_int_equal(said(b, 0, 7, 1, 41), OCSP_REVOKED); /* until that is accepted too */
	assert_int_equal(said(b, 0, 8, 1, 41), OCSP_GOOD);
	load_told(b, &told);
	load_old_primary(b); /* it was accepted once */
	assert_true(ledger_replaced(b->ledger));
}

/* Which of the two rows is it? */
static void a_load_that_names_one_issuer_twice_proves_nothing(void **state)
{
	struct bench *b = *state;
	struct buffer der[2] = {{0}, {0}};
	struct told told = usual(1, 103);
	struct db_issuer issuers[2] = {issuer_row(&told, 0, &der[0]),
				       issuer_row(&told, 0, &der[1])};
	issuers[1].record.id = 7;
	later(b);
	struct db_evidence now = proof(b, 1, 103);
	forget_frames(b);
	ledger_load_begin(b->ledger, &now, issuers, 2, b->now);
	ledger_load_end(b->ledger, &now, b->now);
	assert_int_equal(b->reloads, 1);
	assert_int_equal(frames_of(b, MESSAGE_TICK), 0);
	buffer_deinit(&der[0]);
	buffer_deinit(&der[1]);
}

/* doc/faults.md row 36: a hold is lost with the failover, and the new primary revokes by the same number. */
static void a_version_used_again_for_more_counts(void **state)
{
	struct bench *b = *state;
	struct cert_record held = row(1, 7, 2, CERT_HELD), revoked = row(1, 7, 2, CERT_REVOKED);
	poll(b, 1, 101, &held, 1);
	struct told told = usual(2, 50);
	load_told(b, &told);
	assert_int_equal(lost_of(b), 1);
	poll(b, 2, 51, &revoked, 1);
	assert_int_equal(lost_of(b), 0);
	assert_int_equal(said(b, 0, 7, 2, 51), OCSP_REVOKED);
	struct message_sign job = last_job(b);
	assert_int_equal(job.entries[0].says.reason, REASON_KEY_COMPROMISE);
}

/* doc/faults.md row 36: the issuer was at version 2, which was lost; revoking it makes version 2. */
static void an_issuers_version_used_again_for_its_revocation_counts(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 101);
	told.versions[0] = 2;
	poll_issuer(b, &told, 0);
	told = usual(2, 50);
	load_told(b, &told);
	told = usual(2, 51);
	told.versions[0] = 2;
	told.revoked_at[0] = 1700000000;
	poll_issuer(b, &told, 0);
	assert_int_equal(said(b, 0, 9, 2, 51), OCSP_REVOKED);
}

/* And in one history (tampering): what is stricter counts, whatever the number. */
static void an_issuers_revocation_counts_by_any_version(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 101);
	told.revoked_at[0] = 1700000000;
	poll_issuer(b, &told, 0);
	assert_int_equal(said(b, 0, 9, 1, 101), OCSP_REVOKED);
	told.revoked_at[1] = TIME_NONE;
	told.versions[1] = 3;
	poll_issuer(b, &told, 1);
	assert_int_equal(said(b, 1, 9, 1, 101), OCSP_GOOD);
	told.versions[1] = 2;
	told.revoked_at[1] = 1700000000;
	poll_issuer(b, &told, 1);
	assert_int_equal(said(b, 1, 9, 1, 101), OCSP_REVOKED);
}

/* doc/faults.md row 37: the tables were replaced under an open connection. */
static void a_poll_of_another_history_says_nothing_and_everything_is_read_anew(void **state)
{
	struct bench *b = *state;
	struct cert_record good = row(1, 7, 9, CERT_GOOD), revoked = row(1, 7, 2, CERT_REVOKED);
	struct message_tick tick;
	poll(b, 1, 101, &revoked, 1);
	forget_frames(b);
	poll(b, 2, 102, &good, 1);
	assert_int_equal(b->reloads, 1);
	assert_int_equal(b->alarms, 1);
	assert_int_equal(frames_of(b, MESSAGE_TICK), 0);
	poll(b, 1, 103, &good, 1); /* until then nothing counts */
	assert_int_equal(frames_of(b, MESSAGE_TICK), 0);
	assert_int_equal(b->reloads, 1);
	struct told told = usual(2, 102);
	told.rows = &revoked;
	told.count = 1;
	load_told(b, &told);
	assert_int_equal(message_tick_read(last_frame(b, MESSAGE_TICK), &tick), 0);
	assert_int_equal(said(b, 0, 7, 2, 102), OCSP_REVOKED);
}

static void a_position_that_goes_back_is_another_history(void **state)
{
	struct bench *b = *state;
	poll(b, 1, 99, NULL, 0);
	assert_int_equal(b->reloads, 1);
	assert_non_null(strstr(b->alarm, "transaction 99, before 100"));
}

/* What was said in the old history is not said any more. */
static void another_history_purges_everything(void **state)
{
	struct bench *b = *state;
	struct message_purge purge;
	assert_int_equal(said(b, 0, 3, 1, 100), OCSP_GOOD);
	forget_frames(b);
	struct told told = usual(2, 200);
	load_told(b, &told);
	assert_int_equal(message_purge_read(last_frame(b, MESSAGE_PURGE), &purge), 0);
	assert_int_equal(purge.scope, PURGE_ALL);
	unsigned batches = b->batches;
	assert_int_equal(said(b, 0, 3, 2, 200), OCSP_GOOD);
	assert_int_equal(b->batches, batches + 1);
}

static void the_same_history_again_purges_nothing(void **state)
{
	struct bench *b = *state;
	forget_frames(b);
	struct told told = usual(1, 100);
	load_told(b, &told);
	assert_int_equal(frames_of(b, MESSAGE_PURGE), 0);
	assert_int_equal(b->alarms, 0);
}

/* I-1, I-6: a standby that is behind shows another history; what was proven of the one before dates nothing
 * that is said of this one. Found by simulation. */
static void answers_are_dated_by_the_proof_of_their_own_history(void **state)
{
	struct bench *b = *state;
	struct moment then = b->now;
	for (int i = 0; i < 20; i++)
		later(b);
	poll(b, 1, 101, NULL, 0);
	struct told told = usual(2, 50);
	struct moment now = b->now;
	b->now = then; /* when this history was proven */
	load_told(b, &told);
	b->now = now;
	said(b, 0, 3, 2, 50);
	assert_true(last_job(b).this_update <= wall_seconds(then.wall_us) + 1);
}

/* Until it is read whole, nothing is good; what is revoked stays so. */
static void while_another_history_is_read_only_revoked_is_said(void **state)
{
	struct bench *b = *state;
	struct cert_record revoked = row(1, 7, 2, CERT_REVOKED);
	poll(b, 1, 101, &revoked, 1);
	later(b);
	struct db_evidence now = proof(b, 2, 50);
	struct told told = usual(2, 50);
	cleanup(buffer_deinit) struct buffer a_der = {0}, b_der = {0};
	struct db_issuer issuers[2] = {issuer_row(&told, 0, &a_der), issuer_row(&told, 1, &b_der)};
	ledger_load_begin(b->ledger, &now, issuers, 2, b->now);
	forget_frames(b);
	ask_one(b, 0, ++asked, 3);
	ledger_turn_end(b->ledger, b->now);
	found_good_in(b, 2, 50);
	assert_int_equal(frames_of(b, MESSAGE_SIGN) + frames_of(b, MESSAGE_ANSWER), 0);
	assert_int_equal(said(b, 0, 7, 2, 50), OCSP_REVOKED);
	ledger_load_end(b->ledger, &now, b->now);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(last_job(b).entries[0].says.status, OCSP_GOOD);
}

/* ---- lookups ---- */

static void a_lookup_in_another_history_is_asked_again_and_then_everything(void **state)
{
	struct bench *b = *state;
	ask_one(b, 0, ++asked, 7);
	for (unsigned i = 1; i <= 3; i++) {
		ledger_turn_end(b->ledger, b->now);
		assert_int_equal(b->reloads, 0);
		found_good_in(b, 2, 100);
		assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
		later(b);
	}
	assert_int_equal(b->reloads, 1);
}

/* doc/faults.md row 35: asked by an id of the old history, answered by a server that calls another CA so. Found by
 * simulation. */
static void a_lookup_asked_by_an_old_id_says_nothing(void **state)
{
	struct bench *b = *state;
	struct told told = usual(2, 50);
	struct db_found found = {.found = true, .record = row(1, 7, 1, CERT_REVOKED)};
	ask_one(b, 0, ++asked, 7);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->keys[0].issuer, 1);
	told.ids[0] = 2;
	told.ids[1] = 1;
	load_told(b, &told);
	struct db_evidence now = proof(b, 2, 51);
	ledger_lookup_done(b->ledger, b->batch, &now, &found, 1, b->now);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->keys[0].issuer, 2);
	found_good_in(b, 2, 51);
	assert_int_equal(last_job(b).entries[0].says.status, OCSP_GOOD);
}

/* doc/faults.md rows 7 and 15: the feed told that the row cannot be understood any more; a server that is behind
 * still shows it as it was. Found by simulation. */
static void a_lookup_of_before_a_row_became_unreadable_says_nothing(void **state)
{
	struct bench *b = *state;
	struct db_key key = {.issuer = 1, .serial = {1, {7}}};
	forget_frames(b);
	ledger_bad_key(b->ledger, &key);
	ask_one(b, 0, ++asked, 7);
	ledger_turn_end(b->ledger, b->now);
	found_good_in(b, 1, 1000); /* how new the doubt is, the poll has not said yet */
	poll(b, 1, 120, NULL, 0);
	found_good_in(b, 1, 119);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	later(b);
	ledger_turn_end(b->ledger, b->now);
	found_good_in(b, 1, 120);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

/* More of them than are remembered one by one: then the latest counts for every certificate. */
static void no_doubt_is_forgotten_however_many_there_are(void **state)
{
	struct bench *b = *state;
	forget_frames(b);
	for (unsigned i = 0; i <= LIMIT_DOUBTS; i++) {
		struct db_key key = {.issuer = 2, .serial = {2, {1, (uint8_t)i}}};
		key.serial.octets[0] = (uint8_t)(1 + i / 256);
		ledger_bad_key(b->ledger, &key);
		forget_frames(b);
	}
	poll(b, 1, 120, NULL, 0);
	ask_one(b, 0, ++asked, 7);
	ledger_turn_end(b->ledger, b->now);
	found_good_in(b, 1, 119);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	later(b);
	ledger_turn_end(b->ledger, b->now);
	found_good_in(b, 1, 120);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

/* A lookup of before that comes after a load of another history. */
static void what_a_lookup_said_in_the_old_history_is_not_used(void **state)
{
	struct bench *b = *state;
	forget_frames(b);
	ask_one(b, 0, ++asked, 7);
	ledger_turn_end(b->ledger, b->now);
	struct told told = usual(2, 200);
	load_told(b, &told);
	found_good_in(b, 1, 100);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	later(b);
	ledger_turn_end(b->ledger, b->now);
	found_good_in(b, 2, 200);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

/* doc/faults.md row 35: asked by an id that means another issuer by the time of the answer, which is of the new history.
 * Found by simulation. */
static void what_a_lookup_found_by_an_old_id_is_nobodys(void **state)
{
	struct bench *b = *state;
	struct db_found found = {.found = true, .record = row(1, 7, 1, CERT_REVOKED)};
	ask_one(b, 0, ++asked, 7);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->keys[0].issuer, 1);
	struct told told = usual(2, 50);
	told.ids[0] = 2;
	told.ids[1] = 1;
	load_told(b, &told);
	struct db_evidence now = proof(b, 2, 50);
	ledger_lookup_done(b->ledger, b->batch, &now, &found, 1, b->now);
	later(b);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(b->keys[0].issuer, 2);
	found_good_in(b, 2, 50);
	assert_int_equal(last_job(b).entries[0].says.status, OCSP_GOOD);
	assert_int_equal(lost_of(b), 0);
}

/* I-1: and a signature that was under way is not used either. */
static void what_was_being_signed_in_the_old_history_is_decided_anew(void **state)
{
	struct bench *b = *state;
	forget_frames(b);
	ask_one(b, 0, ++asked, 7);
	ledger_turn_end(b->ledger, b->now);
	found_good_in(b, 1, 100);
	struct message_sign job = last_job(b);
	struct cert_record revoked = row(1, 7, 1, CERT_REVOKED);
	struct told told = usual(2, 50);
	told.rows = &revoked;
	told.count = 1;
	uint64_t id = job.id;
	int64_t next_update = job.next_update;
	load_told(b, &told);
	forget_frames(b);
	job.id = id;
	sign(b, &job, next_update);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 0);
	job = last_job(b);
	assert_int_equal(job.entries[0].says.status, OCSP_REVOKED);
}

/* ---- issuers that cannot be understood (doc/faults.md row 41) ---- */

/* In the status, which goes on to say that the instance is ready (row 47). */
static bool is_told(struct bench *b, const char *text)
{
	cleanup(buffer_deinit) struct buffer status = {0};
	ledger_turn_end(b->ledger, b->now);
	ledger_status(b->ledger, b->now, &status);
	buffer_put_u8(&status, '\0');
	return strstr((const char *)status.data, "{\"ready\":true") &&
	       strstr((const char *)status.data, text);
}

static void an_issuer_that_cannot_be_understood_waits_alone(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 101);
	assert_int_equal(said(b, 0, 3, 1, 100), OCSP_GOOD);
	ledger_bad_issuer(b->ledger, 1, b->now);
	poll(b, 1, 101, NULL, 0);
	assert_int_equal(said(b, 0, 3, 1, 101), TRY_LATER);
	assert_int_equal(said(b, 1, 3, 1, 101), OCSP_GOOD);
	assert_true(is_told(b, "cannot be understood: issuer: A\""));
	assert_true(is_told(b, "issuer_unreadable\",\"issuer\":\"A\""));
	told.versions[0] = 2;
	poll_issuer(b, &told, 0);
	assert_int_equal(said(b, 0, 3, 1, 101), OCSP_GOOD);
	assert_true(is_told(b, "\"degraded\":\"\""));
	assert_true(is_told(b, "\"alarms\":[]"));
	told = usual(1, 102); /* what was bad once is not so for ever */
	told.versions[0] = 2;
	load_told(b, &told);
	assert_int_equal(said(b, 0, 3, 1, 102), OCSP_GOOD);
}

/* Its rows go on to count: what is revoked stays known. */
static void an_issuer_that_a_load_cannot_read_keeps_its_rows(void **state)
{
	struct bench *b = *state;
	struct cert_record revoked = row(1, 7, 2, CERT_REVOKED);
	struct told told = usual(1, 101);
	told.ids[0] = 0;
	told.rows = &revoked;
	told.count = 1;
	ledger_bad_issuer(b->ledger, 1, b->now);
	load_told(b, &told);
	assert_int_equal(said(b, 0, 7, 1, 101), TRY_LATER);
	told = usual(1, 102);
	told.versions[0] = 2;
	poll_issuer(b, &told, 0);
	assert_int_equal(said(b, 0, 7, 1, 102), OCSP_REVOKED);
	assert_int_equal(said(b, 0, 8, 1, 102), OCSP_GOOD);
}

/* A load of the same history that does not name an issuer any more: fronts hold its answers. */
static void what_was_said_of_an_issuer_that_is_gone_is_purged(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 101);
	assert_int_equal(said(b, 0, 3, 1, 100), OCSP_GOOD);
	told.ids[0] = 0;
	forget_frames(b);
	load_told(b, &told);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(frames_of(b, MESSAGE_PURGE), 2); /* each front */
	assert_int_equal(said(b, 0, 3, 1, 101), TRY_LATER);
	told = usual(1, 102);
	load_told(b, &told);
	assert_int_equal(said(b, 0, 3, 1, 102), OCSP_GOOD);
}

/* Also where it could never be read, and is another than the id's before. */
static void rows_of_an_issuer_that_comes_later_are_its(void **state)
{
	struct bench *b = *state;
	struct cert_record revoked = row(3, 7, 2, CERT_REVOKED);
	struct told told = usual(2, 101);
	told.ids[0] = 0;
	told.rows = &revoked;
	told.count = 1;
	ledger_bad_issuer(b->ledger, 3, b->now);
	load_told(b, &told);
	assert_int_equal(said(b, 0, 7, 2, 101), TRY_LATER);
	told = usual(2, 102);
	told.ids[0] = 3;
	poll_issuer(b, &told, 0); /* whose rows these are is known now: everything anew */
	assert_int_equal(b->reloads, 1);
	assert_int_equal(said(b, 0, 7, 2, 102), TRY_LATER);
	load_told(b, &told);
	assert_int_equal(said(b, 0, 7, 2, 102), OCSP_REVOKED);
	assert_int_equal(said(b, 0, 8, 2, 102), OCSP_GOOD);
}

/* doc/faults.md row 41: UPDATE issuer SET certificate = another CA's. */
static void a_certificate_of_another_ca_is_believed_by_nobody(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 101);
	told.versions[0] = 2;
	told.keys[0] = "another key";
	poll_issuer(b, &told, 0);
	assert_int_equal(b->reloads, 1);
	assert_int_equal(said(b, 0, 3, 1, 101), TRY_LATER);
	assert_int_equal(said(b, 1, 3, 1, 101), OCSP_GOOD);
	load_told(b, &told);
	assert_int_equal(said(b, 0, 3, 1, 101), TRY_LATER); /* the database does not name it */
	assert_int_equal(said(b, 1, 3, 1, 101), OCSP_GOOD);
	told = usual(1, 102);
	told.versions[0] = 3;
	load_told(b, &told);
	assert_int_equal(said(b, 0, 3, 1, 102), OCSP_GOOD);
}

static void a_certificate_that_is_not_the_registered_one_is_bad(void **state)
{
	struct bench *b = *state;
	static const uint8_t other[32] = {1};
	cleanup(buffer_deinit) struct buffer der = {0};
	struct told told = usual(1, 101);
	struct db_issuer issuer = issuer_row(&told, 0, &der);
	struct db_evidence now = proof(b, 1, 101);
	issuer.record.version = 2;
	issuer.subject_hash = issuer.key_hash = view_of(other, sizeof(other));
	now.mono_us++;
	ledger_poll(b->ledger, &now, NULL, 0, &issuer, 1, b->now);
	assert_int_equal(b->alarms, 1);
	assert_non_null(strstr(b->alarm, "\"A\""));
	assert_int_equal(said(b, 0, 3, 1, 101), TRY_LATER);
	assert_int_equal(said(b, 1, 3, 1, 101), OCSP_GOOD);
}

/* doc/faults.md row 41: renamed while a signature of its is under way, and back. */
static void an_issuer_renamed_while_it_is_signed_for_waits(void **state)
{
	struct bench *b = *state;
	cleanup(buffer_deinit) struct buffer der = {0};
	struct told told = usual(1, 101);
	forget_frames(b);
	ask_one(b, 0, ++asked, 7);
	ledger_turn_end(b->ledger, b->now);
	found_good_in(b, 1, 100);
	struct message_sign job = last_job(b);
	struct db_issuer issuer = issuer_row(&told, 0, &der);
	issuer.record.version = 2;
	(void)snprintf(issuer.record.name, sizeof(issuer.record.name), "renamed");
	later(b);
	struct db_evidence now = proof(b, 1, 101);
	ledger_poll(b->ledger, &now, NULL, 0, &issuer, 1, b->now);
	ledger_turn_end(b->ledger, b->now);
	sign(b, &job, job.next_update);
	ledger_turn_end(b->ledger, b->now);
	assert_int_equal(last_answer(b).result, OCSP_TRY_LATER);
	told.versions[0] = 3;
	poll_issuer(b, &told, 0);
	assert_int_equal(said(b, 0, 7, 1, 101), OCSP_GOOD);
}

/* ---- what is lost ---- */

/* doc/faults.md row 40 and I-10: what an administrator deleted stays revoked, and is told. */
static void what_is_lost_stays_revoked_until_it_is_accepted(void **state)
{
	struct bench *b = *state;
	cleanup(buffer_deinit) struct buffer text = {0};
	struct cert_record rows[] = {row(1, 7, 2, CERT_REVOKED), row(1, 8, 2, CERT_HELD),
				     row(2, 9, 3, CERT_REVOKED)};
	poll(b, 1, 101, rows, 3);
	assert_int_equal(ledger_accept_history(b->ledger, b->now), 0); /* nothing is lost */
	struct told told = usual(2, 50);
	rows[1].status = CERT_GOOD; /* of another history: no release of that hold */
	rows[1].reason = REASON_NONE;
	rows[1].revoked_at = TIME_NONE;
	rows[1].version = 5;
	told.rows = &rows[1];
	told.count = 1;
	load_told(b, &told);
	assert_int_equal(b->alarms, 1 + 3 + 1);
	assert_int_equal(lost_of(b), 3);
	ledger_lost(b->ledger, 0, &text);
	assert_view_equal(
		buffer_view(&text),
		view_of_string(
			"{\"lost\":[{\"serial\":\"07\",\"issuer\":\"A\",\"status\":\"revoked\","
			"\"revoked_at\":\"2023-11-14T22:13:20Z\",\"reason\":\"keyCompromise\","
			"\"database\":\"nothing\"},{\"serial\":\"08\",\"issuer\":\"A\","
			"\"status\":\"held\",\"revoked_at\":\"2023-11-14T22:13:20Z\","
			"\"reason\":\"certificateHold\",\"database\":\"good\"},{\"serial\":\"09\","
			"\"issuer\":\"B\",\"status\":\"revoked\","
			"\"revoked_at\":\"2023-11-14T22:13:20Z\",\"reason\":\"keyCompromise\","
			"\"database\":\"nothing\"}],\"count\":3,\"next\":0,\"settled\":true}"));
	assert_int_equal(said(b, 0, 7, 2, 50), OCSP_REVOKED);
	assert_int_equal(said(b, 0, 8, 2, 50), OCSP_REVOKED);
	assert_int_equal(ledger_accept_history(b->ledger, b->now), 3);
	assert_int_equal(b->reloads, 1);
	assert_int_equal(lost_of(b), 0);
	assert_int_equal(said(b, 0, 7, 2, 50), OCSP_GOOD);
	assert_int_equal(said(b, 0, 8, 2, 50), OCSP_GOOD);
	load_told(b, &told);
	assert_int_equal(lost_of(b), 0);
}

static void a_lost_revocation_of_an_issuer_stays_until_it_is_accepted(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 101);
	told.versions[0] = 2;
	told.revoked_at[0] = 1700000000;
	poll_issuer(b, &told, 0);
	told = usual(2, 50);
	load_told(b, &told);
	assert_int_equal(lost_of(b), 1);
	assert_int_equal(said(b, 0, 3, 2, 50), OCSP_REVOKED);
	assert_int_equal(ledger_accept_history(b->ledger, b->now), 1);
	assert_int_equal(said(b, 0, 3, 2, 50), OCSP_GOOD);
	load_told(b, &told);
	assert_int_equal(said(b, 0, 3, 2, 50), OCSP_GOOD);
	assert_int_equal(lost_of(b), 0);
}

static void a_list_that_is_too_long_comes_in_pages(void **state)
{
	struct bench *b = *state;
	struct cert_record record = row(1, 7, 2, CERT_REVOKED);
	for (unsigned i = 0; i < 1000; i++) {
		record.serial =
			(struct serial){.size = 3, .octets = {1, (uint8_t)(i >> 8), (uint8_t)i}};
		struct db_evidence now = proof(b, 1, 101);
		ledger_poll(b->ledger, &now, &record, 1, NULL, 0, b->now);
		forget_frames(b);
	}
	struct told told = usual(2, 50);
	load_told(b, &told);
	size_t seen = 0, next = 0, pages = 0;
	do {
		cleanup(buffer_deinit) struct buffer text = {0};
		ledger_lost(b->ledger, next, &text);
		assert_true(text.size < 65000);
		buffer_put_u8(&text, 0);
		for (const char *at = (const char *)text.data; (at = strstr(at, "\"serial\""));
		     at++)
			seen++;
		next = (size_t)strtoul(strstr((const char *)text.data, "\"next\":") + 7, NULL, 10);
		assert_true(next == 0 || next == seen);
		pages++;
	} while (next);
	assert_int_equal(seen, 1000);
	assert_true(pages > 1);
}

/* I-10, [database] on_lost_history */
static void where_it_is_so_configured_nothing_is_good_until_it_is_accepted(void **state)
{
	struct bench *b = *state;
	struct message_readiness ready;
	struct cert_record revoked = row(1, 7, 2, CERT_REVOKED);
	b->conf.database.on_lost_history = LOST_HISTORY_STOP;
	poll(b, 1, 101, &revoked, 1);
	assert_int_equal(said(b, 0, 3, 1, 101), OCSP_GOOD);
	struct told told = usual(2, 50);
	load_told(b, &told);
	assert_int_equal(message_readiness_read(last_frame(b, MESSAGE_READINESS), &ready), 0);
	assert_false(ready.ready);
	assert_int_equal(said(b, 0, 3, 2, 50), TRY_LATER);
	assert_int_equal(said(b, 0, 7, 2, 50), OCSP_REVOKED);
	assert_int_equal(ledger_accept_history(b->ledger, b->now), 1);
	assert_int_equal(said(b, 0, 3, 2, 50), OCSP_GOOD);
}

/* doc/faults.md row 43: a standby shows what the primary does not show yet. */
static void what_comes_again_is_lost_no_more(void **state)
{
	struct bench *b = *state;
	struct cert_record revoked = row(1, 7, 2, CERT_REVOKED);
	b->conf.database.on_lost_history = LOST_HISTORY_STOP;
	poll(b, 1, 101, &revoked, 1);
	struct told told = usual(1, 100);
	load_told(b, &told);
	assert_int_equal(lost_of(b), 1);
	assert_int_equal(said(b, 0, 3, 1, 100), TRY_LATER);
	poll(b, 1, 101, &revoked, 1);
	assert_int_equal(lost_of(b), 0);
	assert_int_equal(said(b, 0, 7, 1, 101), OCSP_REVOKED);
	assert_int_equal(said(b, 0, 3, 1, 101), OCSP_GOOD);
}

/* I-1: the row was deleted, and inserted again as revoked with the first version. */
static void a_row_inserted_anew_as_revoked_counts(void **state)
{
	struct bench *b = *state;
	struct cert_record rows[] = {row(1, 7, 2, CERT_HELD), row(1, 7, 3, CERT_GOOD)};
	poll(b, 1, 101, rows, 2);
	rows[0] = row(1, 7, 1, CERT_REVOKED);
	poll(b, 1, 102, rows, 1);
	assert_int_equal(said(b, 0, 7, 1, 102), OCSP_REVOKED);
}

/* ---- the next process ---- */

static void restart(struct bench *b)
{
	unsigned current = 9;
	ledger_free(b->ledger);
	assert_int_equal(new_ledger(b), 0);
	const struct view files[2] = {buffer_view(&b->journal[0]), buffer_view(&b->journal[1])};
	assert_int_equal(ledger_recall(b->ledger, files, &current), 0);
	b->journal_current = current;
	ledger_lookup_state(b->ledger, true, NULL);
	ledger_front_attach(b->ledger, 0, b->now);
	ledger_signer_attach(b->ledger, 0, b->now);
	ledger_turn_end(b->ledger, b->now);
}

/* I-10 */
static void no_restart_forgets_what_the_database_lost_meanwhile(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 101);
	restart(b); /* from here on it is kept */
	load_told(b, &told);
	struct cert_record rows[] = {row(1, 7, 2, CERT_REVOKED), row(1, 8, 2, CERT_HELD)};
	poll(b, 1, 102, rows, 2);
	told.versions[1] = 2;
	told.position = 103;
	told.revoked_at[1] = 1700000000;
	poll_issuer(b, &told, 1);
	restart(b);
	told = usual(2, 50);
	load_told(b, &told);
	assert_int_equal(lost_of(b), 3);
	assert_int_equal(said(b, 0, 7, 2, 50), OCSP_REVOKED);
	assert_int_equal(said(b, 0, 8, 2, 50), OCSP_REVOKED);
	assert_int_equal(said(b, 1, 9, 2, 50), OCSP_REVOKED);
	assert_int_equal(ledger_accept_history(b->ledger, b->now), 3);
	restart(b);
	load_told(b, &told);
	assert_int_equal(lost_of(b), 0);
	assert_int_equal(said(b, 0, 7, 2, 50), OCSP_GOOD);
	assert_int_equal(said(b, 1, 9, 2, 50), OCSP_GOOD);
}

/* In the same history a release is one, also when nobody looked. */
static void a_hold_released_during_a_restart_is_released(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 101);
	struct cert_record held = row(1, 8, 2, CERT_HELD), good = row(1, 8, 3, CERT_GOOD);
	restart(b);
	load_told(b, &told);
	poll(b, 1, 102, &held, 1);
	restart(b);
	told.position = 110;
	told.rows = &good;
	told.count = 1;
	b->alarms = 0;
	load_told(b, &told);
	assert_int_equal(b->alarms, 0);
	found_version = 3;
	assert_int_equal(said(b, 0, 8, 1, 110), OCSP_GOOD);
	found_version = 1;
}

/* A release that was seen is remembered, too: in another history the hold is not missed. */
static void a_hold_released_before_a_restart_is_not_lost(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 101);
	struct cert_record held = row(1, 8, 2, CERT_HELD), good = row(1, 8, 3, CERT_GOOD);
	restart(b);
	load_told(b, &told);
	poll(b, 1, 102, &held, 1);
	poll(b, 1, 103, &good, 1);
	restart(b);
	told = usual(2, 50);
	load_told(b, &told);
	assert_int_equal(lost_of(b), 0);
	assert_int_equal(said(b, 0, 8, 2, 50), OCSP_GOOD);
}

/* It is in the file before the answer leaves. */
static void a_revocation_is_kept_before_it_is_answered(void **state)
{
	struct bench *b = *state;
	struct told told = usual(1, 101);
	restart(b);
	load_told(b, &told);
	struct cert_record revoked = row(1, 7, 2, CERT_REVOKED);
	struct db_evidence now = proof(b, 1, 102);
	size_t before = b->journal[b->journal_current].size;
	now.mono_us++;
	ledger_poll(b->ledger, &now, &revoked, 1, NULL, 0, b->now);
	assert_true(b->journal[b->journal_current].size > before);
	/* One that a lookup brings, too. */
	ask_one(b, 0, 900, 8);
	ledger_turn_end(b->ledger, b->now);
	struct db_found found = {.found = true, .record = row(1, 8, 2, CERT_REVOKED)};
	before = b->journal[b->journal_current].size;
	now = proof(b, 1, 102);
	ledger_lookup_done(b->ledger, b->batch, &now, &found, 1, b->now);
	assert_int_equal(last_job(b).entries[0].says.status, OCSP_REVOKED);
	assert_true(b->journal[b->journal_current].size > before);
}

/* doc/faults.md row 27 */
static void a_journal_that_cannot_be_written_stops_no_answer(void **state)
{
	struct bench *b = *state;
	cleanup(buffer_deinit) struct buffer text = {0};
	struct told told = usual(1, 101);
	restart(b);
	load_told(b, &told);
	b->alarms = 0;
	b->journal_result = -ENOSPC;
	struct cert_record revoked = row(1, 7, 2, CERT_REVOKED);
	poll(b, 1, 102, &revoked, 1);
	revoked = row(1, 8, 2, CERT_REVOKED);
	poll(b, 1, 103, &revoked, 1);
	assert_int_equal(b->alarms, 1);
	assert_int_equal(said(b, 0, 7, 1, 103), OCSP_REVOKED);
	assert_int_equal(said(b, 0, 3, 1, 103), OCSP_GOOD);
	ledger_status(b->ledger, b->now, &text);
	buffer_put_u8(&text, 0);
	assert_non_null(strstr((const char *)text.data, "\"journal\":\"cannot be written\""));
	b->journal_result = 0;
	for (int i = 0; i < 200; i++)
		poll(b, 1, 103, NULL, 0);
	restart(b);
	assert_int_equal(lost_of(b), 0); /* before the first load */
	told = usual(2, 50);
	load_told(b, &told);
	assert_int_equal(lost_of(b), 2);
}

int main(void)
{
	const struct CMUnitTest all[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, teardown)
		TEST(what_is_waited_for_in_another_history_is_named),
		TEST(ids_that_are_swapped_mean_the_same_issuers),
		TEST(ids_that_are_swapped_in_one_history_are_another),
		TEST(a_swap_of_ids_releases_nothing),
		TEST(each_part_of_its_identity_counts),
		TEST(a_load_that_names_one_issuer_twice_proves_nothing),
		TEST(a_version_used_again_for_more_counts),
		TEST(an_issuers_version_used_again_for_its_revocation_counts),
		TEST(an_issuers_revocation_counts_by_any_version),
		TEST(a_poll_of_another_history_says_nothing_and_everything_is_read_anew),
		TEST(a_position_that_goes_back_is_another_history),
		TEST(another_history_purges_everything),
		TEST(the_same_history_again_purges_nothing),
		TEST(answers_are_dated_by_the_proof_of_their_own_history),
		TEST(while_another_history_is_read_only_revoked_is_said),
		TEST(a_lookup_in_another_history_is_asked_again_and_then_everything),
		TEST(a_lookup_asked_by_an_old_id_says_nothing),
		TEST(what_is_known_to_be_good_is_forgotten_where_it_is_doubted),
		TEST(what_is_known_to_be_good_ends_with_the_feed),
		TEST(a_lookup_of_before_a_row_became_unreadable_says_nothing),
		TEST(no_doubt_is_forgotten_however_many_there_are),
		TEST(what_a_lookup_said_in_the_old_history_is_not_used),
		TEST(what_a_lookup_found_by_an_old_id_is_nobodys),
		TEST(what_was_being_signed_in_the_old_history_is_decided_anew),
		TEST(an_issuer_that_cannot_be_understood_waits_alone),
		TEST(an_issuer_that_a_load_cannot_read_keeps_its_rows),
		TEST(what_was_said_of_an_issuer_that_is_gone_is_purged),
		TEST(rows_of_an_issuer_that_comes_later_are_its),
		TEST(a_certificate_of_another_ca_is_believed_by_nobody),
		TEST(a_certificate_that_is_not_the_registered_one_is_bad),
		TEST(an_issuer_renamed_while_it_is_signed_for_waits),
		TEST(a_server_that_a_promotion_has_replaced_is_not_believed),
		TEST(lookups_of_a_server_that_was_replaced_are_not_believed),
		TEST(an_older_timeline_is_believed_once_an_operator_says_so),
		TEST(what_is_lost_stays_revoked_until_it_is_accepted),
		TEST(a_lost_revocation_of_an_issuer_stays_until_it_is_accepted),
		TEST(a_list_that_is_too_long_comes_in_pages),
		TEST(where_it_is_so_configured_nothing_is_good_until_it_is_accepted),
		TEST(what_comes_again_is_lost_no_more),
		TEST(a_row_inserted_anew_as_revoked_counts),
		TEST(no_restart_forgets_what_the_database_lost_meanwhile),
		TEST(a_hold_released_during_a_restart_is_released),
		TEST(a_hold_released_before_a_restart_is_not_lost),
		TEST(a_revocation_is_kept_before_it_is_answered),
		TEST(a_journal_that_cannot_be_written_stops_no_answer),
	};
	return cmocka_run_group_tests(all, NULL, NULL);
}
