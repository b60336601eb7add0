/* Signed answers outlive the ledger: what the files may be, and that no file can say anything but what is decided
 * (I-1, I-6; doc/faults.md row 51). tests/replay/scenarios/kept-answers*.replay have the stories. */
#include "bench.h"

#include "ledger/kept_past.h"
#include "ocsp/answer.h"

#define SERIAL 0x42
#define OTHER_SERIAL 0x43

/* ---- records and files ---- */

static struct kept_record record_of(uint8_t key, const char *der)
{
	struct kept_record record = {.kind = KEPT_ANSWER,
				     .this_update = 1,
				     .produced_at = 2,
				     .next_update = 3,
				     .der = view_of_string(der)};
	memset(record.key, key, sizeof(record.key));
	return record;
}

static void put(struct buffer *file, uint8_t key, const char *der)
{
	const struct kept_record record = record_of(key, der);
	kept_record_write(file, &record);
	assert_int_equal(buffer_result(file), 0);
}

static void put_start(struct buffer *file, uint16_t format, uint64_t generation)
{
	kept_record_write(file, &(struct kept_record){.kind = KEPT_START,
						      .format = format,
						      .generation = generation});
}

static bool has(const struct kept_past *past, uint8_t key, const char *der)
{
	const struct kept_record wanted = record_of(key, der);
	struct kept_record found;
	return kept_past_find(past, wanted.key, &found) && view_equal(found.der, wanted.der);
}

static void a_record_is_read_as_it_was_written(void **state)
{
	(void)state;
	cleanup(buffer_deinit) struct buffer file = {0};
	struct kept_record read;
	put(&file, 7, "an answer");
	assert_int_equal(file.size, KEPT_BESIDE + strlen("an answer"));
	assert_int_equal(kept_record_read(buffer_view(&file), &read), file.size);
	assert_int_equal(read.kind, KEPT_ANSWER);
	assert_int_equal(read.this_update, 1);
	assert_int_equal(read.produced_at, 2);
	assert_int_equal(read.next_update, 3);
	assert_int_equal(read.key[31], 7);
	assert_true(view_equal(read.der, view_of_string("an answer")));
	/* Each octet counts, and the last one too. */
	for (size_t i = 0; i < file.size; i++) {
		file.data[i] ^= 1;
		assert_int_equal(kept_record_read(buffer_view(&file), &read), 0);
		file.data[i] ^= 1;
		assert_int_equal(kept_record_read(view_of(file.data, i), &read), 0);
	}
}

static void of_two_files_the_newer_one_counts(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct kept_looked looked;
	cleanup(kept_past_freep) struct kept_past *past = NULL;
	put_start(&files[0], KEPT_FORMAT, 5);
	put(&files[0], 1, "new");
	put(&files[0], 1, "newest");
	put_start(&files[1], KEPT_FORMAT, 4);
	put(&files[1], 1, "old");
	put(&files[1], 2, "of before");
	size_t size = files[0].size;
	assert_int_equal(kept_past_new(files, &looked, &past), 0);
	assert_null(files[0].data);
	assert_int_equal(looked.current, 0);
	assert_int_equal(looked.size, size);
	assert_int_equal(looked.generation, 5);
	assert_true(looked.started);
	assert_int_equal(looked.answers, 4);
	assert_int_equal(looked.damaged, 0);
	assert_true(has(past, 1, "newest"));
	assert_true(has(past, 2, "of before"));
	assert_false(has(past, 3, "nothing"));
}

static void what_follows_damage_is_nothing(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct kept_looked looked;
	cleanup(kept_past_freep) struct kept_past *past = NULL;
	put_start(&files[1], KEPT_FORMAT, 1);
	put(&files[1], 1, "whole");
	size_t whole = files[1].size;
	put(&files[1], 2, "spoilt");
	files[1].data[files[1].size - 1] ^= 1;
	put(&files[1], 3, "behind it");
	size_t all = files[1].size;
	assert_int_equal(kept_past_new(files, &looked, &past), 0);
	assert_int_equal(looked.current, 1);
	assert_int_equal(looked.size, whole);
	assert_int_equal(looked.damaged, all - whole);
	assert_true(has(past, 1, "whole"));
	assert_false(has(past, 3, "behind it"));
}

