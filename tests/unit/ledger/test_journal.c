/* I-10: what was revoked is remembered by the next process, whatever happens to the files. */
#include "unit.h"

#include "ledger/journal.h"
#include "made_conf.h"
#include "ocsp/issuer.h"

static const struct siphash_key key = {.k0 = 3, .k1 = 4};
static struct conf *conf; /* journals ask nothing of it */

/* One process's memory, and the files that outlive it. */
struct memory {
	struct buffer *files; /* two */
	unsigned current, swaps;
	int result; /* of writing */
	struct revoked *set;
	struct issuers *issuers;
	struct history history;
	struct journal *journal;
	struct journal_recalled recalled;
};

static int append(void *context, struct view octets)
{
	struct memory *m = context;
	if (m->result == 0)
		buffer_put_view(&m->files[m->current], octets);
	return m->result;
}

static int swap(void *context)
{
	struct memory *m = context;
	if (m->result < 0)
		return m->result;
	m->swaps++;
	m->current = !m->current;
	buffer_reset(&m->files[m->current]);
	return 0;
}

static const struct journal_ops ops = {append, swap};
static const struct moment now = {.mono_us = 1000};

static void begin(struct memory *m, struct buffer files[2])
{
	*m = (struct memory){.files = files};
	const struct view views[2] = {buffer_view(&files[0]), buffer_view(&files[1])};
	assert_int_equal(revoked_new(&key, &m->set), 0);
	assert_int_equal(issuers_new(conf, &key, &m->issuers), 0);
	assert_int_equal(journal_new(&ops, m, m->set, m->issuers, &m->journal), 0);
	assert_int_equal(journal_recall(m->journal, views, &m->history, &m->recalled), 0);
	m->current = m->recalled.current;
}

static void end(struct memory *m)
{
	journal_free(m->journal);
	revoked_free(m->set);
	issuers_free(m->issuers);
}

static void free_files(struct buffer files[2])
{
	buffer_deinit(&files[0]);
	buffer_deinit(&files[1]);
}

/* Until nothing is due any more. */
static void settle(struct memory *m)
{
	while (journal_next(m->journal) == 0)
		assert_int_equal(journal_turn(m->journal, now), 0);
}

static int32_t issuer_of(struct memory *m, uint8_t name)
{
	uint8_t identity[ISSUER_IDENTITY];
	memset(identity, name, sizeof(identity));
	const struct issuer *issuer = issuers_recall(m->issuers, identity);
	assert_non_null(issuer);
	return issuer->record.id;
}

static struct cert_record record_of(struct memory *m, uint8_t issuer, uint32_t number,
				    enum cert_status status)
{
	struct cert_record record = {
		.issuer = issuer_of(m, issuer),
		.serial = {.size = 20, .octets = {0x01}},
		.version = 2,
		.status = status,
		.reason = status == CERT_GOOD      ? REASON_NONE
			  : status == CERT_REVOKED ? REASON_KEY_COMPROMISE
						   : REASON_CERTIFICATE_HOLD,
		.revoked_at = status == CERT_GOOD ? TIME_NONE : 1700000000,
		.invalidity_at = status == CERT_REVOKED ? 1600000000 : TIME_NONE,
		.not_after = 1900000000,
	};
	for (int i = 0; i < 4; i++)
		record.serial.octets[i + 1] = (uint8_t)(number >> (8 * i));
	return record;
}

static void write_row(struct memory *m, uint8_t issuer, uint32_t number, enum cert_status status)
{
	struct cert_record record = record_of(m, issuer, number, status);
	assert_true(revoked_apply(m->set, &record, REVOKED_LOADED) >= 0);
	journal_row(m->journal, &record);
	assert_int_equal(journal_flush(m->journal), 0);
}

static int status_of(struct memory *m, uint8_t issuer, uint32_t number)
{
	struct cert_record name = record_of(m, issuer, number, CERT_GOOD), found;
	return revoked_find(m->set, name.issuer, serial_view(&name.serial), &found)
		       ? (int)found.status
		       : -1;
}

static void take_history(struct memory *m, uint32_t timeline, uint64_t position)
{
	const struct db_evidence evidence = {
		.position = position,
		.history = {.system = 7, .database = 5, .timeline = timeline, .tables = 9}};
	history_take(&m->history, &evidence);
	journal_history(m->journal, &m->history);
}

