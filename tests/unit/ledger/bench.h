/* A ledger on a bench: every frame and lookup that it sends is kept for the test to look at. Two
 * issuers A and B, two fronts, one signer, a database that is loaded and has nothing in it. */
#pragma once

#include "unit.h"

#include "db/stored.h"
#include "ipc/messages.h"
#include "ledger/core.h"
#include "made.h"
#include "made_conf.h"
#include "ocsp/certificate.h"

#define FRAMES 512

struct bench {
	struct conf conf;
	struct conf_issuer *sections; /* of A and B */
	struct conf *parsed; /* owns what `conf` borrows */
	struct ledger *ledger;
	struct moment now;
	struct ocsp_issuer hashes[2];
	uint64_t traced; /* the request of the latest step */
	unsigned trace_count;
	struct db_history history; /* that is read */
	int64_t crl_from, crl_until; /* of both issuers */

	unsigned frame_count;
	struct {
		unsigned index;
		uint8_t type;
		struct buffer payload;
	} frames[FRAMES]; /* to fronts and signers, in order */
	unsigned batches;
	uint64_t batch;
	bool proves; /* the latest batch */
	size_t key_count;
	struct db_key keys[LIMIT_LOOKUP_BATCH];
	int lookup_result;
	unsigned stored_batches; /* of what was signed beforehand */
	uint64_t stored_batch;
	size_t stored_count;
	struct db_stored_key stored_keys[LIMIT_STORED_BATCH];
	int stored_result;
	int64_t found_version; /* for a test that goes on by itself */
	uint32_t explained; /* the latest ticket that was */
	struct buffer explanation; /* its text, with a NUL */
	unsigned alarms, hung, reloads, elsewhere;
	char alarm[512]; /* the latest */
	struct buffer journal[2]; /* its files */
	unsigned journal_current, journal_swaps;
	int journal_result; /* of writing on it */
};

static inline void take_frame(void *context, unsigned index, uint8_t type, struct view payload)
{
	struct bench *b = context;
	assert_true(b->frame_count < FRAMES);
	b->frames[b->frame_count].index = index;
	b->frames[b->frame_count].type = type;
	buffer_put_view(&b->frames[b->frame_count++].payload, payload);
}

static inline int take_lookup(void *context, uint64_t batch, const struct db_key *keys,
			      size_t count, bool proves)
{
	struct bench *b = context;
	b->batches++;
	b->proves = proves;
	b->batch = batch;
	b->key_count = count;
	memcpy(b->keys, keys, count * sizeof(*keys));
	return b->lookup_result;
}

static inline int take_stored(void *context, uint64_t batch, const struct db_stored_key *keys,
			      size_t count)
{
	struct bench *b = context;
	assert_true(count > 0 && count <= LIMIT_STORED_BATCH);
	b->stored_batches++;
	b->stored_batch = batch;
	b->stored_count = count;
	memcpy(b->stored_keys, keys, count * sizeof(*keys));
	return b->stored_result;
}

static inline void take_hung(void *context, unsigned signer)
{
	(void)signer;
	((struct bench *)context)->hung++;
}

static inline void take_alarm(void *context, const char *text)
{
	struct bench *b = context;
	b->alarms++;
	(void)snprintf(b->alarm, sizeof(b->alarm), "%s", text);
}

static inline void take_condition(void *context, enum alarm_event event, const char *text)
{
	if (event == ALARM_BEGINS)
		take_alarm(context, text);
}

static inline void take_reload(void *context, const char *reason)
{
	(void)reason;
	((struct bench *)context)->reloads++;
}

static inline void take_elsewhere(void *context, const char *reason)
{
	(void)reason;
	((struct bench *)context)->elsewhere++;
}

static inline void take_explained(void *context, uint32_t ticket, struct view text)
{
	struct bench *b = context;
	b->explained = ticket;
	buffer_reset(&b->explanation);
	buffer_put_view(&b->explanation, text);
	buffer_put_u8(&b->explanation, '\0');
}

static inline void take_trace(void *context, uint64_t request, const char *step)
{
	struct bench *b = context;
	b->traced = request;
	b->trace_count++;
	assert_true(step[0] != 0);
}

static inline void take_verifier_frame(void *context, unsigned verifier, uint8_t type,
				       struct view payload)
{
	take_frame(context, verifier, type, payload);
}

static inline void take_fetcher_frame(void *context, uint8_t type, struct view payload)
{
	take_frame(context, 0, type, payload);
}