static void files_of_another_format_or_without_a_beginning_are_not_read(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct kept_looked looked;
	struct kept_past *past = NULL;
	put_start(&files[0], KEPT_FORMAT + 1, 9);
	put(&files[0], 1, "of another kind");
	put(&files[1], 2, "without a beginning");
	assert_int_equal(kept_past_new(files, &looked, &past), 0);
	assert_null(past);
	assert_int_equal(looked.size, 0);
	assert_false(looked.started);
	assert_int_equal(looked.generation, 9); /* the next one is newer */
	assert_int_equal(looked.answers, 0);
}

/* ---- in the ledger ---- */

static struct buffer kept[2];
static unsigned current, swaps;
static int keep_result;
static struct ocsp_said said; /* by what is in the files */

static int keep(void *context, struct view octets)
{
	(void)context;
	if (keep_result == 0)
		buffer_put_view(&kept[current], octets);
	return keep_result;
}

static int keep_swap(void *context)
{
	(void)context;
	if (keep_result < 0)
		return keep_result;
	swaps++;
	current ^= 1;
	buffer_reset(&kept[current]);
	return 0;
}

static bool read_answer(void *context, struct view der, struct ocsp_said *ret)
{
	(void)context;
	*ret = said;
	return view_equal(der, view_of_string("a response"));
}

static void offer(struct bench *b, const char *signers)
{
	static const uint8_t algorithm[] = {0x06, 0x03, 0x2a, 1, 2};
	cleanup(buffer_deinit) struct buffer payload = {0};
	struct message_offer m = {.count = 1, .signers = view_of_string(signers)};
	m.algorithms[0] = view_of(algorithm, sizeof(algorithm));
	for (int i = 0; i < OCSP_HASHES; i++)
		m.key_hashes[i] = view_of(b->hashes[0].hashes[i].key,
					  ocsp_hash_size((enum ocsp_hash)(i + 1)));
	message_offer_write(&payload, &m);
	assert_int_equal(
		ledger_signer_frame(b->ledger, 0, MESSAGE_OFFER, buffer_view(&payload), b->now), 0);
}

/* A ledger of after a restart, with what the one before has kept. */
static void restart_untold(struct bench *b)
{
	static struct ledger_ops mine;
	static const struct siphash_key key = {.k0 = 7, .k1 = 9};
	struct buffer files[2] = {{0}, {0}};
	struct ledger_recalled recalled;
	mine = ops;
	mine.keep = keep;
	mine.keep_swap = keep_swap;
	mine.read_answer = read_answer;
	ledger_free(b->ledger);
	b->ledger = NULL;
	assert_int_equal(ledger_new(&b->conf, &key, &mine, b, &b->ledger), 0);
	for (unsigned i = 0; i < 2; i++)
		buffer_put_view(&files[i], buffer_view(&kept[i]));
	assert_int_equal(ledger_recall_answers(b->ledger, files, &recalled), 0);
	current = recalled.current;
	kept[current].size = recalled.size;
	ledger_lookup_state(b->ledger, true, NULL);
	ledger_front_attach(b->ledger, 0, b->now);
	ledger_signer_attach(b->ledger, 0, b->now);
	load(b);
	ledger_turn_end(b->ledger, b->now);
	forget_frames(b);
}

/* And its signers have told what they sign with. */
static void restart(struct bench *b)
{
	restart_untold(b);
	offer(b, "signers");
	ledger_turn_end(b->ledger, b->now);
	forget_frames(b);
}

static void ask_good(struct bench *b, uint64_t id, uint8_t serial, int64_t version)
{
	ask_one(b, 0, id, serial);
	ledger_turn_end(b->ledger, b->now);
	found_good_of(b, version);
	ledger_turn_end(b->ledger, b->now);
}

