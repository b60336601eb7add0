/* What HTTP caches are told to forget (doc/faults.md row 33): whatever fronts are, under the names that are equal in every
 * instance; in a flood by issuer; and whoever begins to listen begins with everything. */
#include "bench.h"

static struct message_forget forget_at(const struct bench *b, unsigned number)
{
	struct message_forget m;
	unsigned seen = 0;
	for (unsigned i = 0; i < b->frame_count; i++) {
		if (b->frames[i].type != MESSAGE_FORGET || seen++ != number)
			continue;
		assert_int_equal(message_forget_read(buffer_view(&b->frames[i].payload), &m), 0);
		return m;
	}
	fail_msg("nothing more was told");
	return (struct message_forget){0};
}

static void turn(struct bench *b)
{
	ledger_turn_end(b->ledger, b->now);
}

/* It listens, and has heard of everything. */
static int setup_listening(void **state)
{
	int result = setup(state);
	struct bench *b = *state;
	ledger_fetcher_attach(b->ledger);
	turn(b);
	forget_frames(b);
	return result;
}

#define PART 100u /* fits on the bench */

/* Revocations of A, from this serial number on. */
static void revoke_part(struct bench *b, unsigned first)
{
	struct db_evidence now = evidence(b);
	struct cert_record records[PART];
	for (unsigned i = 0; i < PART; i++)
		records[i] = (struct cert_record){
			.issuer = 1,
			.serial = {.size = 3,
				   .octets = {1, (uint8_t)((first + i) >> 8),
					      (uint8_t)(first + i)}},
			.version = 2,
			.status = CERT_REVOKED,
			.reason = REASON_SUPERSEDED,
			.revoked_at = 1700000000,
			.invalidity_at = TIME_NONE,
			.not_after = TIME_NONE,
		};
	ledger_poll(b->ledger, &now, records, PART, NULL, 0, b->now);
}

static void a_change_is_told_by_name_and_url(void **state)
{
	struct bench *b = *state;
	feed_revokes(b, 0x42);
	turn(b);
	assert_int_equal(frames_of(b, MESSAGE_FORGET), 1);
	struct message_forget m = forget_at(b, 0);
	assert_int_equal(m.scope, PURGE_TAG);
	assert_view_equal(m.issuer, view_of_string("A"));
	assert_view_equal(m.serial, view_of("\x42", 1));
	assert_true(m.name.certificate != 0 && m.name.issuer != 0);
	assert_false(m.several_names);
	for (int i = 0; i < OCSP_HASHES; i++) {
		size_t size = ocsp_hash_size((enum ocsp_hash)(i + 1));
		assert_view_equal(m.name_hashes[i], view_of(b->hashes[0].hashes[i].name, size));
		assert_view_equal(m.key_hashes[i], view_of(b->hashes[0].hashes[i].key, size));
	}
}

static void a_flood_becomes_its_issuer(void **state)
{
	struct bench *b = *state;
	unsigned told = 0;
	for (unsigned first = 0; first < 1500; first += PART) {
		revoke_part(b, first);
		told += frames_of(b, MESSAGE_FORGET);
		forget_frames(b);
	}
	assert_int_equal(told, 1000);
	turn(b);
	assert_int_equal(frames_of(b, MESSAGE_FORGET), 1);
	struct message_forget m = forget_at(b, 0);
	assert_int_equal(m.scope, PURGE_ISSUER);
	assert_view_equal(m.issuer, view_of_string("A"));
	forget_frames(b);
	feed_revokes(b, 0x42);
	turn(b);
	assert_int_equal(forget_at(b, 0).scope, PURGE_TAG);
}

static void whoever_begins_to_listen_begins_with_everything(void **state)
{
	struct bench *b = *state;
	ledger_fetcher_attach(b->ledger);
	turn(b);
	assert_int_equal(frames_of(b, MESSAGE_FORGET), 1);
	assert_int_equal(forget_at(b, 0).scope, PURGE_ALL);
	forget_frames(b);
	ledger_fetcher_detach(b->ledger);
	feed_revokes(b, 0x42);
	turn(b);
	assert_int_equal(frames_of(b, MESSAGE_FORGET), 0);
	ledger_fetcher_attach(b->ledger);
	turn(b);
	assert_int_equal(forget_at(b, 0).scope, PURGE_ALL);
}

/* Nothing was said by this process yet, and what another one said is forgotten by whoever listens anew. */
static void before_there_is_evidence_nothing_is_told(void **state)
{
	struct bench *b = *state;
	ledger_free(b->ledger);
	assert_int_equal(new_ledger(b), 0);
	ledger_fetcher_attach(b->ledger);
	turn(b);
	assert_int_equal(frames_of(b, MESSAGE_FORGET), 0);
	load(b);
	turn(b);
	assert_int_equal(forget_at(b, 0).scope, PURGE_ALL);
	forget_frames(b);
	feed_revokes(b, 0x42);
	turn(b);
	assert_int_equal(frames_of(b, MESSAGE_FORGET), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_change_is_told_by_name_and_url, setup_listening,
						teardown),
		cmocka_unit_test_setup_teardown(a_flood_becomes_its_issuer, setup_listening,
						teardown),
		cmocka_unit_test_setup_teardown(whoever_begins_to_listen_begins_with_everything,
						setup, teardown),
		cmocka_unit_test_setup_teardown(before_there_is_evidence_nothing_is_told, setup,
						teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