static inline int take_journal(void *context, struct view octets)
{
	struct bench *b = context;
	if (b->journal_result == 0)
		buffer_put_view(&b->journal[b->journal_current], octets);
	return b->journal_result;
}

static inline int take_journal_swap(void *context)
{
	struct bench *b = context;
	if (b->journal_result < 0)
		return b->journal_result;
	b->journal_swaps++;
	b->journal_current = !b->journal_current;
	buffer_reset(&b->journal[b->journal_current]);
	return 0;
}

static const struct ledger_ops ops = {
	.to_front = take_frame,
	.to_verifier = take_verifier_frame,
	.to_signer = take_frame,
	.to_fetcher = take_fetcher_frame,
	.lookup = take_lookup,
	.stored = take_stored,
	.reload = take_reload,
	.look_elsewhere = take_elsewhere,
	.journal = take_journal,
	.journal_swap = take_journal_swap,
	.signer_hung = take_hung,
	.alarm = take_alarm,
	.explained = take_explained,
	.condition = take_condition,
	.trace = take_trace,
};

static inline void forget_frames(struct bench *b)
{
	for (unsigned i = 0; i < b->frame_count; i++) {
		buffer_deinit(&b->frames[i].payload);
		b->frames[i].payload = (struct buffer){0};
	}
	b->frame_count = 0;
}

static inline struct db_evidence evidence(const struct bench *b)
{
	return (struct db_evidence){
		.time_us = b->now.wall_us, .mono_us = b->now.mono_us, .history = b->history};
}

static inline int new_ledger(struct bench *b)
{
	static const struct siphash_key key = {.k0 = 7, .k1 = 8};
	return ledger_new(&b->conf, &key, &ops, b, &b->ledger);
}

static inline void load(struct bench *b)
{
	struct db_evidence now = evidence(b);
	struct buffer der[2] = {{0}, {0}};
	struct db_issuer issuers[2];
	for (int i = 0; i < 2; i++) {
		const char *name = i ? "B" : "A";
		struct certificate certificate;
		made_certificate(&der[i], name, name);
		assert_int_equal(certificate_read(buffer_view(&der[i]), &certificate), 0);
		assert_int_equal(
			ocsp_issuer_init(&b->hashes[i], certificate.subject, certificate.key_bits),
			0);
		issuers[i] = (struct db_issuer){
			.record = {.id = i + 1,
				   .version = 1,
				   .revoked_at = TIME_NONE,
				   .crl_from = b->crl_from,
				   .crl_until = b->crl_until},
			.certificate = buffer_view(&der[i]),
		};
		(void)snprintf(issuers[i].record.name, sizeof(issuers[i].record.name), "%s", name);
	}
	ledger_load_begin(b->ledger, &now, issuers, 2, b->now);
	ledger_load_end(b->ledger, &now, b->now);
	buffer_deinit(&der[0]);
	buffer_deinit(&der[1]);
}

static inline int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	assert_non_null(b);
	b->now = (struct moment){.wall_us = 1800000000 * SECOND_US, .mono_us = 50 * SECOND_US};
	b->crl_from = 1800000000 - 600;
	b->crl_until = 1800000000 + 86400;
	b->parsed = made_conf(CONF_LEDGER, "[server]\ncache = 1MiB\nanswer_timeout = 2s\n"
					   "[defaults]\nvalidity = 1h\n" MADE_DATABASE
					   "freshness = 5s\n" MADE_ISSUER("A") MADE_ISSUER("B"));
	b->conf = *b->parsed;
	b->sections = b->conf.issuers;
	assert_int_equal(new_ledger(b), 0);
	ledger_lookup_state(b->ledger, true, NULL);
	ledger_front_attach(b->ledger, 0, b->now);
	ledger_front_attach(b->ledger, 1, b->now);
	ledger_signer_attach(b->ledger, 0, b->now);
	load(b);
	ledger_turn_end(b->ledger, b->now);
	forget_frames(b);
	*state = b;
	return 0;
}

static inline int teardown(void **state)
{
	struct bench *b = *state;
	ledger_free(b->ledger);
	conf_free(b->parsed);
	forget_frames(b);
	buffer_deinit(&b->journal[0]);
	buffer_deinit(&b->journal[1]);
	buffer_deinit(&b->explanation);
	free(b);
	return 0;
}

/* ---- asking and answering ---- */