static void the_next_process_knows_what_was_revoked(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	begin(&m, files);
	assert_true(m.recalled.empty);
	settle(&m);
	take_history(&m, 3, 100);
	write_row(&m, 1, 1, CERT_REVOKED);
	write_row(&m, 2, 2, CERT_HELD);
	write_row(&m, 1, 3, CERT_HELD);
	write_row(&m, 1, 3, CERT_GOOD); /* released */
	end(&m);
	begin(&m, files);
	assert_int_equal(issuer_of(&m, 2), 2); /* in the order of the file */
	assert_false(m.recalled.empty);
	assert_int_equal(m.recalled.damaged, 0);
	assert_int_equal(m.recalled.rows, 2);
	assert_int_equal(status_of(&m, 1, 1), CERT_REVOKED);
	assert_int_equal(status_of(&m, 2, 2), CERT_HELD);
	assert_int_equal(status_of(&m, 1, 3), -1);
	assert_true(m.history.known);
	assert_int_equal(m.history.current.timeline, 3);
	assert_int_equal(m.history.position, 100);
	struct cert_record whole = record_of(&m, 1, 1, CERT_REVOKED);
	revoked_begin(m.set, true);
	assert_int_equal(revoked_apply(m.set, &whole, REVOKED_LOADED),
			 0); /* nothing is lost of it */
	end(&m);
	free_files(files);
}

static void numbers_of_another_process_mean_its_issuers(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	begin(&m, files);
	settle(&m);
	write_row(&m, 1, 1, CERT_REVOKED);
	write_row(&m, 2, 2, CERT_REVOKED);
	end(&m);
	begin(&m, files); /* appends to what is there, and calls them otherwise */
	write_row(&m, 3, 3, CERT_REVOKED);
	write_row(&m, 2, 4, CERT_REVOKED);
	end(&m);
	begin(&m, files);
	assert_int_equal(status_of(&m, 1, 1), CERT_REVOKED);
	assert_int_equal(status_of(&m, 2, 2), CERT_REVOKED);
	assert_int_equal(status_of(&m, 3, 3), CERT_REVOKED);
	assert_int_equal(status_of(&m, 2, 4), CERT_REVOKED);
	assert_int_equal(status_of(&m, 1, 4), -1);
	end(&m);
	free_files(files);
}

static void versions_before_another_history_are_foreign(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	begin(&m, files);
	settle(&m);
	take_history(&m, 1, 100);
	write_row(&m, 1, 1, CERT_HELD);
	take_history(&m, 2, 50);
	write_row(&m, 1, 2, CERT_HELD);
	end(&m);
	begin(&m, files);
	struct cert_record one = record_of(&m, 1, 1, CERT_GOOD),
			   two = record_of(&m, 1, 2, CERT_GOOD);
	one.version = two.version = 3;
	revoked_begin(m.set, true);
	assert_int_equal(revoked_apply(m.set, &one, REVOKED_LOADED), REVOKED_LOST);
	assert_int_equal(revoked_apply(m.set, &two, REVOKED_LOADED), REVOKED_CHANGED);
	end(&m);
	free_files(files);
}

static void a_revoked_issuer_is_remembered_until_it_is_forgotten(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	begin(&m, files);
	settle(&m);
	int32_t number = issuer_of(&m, 9);
	issuers_recall_revoked(m.issuers, number, 1700000000, REASON_CA_COMPROMISE);
	journal_issuer(m.journal, issuers_by_id(m.issuers, number));
	assert_int_equal(journal_flush(m.journal), 0);
	end(&m);
	begin(&m, files);
	number = issuer_of(&m, 9);
	assert_int_equal(issuers_by_id(m.issuers, number)->record.revoked_at, 1700000000);
	assert_int_equal(issuers_by_id(m.issuers, number)->record.reason, REASON_CA_COMPROMISE);
	issuers_forget(m.issuers, number);
	journal_issuer(m.journal, issuers_by_id(m.issuers, number));
	assert_int_equal(journal_flush(m.journal), 0);
	end(&m);
	begin(&m, files);
	assert_true(issuers_by_id(m.issuers, issuer_of(&m, 9))->record.revoked_at == TIME_NONE);
	end(&m);
	free_files(files);
}

