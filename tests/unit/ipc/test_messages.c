/* The codecs between the rooms. A compromised room can send anything: every decoder must refuse
 * what is out of range (doc/faults.md row 32). */
#include "unit.h"

#include "ipc/messages.h"

#include "base/clock.h"
#include "base/result.h"
#include "base/timetext.h"

#define NOW INT64_C(1780000000)

static const uint8_t octets[LIMIT_RESPONSE + 1];

static struct message_query a_query(void)
{
	return (struct message_query){.id = UINT64_MAX,
				      .request = UINT64_MAX - 2,
				      .nonce = view_of(octets, 32),
				      .raw_nonce = true,
				      .certid_count = 2,
				      .certids = {view_of(octets, 70), view_of(octets, 1)}};
}

static struct message_answer an_answer(void)
{
	return (struct message_answer){.id = 7,
				       .result = OCSP_SUCCESSFUL,
				       .cacheable = true,
				       .label.status = OCSP_REVOKED,
				       .label.traits = ANSWER_TRAITS,
				       .label.tag = UINT64_MAX - 1,
				       .label.issuer = 3,
				       .label.produced_at = NOW + 1,
				       .label.this_update = NOW,
				       .label.next_update = NOW + 2,
				       .label.serve_until = NOW + 4,
				       .label.refresh_at = NOW + 3,
				       .name = {UINT64_MAX, 1},
				       .leave_until_mono_us = 6,
				       .der = view_of(octets, 1500)};
}

static struct message_sign a_job(void)
{
	struct message_sign job = {.id = 9,
				   .request = UINT64_MAX - 3,
				   .issuer = LIMIT_ISSUERS - 1,
				   .nonce = view_of(octets, LIMIT_NONCE),
				   .raw_nonce = true,
				   .extended_revoke = true,
				   .this_update = NOW,
				   .next_update = NOW + 100,
				   .count = 2};
	job.entries[0] = (struct sign_entry){.certid = view_of(octets, LIMIT_CERTID),
					     .says.status = OCSP_REVOKED,
					     .says.revoked_at = 0,
					     .says.reason = REASON_CERTIFICATE_HOLD,
					     .says.invalidity_at = NOW - 5,
					     .issuer_name = view_of(octets, LIMIT_NAME)};
	job.entries[1] = (struct sign_entry){.certid = view_of(octets, 50),
					     .says.status = OCSP_UNKNOWN,
					     .says.revoked_at = TIME_NONE,
					     .says.reason = REASON_NONE,
					     .says.invalidity_at = TIME_NONE};
	return job;
}

static struct message_signed a_signature(void)
{
	return (struct message_signed){.id = 9,
				       .result = OCSP_SUCCESSFUL,
				       .produced_at = NOW,
				       .next_update = NOW + 100,
				       .der = view_of(octets, LIMIT_RESPONSE)};
}