static int setup_kept(void **state)
{
	int result = setup(state);
	struct bench *b = *state;
	memset(kept, 0, sizeof(kept));
	current = swaps = 0;
	keep_result = 0;
	b->conf.server.kept_answers = 1u << 20;
	b->history = (struct db_history){.system = 1, .database = 2, .timeline = 1, .tables = 3};
	restart(b);
	return result;
}

static int teardown_kept(void **state)
{
	buffer_deinit(&kept[0]);
	buffer_deinit(&kept[1]);
	return teardown(state);
}

/* Has one good answer signed and kept; `said` is what it says. */
static void keep_one(struct bench *b)
{
	static struct buffer certid;
	ask_good(b, 1, SERIAL, 1);
	const struct message_sign job = last_job(b);
	buffer_reset(&certid);
	buffer_put_view(&certid, job.entries[0].certid);
	said = (struct ocsp_said){.says = job.entries[0].says,
				  .this_update = job.this_update,
				  .next_update = job.next_update,
				  .produced_at = wall_seconds(b->now.wall_us)};
	assert_int_equal(ocsp_certid_parse(buffer_view(&certid), &said.certid), 0);
	sign(b, &job, job.next_update);
	ledger_turn_end(b->ledger, b->now);
	assert_true(kept[current].size > KEPT_BESIDE);
	restart(b);
}

/* Is the next answer the one that was kept? */
static bool is_reused(struct bench *b)
{
	ask_good(b, 2, SERIAL, 1);
	return frames_of(b, MESSAGE_SIGN) == 0 && frames_of(b, MESSAGE_ANSWER) == 1 &&
	       last_answer(b).label.this_update == said.this_update;
}

static void what_was_signed_is_not_signed_again(void **state)
{
	struct bench *b = *state;
	keep_one(b);
	b->now.wall_us += 60 * SECOND_US;
	b->now.mono_us += 60 * SECOND_US;
	restart(b);
	assert_true(is_reused(b));
	const struct message_answer answer = last_answer(b);
	assert_int_equal(answer.result, OCSP_SUCCESSFUL);
	assert_int_equal(answer.label.status, OCSP_GOOD);
	assert_int_equal(answer.label.produced_at, said.produced_at);
	assert_int_equal(answer.label.next_update, said.next_update);
	assert_true(view_equal(answer.der, view_of_string("a response")));
}

/* Whoever may write the files may have put any authentic answer under the key of this one. */
static void an_answer_that_says_anything_else_is_not_given_out(void **state)
{
	struct bench *b = *state;
	static const uint8_t serial = OTHER_SERIAL;
	cleanup(buffer_deinit) struct buffer other = {0};
	keep_one(b);
	const struct ocsp_said right = said;
	said.says.status = OCSP_UNKNOWN;
	assert_false(is_reused(b));
	restart(b);
	said = right;
	said.says = (struct ocsp_cert_status){.status = OCSP_REVOKED,
					      .revoked_at = 1,
					      .reason = REASON_NONE,
					      .invalidity_at = TIME_NONE};
	assert_false(is_reused(b));
	restart(b);
	said = right;
	made_certid(&other, OCSP_HASH_SHA1, &b->hashes[0], &b->hashes[0], view_of(&serial, 1));
	assert_int_equal(ocsp_certid_parse(buffer_view(&other), &said.certid), 0);
	assert_false(is_reused(b));
	restart(b);
	said = right;
	said.next_update++;
	assert_false(is_reused(b));
	restart(b);
	said = right;
	assert_true(is_reused(b));
}

/* The same answer in the file, with these times, which it says itself. */
static void say_times(int64_t this_update, int64_t produced_at, int64_t next_update)
{
	struct buffer file = {0};
	struct kept_record record;
	size_t at = 0, size;
	while ((size = kept_record_read(view_of(kept[current].data + at, kept[current].size - at),
					&record)) > 0) {
		record.this_update = said.this_update = this_update;
		record.produced_at = said.produced_at = produced_at;
		record.next_update = said.next_update = next_update;
		kept_record_write(&file, &record);
		at += size;
	}
	buffer_deinit(&kept[current]);
	kept[current] = file;
}