/* What is told anew into the other file has them too. */
static void a_revoked_issuer_is_in_what_is_told_anew(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	begin(&m, files);
	settle(&m);
	int32_t number = issuer_of(&m, 9);
	issuers_recall_revoked(m.issuers, number, 1700000000, REASON_CA_COMPROMISE);
	journal_renew(m.journal);
	settle(&m);
	assert_true(m.swaps > 0);
	buffer_reset(&files[!m.current]);
	end(&m);
	begin(&m, files);
	assert_int_equal(issuers_by_id(m.issuers, issuer_of(&m, 9))->record.revoked_at, 1700000000);
	end(&m);
	free_files(files);
}

/* ---- damage ---- */

static void write_three(struct buffer files[2])
{
	struct memory m;
	begin(&m, files);
	settle(&m);
	for (uint32_t i = 1; i <= 3; i++)
		write_row(&m, 1, i, CERT_REVOKED);
	end(&m);
}

/* Wherever it is cut, what stands before the cut is known. */
static void a_torn_tail_costs_no_record_before_it(void **state)
{
	(void)state;
	struct buffer whole[2] = {{0}, {0}};
	write_three(whole);
	for (size_t size = 0; size <= whole[0].size; size++) {
		struct buffer files[2] = {{0}, {0}};
		struct memory m;
		buffer_put(&files[0], whole[0].data, size);
		begin(&m, files);
		size_t before = m.recalled.rows;
		settle(&m); /* told anew behind the damage */
		write_row(&m, 1, 9, CERT_REVOKED);
		end(&m);
		begin(&m, files);
		assert_int_equal(status_of(&m, 1, 9), CERT_REVOKED);
		/* One more where what was cut off and what follows begin alike. */
		assert_in_range(m.recalled.rows, before + 1, before + 2);
		assert_int_equal(m.recalled.damaged, 0);
		end(&m);
		free_files(files);
	}
	free_files(whole);
}

/* Not even where what follows would complete it: the date of this one, and the octet after it, are what is
 * written behind. Then it would still be a file of another version, which says nothing. */
static void what_was_torn_off_does_not_go_on_in_what_follows(void **state)
{
	(void)state;
	for (size_t cut = 1; cut <= 9; cut++) {
		struct buffer files[2] = {{0}, {0}};
		struct memory m;
		journal_record_write(&files[0],
				     &(struct journal_record){.kind = JOURNAL_START,
							      .format = JOURNAL_FORMAT + 1,
							      .generation = 1});
		journal_record_write(&files[0],
				     &(struct journal_record){.kind = JOURNAL_ISSUER_STATE,
							      .issuer = 1,
							      .revoked_at = -1,
							      .reason = REASON_UNSPECIFIED});
		files[0].size -= cut;
		begin(&m, files);
		settle(&m);
		write_row(&m, 1, 9, CERT_REVOKED);
		end(&m);
		begin(&m, files);
		assert_int_equal(m.recalled.damaged, 0);
		assert_int_equal(m.recalled.rows, 1);
		end(&m);
		free_files(files);
	}
}

static void a_damaged_record_costs_itself_only(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	write_three(files);
	size_t row = 6 + 1 + 2 + 4 + 1 + 1 + 1 + 4 * 8 + 20;
	size_t name = 6 + 1 + 2 + ISSUER_IDENTITY; /* before each of them */
	files[0].data[files[0].size - row - name - 3] ^= 0x10; /* in the second row */
	begin(&m, files);
	assert_int_equal(m.recalled.damaged, row);
	assert_int_equal(status_of(&m, 1, 1), CERT_REVOKED);
	assert_int_equal(status_of(&m, 1, 2), -1);
	assert_int_equal(status_of(&m, 1, 3), CERT_REVOKED);
	end(&m);
	free_files(files);
}