/* Asks for one serial of each issuer named: 0 is A, 1 is B. */
static inline void ask(struct bench *b, unsigned front, uint64_t id, unsigned count,
		       const int *issuers, uint8_t serial)
{
	struct buffer certids[LIMIT_CERTIDS] = {{0}}, payload = {0};
	struct message_query query = {.id = id, .certid_count = count};
	for (unsigned i = 0; i < count; i++) {
		const struct ocsp_issuer *issuer = &b->hashes[issuers[i]];
		made_certid(&certids[i], OCSP_HASH_SHA1, issuer, issuer, view_of(&serial, 1));
		query.certids[i] = buffer_view(&certids[i]);
	}
	message_query_write(&payload, &query);
	assert_int_equal(
		ledger_front_frame(b->ledger, front, MESSAGE_QUERY, buffer_view(&payload), b->now),
		0);
	for (unsigned i = 0; i < count; i++)
		buffer_deinit(&certids[i]);
	buffer_deinit(&payload);
}

static inline void ask_one(struct bench *b, unsigned front, uint64_t id, uint8_t serial)
{
	static const int issuer_a = 0;
	ask(b, front, id, 1, &issuer_a, serial);
}

/* Every key of the batch in flight is a good certificate, of this version. */
static inline void found_good_of(struct bench *b, int64_t version)
{
	struct db_found found[LIMIT_LOOKUP_BATCH] = {{0}};
	struct db_evidence now = evidence(b);
	for (size_t i = 0; i < b->key_count; i++) {
		found[i] = (struct db_found){.found = true};
		found[i].record = (struct cert_record){
			.issuer = b->keys[i].issuer,
			.serial = b->keys[i].serial,
			.version = version,
			.reason = REASON_NONE,
			.revoked_at = TIME_NONE,
			.invalidity_at = TIME_NONE,
			.not_after = TIME_NONE,
		};
	}
	ledger_lookup_done(b->ledger, b->batch, &now, found, b->key_count, b->now);
}

static inline void found_good(struct bench *b)
{
	found_good_of(b, 1);
}

static inline unsigned frames_of(const struct bench *b, uint8_t type)
{
	unsigned count = 0;
	for (unsigned i = 0; i < b->frame_count; i++)
		count += b->frames[i].type == type;
	return count;
}

static inline struct view last_frame(const struct bench *b, uint8_t type)
{
	for (unsigned i = b->frame_count; i-- > 0;)
		if (b->frames[i].type == type)
			return buffer_view(&b->frames[i].payload);
	fail_msg("no frame of type %u", type);
	return (struct view){0};
}

static inline struct message_sign last_job(const struct bench *b)
{
	struct message_sign job;
	assert_int_equal(message_sign_read(last_frame(b, MESSAGE_SIGN), &job), 0);
	return job;
}

static inline struct message_answer last_answer(const struct bench *b)
{
	struct message_answer answer;
	assert_int_equal(message_answer_read(last_frame(b, MESSAGE_ANSWER), &answer), 0);
	return answer;
}

static inline void sign(struct bench *b, const struct message_sign *job, int64_t next_update)
{
	cleanup(buffer_deinit) struct buffer payload = {0};
	struct message_signed m = {
		.id = job->id,
		.produced_at = wall_seconds(b->now.wall_us),
		.next_update = next_update,
		.der = view_of_string("a response"),
	};
	message_signed_write(&payload, &m);
	assert_int_equal(
		ledger_signer_frame(b->ledger, 0, MESSAGE_SIGNED, buffer_view(&payload), b->now),
		0);
}

/* The next version of issuer A's certificate: held, or good again. */
static inline void feed_says(struct bench *b, uint8_t serial, int64_t version,
			     enum cert_status status)
{
	struct db_evidence now = evidence(b);
	bool good = status == CERT_GOOD;
	struct cert_record record = {
		.issuer = 1,
		.serial = {.size = 1, .octets = {serial}},
		.version = version,
		.status = status,
		.reason = good ? REASON_NONE : REASON_CERTIFICATE_HOLD,
		.revoked_at = good ? TIME_NONE : 1700000000,
		.invalidity_at = TIME_NONE,
		.not_after = TIME_NONE,
	};
	ledger_poll(b->ledger, &now, &record, 1, NULL, 0, b->now);
}

static inline void feed_revokes(struct bench *b, uint8_t serial)
{
	struct db_evidence now = evidence(b);
	struct cert_record record = {
		.issuer = 1,
		.serial = {.size = 1, .octets = {serial}},
		.version = 2,
		.status = CERT_REVOKED,
		.reason = REASON_SUPERSEDED,
		.revoked_at = 1700000000,
		.invalidity_at = TIME_NONE,
		.not_after = TIME_NONE,
	};
	ledger_poll(b->ledger, &now, &record, 1, NULL, 0, b->now);
}