/* P-27, P-28: an authentic one, of other rules or of a clock that was wrong. */
static void an_answer_of_other_times_is_not_given_out(void **state)
{
	struct bench *b = *state;
	keep_one(b);
	const struct ocsp_said right = said;
	say_times(right.this_update, right.produced_at, right.next_update + 1);
	restart(b);
	assert_false(is_reused(b));
	/* Later than what is proven, though not than now. */
	say_times(right.this_update + 2, right.produced_at + 2, right.next_update);
	restart(b);
	b->now.mono_us += 2 * SECOND_US;
	b->now.wall_us += 2 * SECOND_US;
	assert_false(is_reused(b));
	say_times(right.this_update, right.this_update - 1, right.next_update);
	restart(b);
	assert_false(is_reused(b));
	say_times(right.this_update - 7200, right.produced_at - 7200, right.produced_at);
	restart(b);
	assert_false(is_reused(b));
	say_times(right.this_update, right.produced_at, right.next_update);
	restart(b);
	assert_true(is_reused(b));
}

/* A hold and its release leave a version behind. */
static void the_same_state_of_another_version_is_signed_anew(void **state)
{
	struct bench *b = *state;
	keep_one(b);
	ask_good(b, 2, SERIAL, 3);
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

/* Nobody knows yet whether they would sign with the same. */
static void before_signers_have_told_nothing_is_given_out(void **state)
{
	struct bench *b = *state;
	keep_one(b);
	offer(b, "others");
	assert_false(is_reused(b));
	offer(b, "signers");
	restart(b);
	assert_true(is_reused(b));
}

static void a_moment_passes(struct bench *b)
{
	b->now.mono_us++;
	b->now.wall_us++;
}

/* Their channel is there a moment before they tell: what is asked then waits for that, and need not be signed. */
static void what_is_asked_before_signers_have_told_waits_for_that(void **state)
{
	struct bench *b = *state;
	keep_one(b);
	restart_untold(b);
	ask_good(b, 2, SERIAL, 1);
	assert_int_equal(frames_of(b, MESSAGE_SIGN) + frames_of(b, MESSAGE_ANSWER), 0);
	a_moment_passes(b);
	offer(b, "signers");
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 0);
	assert_int_equal(frames_of(b, MESSAGE_ANSWER), 1);
	assert_int_equal(last_answer(b).label.this_update, said.this_update);
	restart_untold(b);
	ask_good(b, 3, SERIAL, 1);
	a_moment_passes(b);
	offer(b, "others");
	assert_int_equal(frames_of(b, MESSAGE_SIGN), 1);
}

/* doc/faults.md row 27. */
static void a_file_that_cannot_be_written_costs_no_answer(void **state)
{
	struct bench *b = *state;
	unsigned alarms = b->alarms;
	keep_result = -ENOSPC;
	for (uint8_t i = 1; i < 4; i++) {
		ask_good(b, i, (uint8_t)(SERIAL + i), 1);
		const struct message_sign job = last_job(b);
		sign(b, &job, job.next_update);
		ledger_turn_end(b->ledger, b->now);
		assert_int_equal(last_answer(b).result, OCSP_SUCCESSFUL);
		forget_frames(b);
		b->now.mono_us += 90 * SECOND_US;
		b->now.wall_us += 90 * SECOND_US;
		struct db_evidence now = evidence(b);
		ledger_poll(b->ledger, &now, NULL, 0, NULL, 0, b->now);
		ledger_turn_end(b->ledger, b->now);
	}
	assert_int_equal(b->alarms, alarms + 1); /* it is said once */
	assert_int_equal(kept[0].size + kept[1].size, 0);
	keep_result = 0;
	b->now.mono_us += 90 * SECOND_US;
	b->now.wall_us += 90 * SECOND_US;
	restart(b);
	keep_one(b);
	assert_true(is_reused(b));
}