/* A number means who the same process said it is, or nobody. Found by simulation. */
static void a_damaged_name_of_an_issuer_gives_its_rows_to_no_other(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	begin(&m, files);
	settle(&m);
	write_row(&m, 1, 1, CERT_REVOKED);
	end(&m);
	size_t start = files[0].size;
	struct buffer other[2] = {{0}, {0}};
	begin(&m, other); /* another process, which says the same number of another issuer */
	settle(&m);
	write_row(&m, 2, 2, CERT_REVOKED);
	end(&m);
	buffer_put_view(&files[0], buffer_view(&other[0]));
	free_files(other);
	uint8_t *name = memmem(files[0].data + start, files[0].size - start, "\2\2\2\2\2\2\2\2", 8);
	assert_non_null(name);
	name[9] ^= 1;
	begin(&m, files);
	assert_true(m.recalled.damaged > 0);
	assert_int_equal(status_of(&m, 1, 2), -1);
	end(&m);
	free_files(files);
}

/* Each write tells anew whose its rows are. */
static void damage_costs_no_more_than_what_was_written_with_it(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	begin(&m, files);
	settle(&m);
	size_t from = files[0].size;
	write_row(&m, 1, 1, CERT_REVOKED);
	write_row(&m, 1, 2, CERT_REVOKED);
	end(&m);
	files[0].data[from + 12] ^= 1; /* the issuer's name, in the first */
	begin(&m, files);
	assert_int_equal(status_of(&m, 1, 1), -1);
	assert_int_equal(status_of(&m, 1, 2), CERT_REVOKED);
	end(&m);
	free_files(files);
}

static void another_format_is_said_and_written_over(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	journal_record_write(&files[1], &(struct journal_record){.kind = JOURNAL_START,
								 .format = JOURNAL_FORMAT + 1,
								 .generation = 8});
	begin(&m, files);
	assert_true(m.recalled.other_format);
	settle(&m);
	write_row(&m, 1, 1, CERT_REVOKED);
	end(&m);
	begin(&m, files);
	assert_false(m.recalled.other_format);
	assert_int_equal(status_of(&m, 1, 1), CERT_REVOKED);
	end(&m);
	free_files(files);
}

/* ---- everything anew ---- */

/* Rows that come and go until the file is worth less than half of its size. */
static void churn(struct memory *m, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		struct cert_record record = record_of(m, 1, 1000, i % 2 ? CERT_GOOD : CERT_HELD);
		journal_row(m->journal, &record);
	}
	assert_int_equal(journal_flush(m->journal), 0);
}

static void it_stays_in_proportion_to_what_it_says(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	begin(&m, files);
	settle(&m);
	for (uint32_t i = 0; i < 2000; i++)
		write_row(&m, 1, i, CERT_REVOKED);
	for (unsigned i = 0; i < 8; i++) {
		churn(&m, 5000);
		settle(&m);
	}
	assert_true(m.swaps > 0);
	assert_true(journal_size(m.journal) < (3u << 20));
	end(&m);
	begin(&m, files);
	assert_int_equal(m.recalled.rows, 2000);
	assert_int_equal(m.recalled.damaged, 0);
	end(&m);
	free_files(files);
}

/* A copy of the files, as a crash would leave them, says what was known at that moment. */
static void check_crash(struct memory *m, size_t rows)
{
	struct buffer files[2] = {{0}, {0}};
	struct memory after;
	for (unsigned i = 0; i < 2; i++)
		buffer_put_view(&files[i], buffer_view(&m->files[i]));
	begin(&after, files);
	assert_int_equal(after.recalled.rows, rows);
	assert_int_equal(after.recalled.damaged, 0);
	assert_int_equal(status_of(&after, 1, 5), -1);
	settle(&after);
	end(&after);
	begin(&after, files);
	assert_int_equal(after.recalled.rows, rows);
	end(&after);
	free_files(files);
}

static void a_crash_at_any_step_loses_nothing(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	size_t rows = 2400, steps = 0;
	begin(&m, files);
	settle(&m);
	for (uint32_t i = 0; i < rows; i++)
		write_row(&m, 1, i, CERT_REVOKED);
	struct cert_record released = record_of(&m, 1, 5, CERT_GOOD);
	revoked_forget(m.set, released.issuer, serial_view(&released.serial));
	journal_row(m.journal, &released);
	assert_int_equal(journal_flush(m.journal), 0);
	rows--;
	journal_renew(m.journal);
	for (; journal_next(m.journal) == 0; steps++) {
		assert_int_equal(journal_turn(m.journal, now), 0);
		write_row(&m, 2, (uint32_t)steps, CERT_REVOKED); /* meanwhile */
		check_crash(&m, ++rows);
	}
	assert_true(steps > 3);
	assert_int_equal(m.swaps, 1);
	end(&m);
	free_files(files);
}