/* Refuses the message cut at each octet, and with one octet more. */
#define EXPECT_EXACT(name, message)                                                                \
	do {                                                                                       \
		struct buffer out_ = {0};                                                          \
		struct message_##name back_;                                                       \
		message_##name##_write(&out_, &(message));                                         \
		assert_int_equal(buffer_result(&out_), 0);                                         \
		for (size_t size_ = 0; size_ < out_.size; size_++)                                 \
			assert_int_equal(message_##name##_read(view_of(out_.data, size_), &back_), \
					 -EBADMSG);                                                \
		buffer_put_u8(&out_, 0);                                                           \
		assert_int_equal(message_##name##_read(buffer_view(&out_), &back_), -EBADMSG);     \
		buffer_deinit(&out_);                                                              \
	} while (0)

/* The writer does not make what the reader would refuse. */
#define EXPECT_UNWRITABLE(name, message)                       \
	do {                                                   \
		struct buffer out_ = {0};                      \
		message_##name##_write(&out_, &(message));     \
		assert_int_not_equal(buffer_result(&out_), 0); \
		buffer_deinit(&out_);                          \
	} while (0)

/* Writes `message`, sets the octets at `offset`, and expects a refusal (or, with the value that was
 * there, no refusal: the offset is right). */
#define EXPECT_REFUSED(name, message, offset, size, right, wrong)                              \
	do {                                                                                   \
		struct buffer out_ = {0};                                                      \
		struct message_##name back_;                                                   \
		message_##name##_write(&out_, &(message));                                     \
		assert_int_equal(get(out_.data + (offset), size), (uint64_t)(right));          \
		put(out_.data + (offset), size, (uint64_t)(wrong));                            \
		assert_int_equal(message_##name##_read(buffer_view(&out_), &back_), -EBADMSG); \
		buffer_deinit(&out_);                                                          \
	} while (0)

static uint64_t get(const uint8_t *at, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | at[i];
	return value;
}

static void put(uint8_t *at, size_t size, uint64_t value)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static struct message_explained an_explanation(void)
{
	struct message_explained m = {.id = 1, .count = LIMIT_EXPLAINED};
	for (unsigned i = 0; i < m.count; i++)
		m.entries[i] = (struct explained_entry){
			.served = true,
			.label = {.status = OCSP_REVOKED,
				  .traits = ANSWER_STICKY,
				  .produced_at = NOW,
				  .this_update = NOW,
				  .next_update = NOW + 100,
				  .serve_until = NOW + 100,
				  .refresh_at = NOW + 50},
		};
	return m;
}

/* Row 32: what a front says of its memory is bounded. */
static void explanations_out_of_range_are_refused(void **state)
{
	(void)state;
	struct message_explained m = an_explanation(), back;
	cleanup(buffer_deinit) struct buffer out = {0};
	/* id 8 · count 4 · status 1 · traits 4 · five times · served 1 */
	EXPECT_REFUSED(explained, m, 8, 4, LIMIT_EXPLAINED, LIMIT_EXPLAINED + 1);
	EXPECT_REFUSED(explained, m, 12, 1, OCSP_REVOKED + 1, 9);
	EXPECT_REFUSED(explained, m, 13, 4, ANSWER_STICKY, ANSWER_TRAITS + 1);
	EXPECT_REFUSED(explained, m, 17, 8, NOW, INT64_MAX);
	EXPECT_REFUSED(explained, m, 57, 1, 1, 2);
	message_explained_write(&out, &m);
	assert_int_equal(message_explained_read(buffer_view(&out), &back), 0);
	assert_int_equal(back.count, LIMIT_EXPLAINED);
	assert_int_equal(back.entries[1].label.refresh_at, NOW + 50);
	assert_true(back.entries[LIMIT_EXPLAINED - 1].served);
}

static void truncated_or_longer_messages_are_refused(void **state)
{
	(void)state;
	struct message_query query = a_query();
	struct message_answer answer = an_answer(), none = {.id = 1, .result = OCSP_TRY_LATER};
	struct message_purge purge = {.scope = PURGE_ALL};
	struct message_tick tick = {NOW * SECOND_US, 5, 0};
	struct message_readiness readiness = {.reason = view_of_string("why"),
					      .issuers = view_of("\x00\x04", 2)};
	struct message_sign job = a_job();
	struct message_signed done = a_signature(), failed = {.result = OCSP_INTERNAL_ERROR};
	struct view oid = view_of("\x06\x03\x2b\x65\x70", 5);
	struct message_algorithms algorithms = {.count = 2,
						.algorithms = {{oid, true}, {oid, false}}};
	struct message_offer offer = {.issuer = 3,
				      .count = 2,
				      .algorithms = {oid, oid},
				      .key_hashes = {oid, {0}, oid, view_of(octets, 64)}};
	done.der.size = 1000;
	query.preferred = job.algorithm = oid;
	EXPECT_EXACT(algorithms, algorithms);
	struct message_signed_query around = {.signed_request = oid, .query = oid};
	struct message_verify verify = {.id = 1, .issuer = 3, .signed_request = oid, .request = 5};
	struct message_verified verified = {.id = 1, .result = OCSP_UNAUTHORIZED};
	EXPECT_EXACT(signed_query, around);
	EXPECT_EXACT(verify, verify);
	EXPECT_EXACT(verified, verified);
	EXPECT_EXACT(offer, offer);
	struct message_explain explain = {.id = 1, .tag = 2};
	struct message_explained explained = an_explanation();
	EXPECT_EXACT(explain, explain);
	EXPECT_EXACT(explained, explained);
	EXPECT_EXACT(query, query);
	EXPECT_EXACT(answer, answer);
	EXPECT_EXACT(answer, none);
	EXPECT_EXACT(purge, purge);
	EXPECT_EXACT(tick, tick);
	EXPECT_EXACT(readiness, readiness);
	struct message_issuer issuer = {.number = 1, .name = view_of_string("A")};
	EXPECT_EXACT(issuer, issuer);
	struct message_forget forget = {.scope = PURGE_TAG,
					.name = {UINT64_MAX, 1},
					.issuer = view_of_string("A"),
					.serial = view_of("\x01", 1),
					.key_hashes = {view_of(octets, 20), view_of(octets, 32)},
					.several_names = true};
	EXPECT_EXACT(forget, forget);
	EXPECT_EXACT(sign, job);
	EXPECT_EXACT(signed, done);
	EXPECT_EXACT(signed, failed);
}

/* P-15: a verifier says yes or no, and nothing else. */
static void verifications_out_of_range_are_refused(void **state)
{
	(void)state;
	struct view request = view_of("\x30\x00", 2);
	struct message_signed_query around = {.signed_request = request, .query = request};
	struct message_verify verify = {.id = 1, .issuer = 3, .signed_request = request};
	struct message_verified verified = {.id = 1, .result = OCSP_SUCCESSFUL};
	EXPECT_REFUSED(signed_query, around, 0, 4, 2, LIMIT_REQUEST_BODY + 1);
	EXPECT_REFUSED(signed_query, around, 0, 4, 2, 0);
	EXPECT_REFUSED(verify, verify, 8, 4, 3, LIMIT_ISSUERS);
	EXPECT_REFUSED(verify, verify, 12, 4, 2, LIMIT_REQUEST_BODY + 1);
	EXPECT_REFUSED(verified, verified, 8, 1, 1, OCSP_SIG_REQUIRED + 1);
	EXPECT_REFUSED(verified, verified, 8, 1, 1, OCSP_INTERNAL_ERROR + 1);
}

static void names_out_of_range_are_refused(void **state)
{
	(void)state;
	struct message_issuer issuer = {.number = 1, .name = view_of_string("A")};
	EXPECT_REFUSED(issuer, issuer, 0, 4, 1, LIMIT_ISSUERS + 1);
	EXPECT_REFUSED(issuer, issuer, 0, 4, 1, 0);
	EXPECT_REFUSED(issuer, issuer, 4, 4, 1, LIMIT_ISSUER_NAME + 1);
	issuer.name = view_of(octets, LIMIT_ISSUER_NAME + 1);
	EXPECT_UNWRITABLE(issuer, issuer);
	issuer.name.size = 0;
	EXPECT_UNWRITABLE(issuer, issuer);
}

/* scope 1 · names 16 · issuer · serial · 8 hashes · several names 1 */
static void what_shall_be_forgotten_is_bounded(void **state)
{
	(void)state;
	struct message_forget forget = {.scope = PURGE_TAG, .issuer = view_of_string("A")};
	EXPECT_REFUSED(forget, forget, 0, 1, PURGE_TAG + 1, 1);
	EXPECT_REFUSED(forget, forget, 0, 1, PURGE_TAG + 1, PURGE_ALL + 2);
	EXPECT_REFUSED(forget, forget, 17, 4, 1, LIMIT_ISSUER_NAME + 1);
	EXPECT_REFUSED(forget, forget, 22, 4, 0, LIMIT_SERIAL + 1);
	EXPECT_REFUSED(forget, forget, 26, 4, 0, 65);
	EXPECT_REFUSED(forget, forget, 58, 1, 0, 2);
	forget.serial = view_of(octets, LIMIT_SERIAL + 1);
	EXPECT_UNWRITABLE(forget, forget);
	forget.serial.size = 0;
	forget.key_hashes[3] = view_of(octets, 65);
	EXPECT_UNWRITABLE(forget, forget);
}

/* P-17, P-37: what a signer or a front says of algorithms is bounded. */
static void algorithms_out_of_range_are_refused(void **state)
{
	(void)state;
	struct view oid = view_of("\x06\x03\x2b\x65\x70", 5), none = {0};
	struct view longest = view_of(octets, LIMIT_OID + 1);
	struct message_algorithms algorithms = {.count = 1, .algorithms = {{oid, true}}};
	struct message_offer offer = {.issuer = 3, .count = 1, .algorithms = {oid}};
	/* count 4 · OID 4+5 · decisive 1; issuer 4 · count 4 · hashes 4×4 · OID 4+5 */
	EXPECT_REFUSED(algorithms, algorithms, 0, 4, 1, LIMIT_ALGORITHMS + 1);
	EXPECT_REFUSED(algorithms, algorithms, 4, 4, 5, LIMIT_OID + 1);
	EXPECT_REFUSED(algorithms, algorithms, 13, 1, 1, 2);
	EXPECT_REFUSED(offer, offer, 0, 4, 3, LIMIT_ISSUERS);
	EXPECT_REFUSED(offer, offer, 4, 4, 1, LIMIT_ISSUER_SIGNERS + 1);
	offer.key_hashes[1] = view_of(octets, 65);
	EXPECT_UNWRITABLE(offer, offer);
	offer.key_hashes[1] = none;
	offer.algorithms[0] = none;
	EXPECT_UNWRITABLE(offer, offer);
	algorithms.algorithms[0].oid = longest;
	EXPECT_UNWRITABLE(algorithms, algorithms);
	struct message_sign job = a_job();
	job.algorithm = longest;
	EXPECT_UNWRITABLE(sign, job);
	struct message_query query = a_query();
	query.preferred = view_of(octets, LIMIT_PREFERENCES + 1);
	EXPECT_UNWRITABLE(query, query);
}

/* Counts one element more, of which a copy is put before the first: everything else is well formed.
 * All elements have the same octets; `tail` is what stands behind the last. */
static void add_element(struct buffer *b, size_t count_at, size_t first_at, size_t tail)
{
	size_t count = get(b->data + count_at, 4);
	size_t size = (b->size - first_at - tail) / count;
	assert_non_null(buffer_reserve(b, size));
	memmove(b->data + first_at + size, b->data + first_at, b->size - first_at);
	b->size += size;
	put(b->data + count_at, 4, count + 1);
}

#define EXPECT_NO_MORE(name, message, count_at, first_at, tail)                                \
	do {                                                                                   \
		struct buffer out_ = {0};                                                      \
		struct message_##name back_;                                                   \
		message_##name##_write(&out_, &(message));                                     \
		assert_int_equal(message_##name##_read(buffer_view(&out_), &back_), 0);        \
		add_element(&out_, count_at, first_at, tail);                                  \
		assert_int_equal(message_##name##_read(buffer_view(&out_), &back_), -EBADMSG); \
		buffer_deinit(&out_);                                                          \
	} while (0)

/* Whoever reads them has room for so many: doc/faults.md row 32; P-11, P-17, P-37. */
static void one_element_more_than_there_is_room_for_is_refused(void **state)
{
	(void)state;
	struct view oid = view_of("\x06\x03\x2b\x65\x70", 5);
	struct message_query query = {.certid_count = LIMIT_CERTIDS};
	struct message_sign job = a_job();
	struct message_algorithms algorithms = {.count = LIMIT_ALGORITHMS};
	struct message_offer offer = {.count = LIMIT_ISSUER_SIGNERS};
	job.nonce = (struct view){0};
	job.count = LIMIT_CERTIDS;
	for (unsigned i = 0; i < LIMIT_CERTIDS; i++) {
		query.certids[i] = view_of(octets, 70);
		job.entries[i] = job.entries[1];
	}
	job.entries[0] = job.entries[1];
	for (unsigned i = 0; i < LIMIT_ALGORITHMS; i++)
		algorithms.algorithms[i].oid = oid;
	for (unsigned i = 0; i < LIMIT_ISSUER_SIGNERS; i++)
		offer.algorithms[i] = oid;
	/* id 8 · nonce 4 · count 4 · … · preferred 4 · raw 1 · request 8 */
	EXPECT_NO_MORE(query, query, 12, 16, 13);
	/* id 8 · issuer 4 · nonce 4 · extended 1 · times 16 · unknown 1 · count 4 · … · 4+1+8 */
	EXPECT_NO_MORE(sign, job, 34, 38, 13);
	EXPECT_NO_MORE(algorithms, algorithms, 0, 4, 0);
	/* issuer 4 · count 4 · hashes 4×4 */
	EXPECT_NO_MORE(offer, offer, 4, 24, 0);
}

static void query_fields_out_of_range_are_refused(void **state)
{
	(void)state;
	struct message_query query = a_query();
	/* id 8 · nonce 4+32 · count 4 · certid 4+70 · certid 4+1 */
	EXPECT_REFUSED(query, query, 8, 4, 32, LIMIT_NONCE + 1);
	EXPECT_REFUSED(query, query, 44, 4, 2, 0);
	EXPECT_REFUSED(query, query, 44, 4, 2, LIMIT_CERTIDS + 1);
	EXPECT_REFUSED(query, query, 48, 4, 70, LIMIT_CERTID + 1);
	EXPECT_REFUSED(query, query, 122, 4, 1, 0);
	query.certid_count = LIMIT_CERTIDS + 1;
	EXPECT_UNWRITABLE(query, query);
	query.certid_count = 0;
	EXPECT_UNWRITABLE(query, query);
	query = a_query();
	query.nonce.size = LIMIT_NONCE + 1;
	EXPECT_UNWRITABLE(query, query);
	query = a_query();
	query.certids[1].size = 0;
	EXPECT_UNWRITABLE(query, query);
}

static void answer_fields_out_of_range_are_refused(void **state)
{
	(void)state;
	struct message_answer answer = an_answer();
	/* id 8 · result 1 · cacheable 1 · status 1 · traits 4 · tag 8 · issuer 4 · 5 times · 2 names · until 8 · der */
	EXPECT_REFUSED(answer, answer, 8, 1, 1, 5); /* 4 is never used (P-21) */
	EXPECT_REFUSED(answer, answer, 8, 1, 1, 8);
	EXPECT_REFUSED(answer, answer, 8, 1, 1, 255);
	EXPECT_REFUSED(answer, answer, 8, 1, 1, 0);
	EXPECT_REFUSED(answer, answer, 9, 1, 1, 2);
	EXPECT_REFUSED(answer, answer, 10, 1, 2, 0);
	EXPECT_REFUSED(answer, answer, 10, 1, 2, 4);
	EXPECT_REFUSED(answer, answer, 11, 4, ANSWER_TRAITS, ANSWER_TRAITS + 1);
	EXPECT_REFUSED(answer, answer, 23, 4, 3, 0x80000000);
	for (size_t time = 0; time < 5; time++) {
		uint64_t right = (uint64_t)(NOW + (const int64_t[]){1, 0, 2, 4, 3}[time]);
		EXPECT_REFUSED(answer, answer, 27 + 8 * time, 8, right, TIME_MOST + 1);
		EXPECT_REFUSED(answer, answer, 27 + 8 * time, 8, right, TIME_LEAST - 1);
		EXPECT_REFUSED(answer, answer, 27 + 8 * time, 8, right, TIME_NONE);
	}
	EXPECT_REFUSED(answer, answer, 83, 8, 6, -1);
	EXPECT_REFUSED(answer, answer, 91, 4, 1500, LIMIT_RESPONSE + 1);
	answer.der.size = 0;
	EXPECT_UNWRITABLE(answer, answer);
	answer.der.size = LIMIT_RESPONSE + 1;
	EXPECT_UNWRITABLE(answer, answer);
}

static void an_answer_without_response_carries_nothing_else(void **state)
{
	(void)state;
	struct message_answer answer = an_answer(), back;
	answer.result = OCSP_UNAUTHORIZED;
	cleanup(buffer_deinit) struct buffer out = {0};
	message_answer_write(&out, &answer);
	assert_int_equal(out.size, 9);
	assert_int_equal(message_answer_read(buffer_view(&out), &back), 0);
	assert_int_equal(back.result, OCSP_UNAUTHORIZED);
	assert_int_equal(back.id, answer.id);
	assert_int_equal(back.der.size, 0);
	assert_false(back.cacheable);
	buffer_put_bool(&out, true); /* the first field of a response */
	assert_int_equal(message_answer_read(buffer_view(&out), &back), -EBADMSG);
}

static void purge_tick_and_readiness_out_of_range_are_refused(void **state)
{
	(void)state;
	struct message_purge purge = {.scope = PURGE_ISSUER, .tag = 5, .issuer = 1};
	EXPECT_REFUSED(purge, purge, 0, 1, 3, 1);
	EXPECT_REFUSED(purge, purge, 0, 1, 3, 5);
	EXPECT_REFUSED(purge, purge, 9, 4, 1, 0xffffffff);
	struct message_tick tick = {NOW * SECOND_US, -1, 0};
	EXPECT_REFUSED(tick, tick, 0, 8, NOW * SECOND_US, INT64_MAX);
	EXPECT_REFUSED(tick, tick, 0, 8, NOW * SECOND_US, INT64_MIN);
	EXPECT_REFUSED(tick, tick, 16, 8, 0, -1);
	struct message_readiness readiness = {.ready = true,
					      .reason = view_of(octets, LIMIT_READINESS_REASON)};
	EXPECT_REFUSED(readiness, readiness, 0, 1, 1, 2);
	EXPECT_REFUSED(readiness, readiness, 1, 4, LIMIT_READINESS_REASON,
		       LIMIT_READINESS_REASON + 1);
	readiness.reason = view_of(octets, 0);
	readiness.issuers = view_of("\x00\x06", 2);
	EXPECT_REFUSED(readiness, readiness, 10, 1, ISSUER_READINESSES - 1, ISSUER_READINESSES);
	static const uint8_t issuers[LIMIT_ISSUERS + 1];
	struct message_readiness back;
	cleanup(buffer_deinit) struct buffer out = {0};
	readiness.issuers = view_of(issuers, LIMIT_ISSUERS);
	message_readiness_write(&out, &readiness);
	assert_int_equal(message_readiness_read(buffer_view(&out), &back), 0);
	buffer_reset(&out);
	buffer_put_bool(&out, true);
	buffer_put_sized(&out, view_of(issuers, 0));
	buffer_put_sized(&out, view_of(issuers, LIMIT_ISSUERS + 1));
	assert_int_equal(message_readiness_read(buffer_view(&out), &back), -EBADMSG);
}

static void a_long_readiness_reason_is_cut(void **state)
{
	(void)state;
	struct message_readiness readiness = {.reason = view_of(octets, 5000)}, back;
	cleanup(buffer_deinit) struct buffer out = {0};
	message_readiness_write(&out, &readiness);
	assert_int_equal(message_readiness_read(buffer_view(&out), &back), 0);
	assert_int_equal(back.reason.size, LIMIT_READINESS_REASON);
}

static void sign_fields_out_of_range_are_refused(void **state)
{
	(void)state;
	struct message_sign job = a_job();
	/* id 8 · issuer 4 · nonce 4+128 · extended 1 · times 16 · unknown_issuer 1 · count 4 · entries from 166:
	 * certid 4+256 · status 1 · revoked_at 8 · reason 1 · invalidity_at 8 */
	EXPECT_REFUSED(sign, job, 8, 4, LIMIT_ISSUERS - 1, LIMIT_ISSUERS);
	EXPECT_REFUSED(sign, job, 12, 4, LIMIT_NONCE, LIMIT_NONCE + 1);
	EXPECT_REFUSED(sign, job, 144, 1, 1, 255);
	EXPECT_REFUSED(sign, job, 145, 8, NOW, TIME_NONE);
	EXPECT_REFUSED(sign, job, 153, 8, NOW + 100, TIME_MOST + 1);
	EXPECT_REFUSED(sign, job, 162, 4, 2, 0);
	EXPECT_REFUSED(sign, job, 162, 4, 2, LIMIT_CERTIDS + 1);
	EXPECT_REFUSED(sign, job, 166, 4, LIMIT_CERTID, 0);
	EXPECT_REFUSED(sign, job, 166, 4, LIMIT_CERTID, LIMIT_CERTID + 1);
	EXPECT_REFUSED(sign, job, 426, 1, OCSP_REVOKED + 1, 4);
	EXPECT_REFUSED(sign, job, 427, 8, 0, TIME_MOST + 1);
	EXPECT_REFUSED(sign, job, 435, 1, REASON_CERTIFICATE_HOLD + 1, 7 + 1);
	EXPECT_REFUSED(sign, job, 435, 1, REASON_CERTIFICATE_HOLD + 1, 8 + 1);
	EXPECT_REFUSED(sign, job, 435, 1, REASON_CERTIFICATE_HOLD + 1, REASON_AA_COMPROMISE + 2);
	EXPECT_REFUSED(sign, job, 436, 8, NOW - 5, TIME_LEAST - 1);
}

static void a_revocation_time_stands_exactly_where_a_revocation_is(void **state)
{
	(void)state;
	struct message_sign job = a_job();
	EXPECT_REFUSED(sign, job, 427, 8, 0, TIME_NONE);
	EXPECT_REFUSED(sign, job, 426, 1, OCSP_REVOKED + 1, OCSP_GOOD + 1);
	job.entries[0].says.status = OCSP_GOOD;
	EXPECT_UNWRITABLE(sign, job);
}

static void signed_fields_out_of_range_are_refused(void **state)
{
	(void)state;
	struct message_signed done = a_signature();
	/* id 8 · result 1 · times 16 · cost 4 · der */
	EXPECT_REFUSED(signed, done, 8, 1, 1, OCSP_UNAUTHORIZED + 1);
	EXPECT_REFUSED(signed, done, 8, 1, 1, OCSP_MALFORMED_REQUEST + 1);
	EXPECT_REFUSED(signed, done, 9, 8, NOW, INT64_MAX);
	EXPECT_REFUSED(signed, done, 17, 8, NOW + 100, INT64_MIN);
	EXPECT_REFUSED(signed, done, 29, 4, LIMIT_RESPONSE, LIMIT_RESPONSE + 1);
}

static void a_query_comes_back_as_it_was(void **state)
{
	(void)state;
	struct message_query query = a_query(), back;
	cleanup(buffer_deinit) struct buffer out = {0};
	message_query_write(&out, &query);
	assert_int_equal(message_query_read(buffer_view(&out), &back), 0);
	assert_int_equal(back.id, query.id);
	assert_int_equal(back.request, query.request);
	assert_view_equal(back.nonce, query.nonce);
	assert_true(back.raw_nonce);
	assert_int_equal(back.certid_count, 2);
	assert_view_equal(back.certids[0], query.certids[0]);
	assert_view_equal(back.certids[1], query.certids[1]);
}

static void an_answer_comes_back_as_it_was(void **state)
{
	(void)state;
	struct message_answer answer = an_answer(), back;
	cleanup(buffer_deinit) struct buffer out = {0};
	message_answer_write(&out, &answer);
	assert_int_equal(message_answer_read(buffer_view(&out), &back), 0);
	assert_int_equal(back.id, answer.id);
	assert_int_equal(back.result, answer.result);
	assert_int_equal(back.cacheable, answer.cacheable);
	assert_int_equal(back.label.status, answer.label.status);
	assert_int_equal(back.label.tag, answer.label.tag);
	assert_int_equal(back.label.issuer, answer.label.issuer);
	assert_int_equal(back.label.produced_at, answer.label.produced_at);
	assert_int_equal(back.label.this_update, answer.label.this_update);
	assert_int_equal(back.label.next_update, answer.label.next_update);
	assert_int_equal(back.label.refresh_at, answer.label.refresh_at);
	assert_int_equal(back.leave_until_mono_us, 6);
	assert_view_equal(back.der, answer.der);
}

static void a_job_comes_back_as_it_was(void **state)
{
	(void)state;
	struct message_sign job = a_job(), back;
	cleanup(buffer_deinit) struct buffer out = {0};
	message_sign_write(&out, &job);
	assert_int_equal(message_sign_read(buffer_view(&out), &back), 0);
	assert_int_equal(back.id, job.id);
	assert_int_equal(back.request, job.request);
	assert_int_equal(back.issuer, job.issuer);
	assert_view_equal(back.nonce, job.nonce);
	assert_true(back.raw_nonce);
	assert_true(back.extended_revoke);
	assert_int_equal(back.this_update, job.this_update);
	assert_int_equal(back.next_update, job.next_update);
	assert_int_equal(back.count, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_view_equal(back.entries[i].certid, job.entries[i].certid);
		assert_int_equal(back.entries[i].says.status, job.entries[i].says.status);
		assert_int_equal(back.entries[i].says.revoked_at, job.entries[i].says.revoked_at);
		assert_int_equal(back.entries[i].says.reason, job.entries[i].says.reason);
		assert_int_equal(back.entries[i].says.invalidity_at,
				 job.entries[i].says.invalidity_at);
		assert_view_equal(back.entries[i].issuer_name, job.entries[i].issuer_name);
	}
}

static void the_small_messages_come_back_as_they_were(void **state)
{
	(void)state;
	struct message_purge purge = {.scope = PURGE_TAG, .tag = 5, .issuer = 1}, purged;
	struct message_tick tick = {NOW * SECOND_US, -1, 9}, ticked;
	struct message_signed done = a_signature(), back;
	cleanup(buffer_deinit) struct buffer out = {0};
	message_purge_write(&out, &purge);
	assert_int_equal(message_purge_read(buffer_view(&out), &purged), 0);
	assert_int_equal(purged.scope, PURGE_TAG);
	assert_int_equal(purged.tag, 5);
	assert_int_equal(purged.issuer, 1);
	buffer_reset(&out);
	message_tick_write(&out, &tick);
	assert_int_equal(message_tick_read(buffer_view(&out), &ticked), 0);
	assert_int_equal(ticked.evidence_us, tick.evidence_us);
	assert_int_equal(ticked.serve_until_mono_us, -1);
	assert_int_equal(ticked.live_until_mono_us, 9);
	buffer_reset(&out);
	message_signed_write(&out, &done);
	assert_int_equal(message_signed_read(buffer_view(&out), &back), 0);
	assert_int_equal(back.id, 9);
	assert_int_equal(back.produced_at, NOW);
	assert_int_equal(back.next_update, NOW + 100);
	assert_view_equal(back.der, done.der);
}

/* The largest of each fits into one frame. */
static void every_message_fits_into_a_frame(void **state)
{
	(void)state;
	struct message_query query = {.nonce = view_of(octets, LIMIT_NONCE),
				      .certid_count = LIMIT_CERTIDS};
	struct message_answer answer = an_answer();
	answer.der.size = LIMIT_RESPONSE;
	for (unsigned i = 0; i < LIMIT_CERTIDS; i++)
		query.certids[i] = view_of(octets, LIMIT_CERTID);
	cleanup(buffer_deinit) struct buffer out = {.most = LIMIT_FRAME - 1};
	message_query_write(&out, &query);
	assert_int_equal(buffer_result(&out), 0);
	buffer_reset(&out);
	message_answer_write(&out, &answer);
	assert_int_equal(buffer_result(&out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truncated_or_longer_messages_are_refused),
		cmocka_unit_test(explanations_out_of_range_are_refused),
		cmocka_unit_test(names_out_of_range_are_refused),
		cmocka_unit_test(what_shall_be_forgotten_is_bounded),
		cmocka_unit_test(algorithms_out_of_range_are_refused),
		cmocka_unit_test(one_element_more_than_there_is_room_for_is_refused),
		cmocka_unit_test(query_fields_out_of_range_are_refused),
		cmocka_unit_test(answer_fields_out_of_range_are_refused),
		cmocka_unit_test(an_answer_without_response_carries_nothing_else),
		cmocka_unit_test(purge_tick_and_readiness_out_of_range_are_refused),
		cmocka_unit_test(a_long_readiness_reason_is_cut),
		cmocka_unit_test(sign_fields_out_of_range_are_refused),
		cmocka_unit_test(a_revocation_time_stands_exactly_where_a_revocation_is),
		cmocka_unit_test(verifications_out_of_range_are_refused),
		cmocka_unit_test(signed_fields_out_of_range_are_refused),
		cmocka_unit_test(a_query_comes_back_as_it_was),
		cmocka_unit_test(an_answer_comes_back_as_it_was),
		cmocka_unit_test(a_job_comes_back_as_it_was),
		cmocka_unit_test(the_small_messages_come_back_as_they_were),
		cmocka_unit_test(every_message_fits_into_a_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