/* I-8: half of the room each; a file that is full is followed by the other one, which begins anew. */
static void files_are_bounded(void **state)
{
	struct bench *b = *state;
	b->conf.server.kept_answers = 8192;
	restart(b);
	for (unsigned i = 0; i < 400; i++) {
		uint8_t serial = (uint8_t)(1 + i % 100);
		b->now.mono_us += 61 * SECOND_US;
		b->now.wall_us += 61 * SECOND_US;
		struct db_evidence now = evidence(b);
		ledger_poll(b->ledger, &now, NULL, 0, NULL, 0, b->now);
		ask_good(b, i + 1, serial, 1 + i);
		if (frames_of(b, MESSAGE_SIGN) > 0) {
			const struct message_sign job = last_job(b);
			sign(b, &job, job.next_update);
		}
		ledger_turn_end(b->ledger, b->now);
		forget_frames(b);
		assert_true(kept[0].size <= 4096 + 512 && kept[1].size <= 4096 + 512);
	}
	assert_true(swaps > 2);
	struct buffer files[2] = {kept[0], kept[1]};
	struct kept_looked looked;
	cleanup(kept_past_freep) struct kept_past *past = NULL;
	memset(kept, 0, sizeof(kept));
	assert_int_equal(kept_past_new(files, &looked, &past), 0);
	assert_int_equal(looked.damaged, 0);
	assert_int_equal(looked.current, current);
	assert_true(looked.answers > 10);
}

/* A flood wears out no disk: in a minute no more is written than a file holds. */
static void what_comes_too_fast_is_left_out(void **state)
{
	struct bench *b = *state;
	b->conf.server.kept_answers = 2048;
	restart(b);
	for (uint8_t i = 1; i < 60; i++) {
		ask_good(b, i, i, 1);
		const struct message_sign job = last_job(b);
		sign(b, &job, job.next_update);
		ledger_turn_end(b->ledger, b->now);
		forget_frames(b);
	}
	assert_int_equal(swaps, 0);
	assert_true(kept[0].size + kept[1].size <= 1024 + 64);
}

/* What was asked for by nobody since the start. */
static void after_an_hour_the_past_is_forgotten(void **state)
{
	struct bench *b = *state;
	b->sections[0].validity_us = INT64_C(86400) * SECOND_US;
	restart(b);
	keep_one(b);
	b->now.mono_us += 3601 * SECOND_US;
	b->now.wall_us += 3601 * SECOND_US;
	struct db_evidence now = evidence(b);
	ledger_poll(b->ledger, &now, NULL, 0, NULL, 0, b->now);
	ledger_turn_end(b->ledger, b->now);
	assert_false(is_reused(b));
	restart(b);
	assert_true(is_reused(b));
}

#define OF_LEDGER(test) cmocka_unit_test_setup_teardown(test, setup_kept, teardown_kept)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_as_it_was_written),
		cmocka_unit_test(of_two_files_the_newer_one_counts),
		cmocka_unit_test(what_follows_damage_is_nothing),
		cmocka_unit_test(files_of_another_format_or_without_a_beginning_are_not_read),
		OF_LEDGER(what_was_signed_is_not_signed_again),
		OF_LEDGER(an_answer_that_says_anything_else_is_not_given_out),
		OF_LEDGER(an_answer_of_other_times_is_not_given_out),
		OF_LEDGER(the_same_state_of_another_version_is_signed_anew),
		OF_LEDGER(before_signers_have_told_nothing_is_given_out),
		OF_LEDGER(what_is_asked_before_signers_have_told_waits_for_that),
		OF_LEDGER(a_file_that_cannot_be_written_costs_no_answer),
		OF_LEDGER(files_are_bounded),
		OF_LEDGER(what_comes_too_fast_is_left_out),
		OF_LEDGER(after_an_hour_the_past_is_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