/* doc/faults.md row 27 */
static void a_full_disk_is_said_once_and_mended_later(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	begin(&m, files);
	settle(&m);
	write_row(&m, 1, 1, CERT_REVOKED);
	m.result = -ENOSPC;
	struct cert_record lost = record_of(&m, 1, 2, CERT_REVOKED);
	assert_int_equal(revoked_apply(m.set, &lost, REVOKED_LOADED), REVOKED_CHANGED);
	journal_row(m.journal, &lost);
	assert_int_equal(journal_flush(m.journal), JOURNAL_FAILED);
	assert_int_equal(journal_state(m.journal), JOURNAL_BROKEN);
	for (int64_t at = 0; at < 100; at++) {
		struct moment later = {.mono_us = at * SECOND_US};
		journal_row(m.journal, &lost);
		assert_int_equal(journal_flush(m.journal), 0);
		assert_int_equal(journal_turn(m.journal, later), 0);
	}
	m.result = 0;
	assert_true(journal_next(m.journal) < 200 * SECOND_US);
	assert_int_equal(journal_turn(m.journal, (struct moment){.mono_us = 200 * SECOND_US}), 0);
	settle(&m);
	assert_int_equal(journal_state(m.journal), JOURNAL_WRITTEN);
	end(&m);
	begin(&m, files);
	assert_int_equal(m.recalled.rows, 2);
	end(&m);
	free_files(files);
}

/* doc/performance.md: a million rows are recalled, and told anew in bounded steps. */
static void many_rows_take_many_small_steps(void **state)
{
	(void)state;
	struct buffer files[2] = {{0}, {0}};
	struct memory m;
	begin(&m, files);
	settle(&m);
	for (uint32_t i = 0; i < 100000; i++) {
		struct cert_record record = record_of(&m, 1, i, CERT_REVOKED);
		assert_int_equal(revoked_apply(m.set, &record, REVOKED_LOADED), REVOKED_CHANGED);
		journal_row(m.journal, &record);
		if (journal_full(m.journal))
			assert_int_equal(journal_flush(m.journal), 0);
	}
	journal_renew(m.journal);
	uint64_t before = 0;
	while (journal_next(m.journal) == 0) {
		assert_int_equal(journal_turn(m.journal, now), 0);
		assert_true(journal_size(m.journal) < before + (1u << 17) || before == 0 ||
			    m.swaps > 0);
		before = journal_size(m.journal);
	}
	assert_true(files[m.current].size <= 100000 * 70);
	end(&m);
	begin(&m, files);
	assert_int_equal(m.recalled.rows, 100000);
	end(&m);
	free_files(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_process_knows_what_was_revoked),
		cmocka_unit_test(numbers_of_another_process_mean_its_issuers),
		cmocka_unit_test(versions_before_another_history_are_foreign),
		cmocka_unit_test(a_revoked_issuer_is_remembered_until_it_is_forgotten),
		cmocka_unit_test(a_revoked_issuer_is_in_what_is_told_anew),
		cmocka_unit_test(a_torn_tail_costs_no_record_before_it),
		cmocka_unit_test(what_was_torn_off_does_not_go_on_in_what_follows),
		cmocka_unit_test(a_damaged_record_costs_itself_only),
		cmocka_unit_test(a_damaged_name_of_an_issuer_gives_its_rows_to_no_other),
		cmocka_unit_test(damage_costs_no_more_than_what_was_written_with_it),
		cmocka_unit_test(another_format_is_said_and_written_over),
		cmocka_unit_test(it_stays_in_proportion_to_what_it_says),
		cmocka_unit_test(a_crash_at_any_step_loses_nothing),
		cmocka_unit_test(a_full_disk_is_said_once_and_mended_later),
		cmocka_unit_test(many_rows_take_many_small_steps),
	};
	conf = made_conf(CONF_LEDGER, MADE_DATABASE MADE_ISSUER("A"));
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	conf_free(conf);
	return failed;
}
