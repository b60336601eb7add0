/* One table a message: where each field lies in the struct and what values it may have. Writer and
 * reader go through the same rows, so they cannot disagree, and the writer refuses what a reader
 * would. Integers are big-endian; an enum is one octet, its value + 1 (REASON_NONE is -1); a view
 * is a 32-bit length and the octets.
 *
 * An answer without a response (`result` is not SUCCESSFUL) ends after the result. */
#include "ipc/messages.h"

#include "base/clock.h"
#include "base/result.h"
#include "base/timetext.h"

#include <assert.h>

enum field_kind {
	FIELD_U64, /* any value */
	FIELD_I64,
	FIELD_TIME, /* seconds: least … most, or TIME_NONE where `allowed` is not 0 */
	FIELD_U32,
	FIELD_BOOL,
	FIELD_ENUM, /* bit value + 1 of `allowed` is set */
	FIELD_VIEW, /* least … most octets */
};

struct field {
	enum field_kind kind;
	uint32_t allowed;
	size_t offset;
	int64_t least, most;
};

#define SIZED(type, member, size) \
	(offsetof(type, member) + 0 * sizeof(char[sizeof(((type *)0)->member) == (size) ? 1 : -1]))
#define U64(type, member) FIELD_U64, 0, SIZED(type, member, 8), 0, 0
#define I64(type, member, least, most) FIELD_I64, 0, SIZED(type, member, 8), least, most
#define TIME(type, member) FIELD_TIME, 0, SIZED(type, member, 8), TIME_LEAST, TIME_MOST
#define TIME_OR_NONE(type, member) FIELD_TIME, 1, SIZED(type, member, 8), TIME_LEAST, TIME_MOST
#define U32(type, member, least, most) FIELD_U32, 0, SIZED(type, member, 4), least, most
#define BOOL(type, member) FIELD_BOOL, 0, SIZED(type, member, 1), 0, 1
#define ENUM(type, member, allowed) FIELD_ENUM, allowed, SIZED(type, member, 4), 0, 0
#define VIEW(type, member, least, most) \
	FIELD_VIEW, 0, SIZED(type, member, sizeof(struct view)), least, most

static_assert(sizeof(bool) == 1, "BOOL fields are one octet");
static_assert(OCSP_HASHES == 4, "key_hashes");
#define LIMIT_HASH 64 /* SHA-512 */

#define BIT(value) (UINT32_C(1) << ((value) + 1))
#define STATUSES (BIT(OCSP_GOOD) | BIT(OCSP_REVOKED) | BIT(OCSP_UNKNOWN))
#define RESULTS                                                                          \
	(BIT(OCSP_SUCCESSFUL) | BIT(OCSP_MALFORMED_REQUEST) | BIT(OCSP_INTERNAL_ERROR) | \
	 BIT(OCSP_TRY_LATER) | BIT(OCSP_SIG_REQUIRED) | BIT(OCSP_UNAUTHORIZED))
#define SIGNED_RESULTS (BIT(OCSP_SUCCESSFUL) | BIT(OCSP_INTERNAL_ERROR) | BIT(OCSP_TRY_LATER))
#define SCOPES (BIT(PURGE_TAG) | BIT(PURGE_ISSUER) | BIT(PURGE_ALL))
/* 7 and removeFromCRL(8) are no state of a certificate (P-29). */
#define REASONS                                                                                 \
	(BIT(REASON_NONE) | BIT(REASON_UNSPECIFIED) | BIT(REASON_KEY_COMPROMISE) |              \
	 BIT(REASON_CA_COMPROMISE) | BIT(REASON_AFFILIATION_CHANGED) | BIT(REASON_SUPERSEDED) | \
	 BIT(REASON_CESSATION_OF_OPERATION) | BIT(REASON_CERTIFICATE_HOLD) |                    \
	 BIT(REASON_PRIVILEGE_WITHDRAWN) | BIT(REASON_AA_COMPROMISE))

static const struct field query_fields[] = {
	{U64(struct message_query, id)},
	{VIEW(struct message_query, nonce, 0, LIMIT_NONCE)},
	{U32(struct message_query, certid_count, 1, LIMIT_CERTIDS)},
};
static const struct field query_certid[] = {
	{FIELD_VIEW, 0, 0, 1, LIMIT_CERTID},
};

static const struct field query_end[] = {
	{VIEW(struct message_query, preferred, 0, LIMIT_PREFERENCES)},
	{BOOL(struct message_query, raw_nonce)},
	{BOOL(struct message_query, refresh)},
	{U64(struct message_query, request)},
};

static const struct field answer_result[] = {
	{U64(struct message_answer, id)},
	{ENUM(struct message_answer, result, RESULTS)},
};
static const struct field answer_response[] = {
	{BOOL(struct message_answer, cacheable)},
	{ENUM(struct message_answer, label.status, STATUSES)},
	{U32(struct message_answer, label.traits, 0, ANSWER_TRAITS)},
	{U64(struct message_answer, label.tag)},
	{U32(struct message_answer, label.issuer, 0, INT32_MAX)},
	{TIME(struct message_answer, label.produced_at)},
	{TIME(struct message_answer, label.this_update)},
	{TIME(struct message_answer, label.next_update)},
	{TIME(struct message_answer, label.serve_until)},
	{TIME(struct message_answer, label.refresh_at)},
	{U64(struct message_answer, name.certificate)},
	{U64(struct message_answer, name.issuer)},
	{I64(struct message_answer, leave_until_mono_us, 0, INT64_MAX)},
	{VIEW(struct message_answer, der, 1, LIMIT_RESPONSE)},
};

static const struct field purge_fields[] = {
	{ENUM(struct message_purge, scope, SCOPES)},
	{U64(struct message_purge, tag)},
	{U32(struct message_purge, issuer, 0, INT32_MAX)},
};

static const struct field tick_fields[] = {
	{I64(struct message_tick, evidence_us, TIME_LEAST *SECOND_US, TIME_MOST *SECOND_US)},
	{I64(struct message_tick, serve_until_mono_us, INT64_MIN, INT64_MAX)},
	{I64(struct message_tick, live_until_mono_us, 0, INT64_MAX)},
};

static const struct field readiness_fields[] = {
	{BOOL(struct message_readiness, ready)},
	{VIEW(struct message_readiness, reason, 0, LIMIT_READINESS_REASON)},
	{VIEW(struct message_readiness, issuers, 0, LIMIT_ISSUERS)},
};

static const struct field issuer_fields[] = {
	{U32(struct message_issuer, number, 1, LIMIT_ISSUERS)},
	{VIEW(struct message_issuer, name, 1, LIMIT_ISSUER_NAME)},
};

static const struct field explain_fields[] = {
	{U64(struct message_explain, id)},
	{U64(struct message_explain, tag)},
};
static const struct field explained_fields[] = {
	{U64(struct message_explained, id)},
	{U32(struct message_explained, count, 0, LIMIT_EXPLAINED)},
};
static const struct field explained_each[] = {
	{ENUM(struct explained_entry, label.status, STATUSES)},
	{U32(struct explained_entry, label.traits, 0, ANSWER_TRAITS)},
	{TIME(struct explained_entry, label.produced_at)},
	{TIME(struct explained_entry, label.this_update)},
	{TIME(struct explained_entry, label.next_update)},
	{TIME(struct explained_entry, label.serve_until)},
	{TIME(struct explained_entry, label.refresh_at)},
	{BOOL(struct explained_entry, served)},
};

static const struct field sign_fields[] = {
	{U64(struct message_sign, id)},
	{U32(struct message_sign, issuer, 0, LIMIT_ISSUERS - 1)},
	{VIEW(struct message_sign, nonce, 0, LIMIT_NONCE)},
	{BOOL(struct message_sign, extended_revoke)},
	{TIME(struct message_sign, this_update)},
	{TIME(struct message_sign, next_update)},
	{BOOL(struct message_sign, unknown_issuer)},
	{U32(struct message_sign, count, 1, LIMIT_CERTIDS)},
};
static const struct field sign_entry_fields[] = {
	{VIEW(struct sign_entry, certid, 1, LIMIT_CERTID)},
	{ENUM(struct sign_entry, says.status, STATUSES)},
	{TIME_OR_NONE(struct sign_entry, says.revoked_at)},
	{ENUM(struct sign_entry, says.reason, REASONS)},
	{TIME_OR_NONE(struct sign_entry, says.invalidity_at)},
};
#define FACT_OCTETS_FIELD(member, extension, most) \
	[FACT_##member] = {VIEW(struct sign_entry, facts.member, 0, most)},
#define FACT_TIME_FIELD(member, extension) \
	[FACT_##member] = {I64(struct sign_entry, facts.member, 0, TIME_MOST)},
static const struct field sign_fact_fields[] = {FACT_ROWS(FACT_OCTETS_FIELD, FACT_TIME_FIELD)};
static const struct field sign_entry_end[] = {
	{VIEW(struct sign_entry, issuer_name, 0, LIMIT_NAME)},
};

static const struct field sign_end[] = {
	{VIEW(struct message_sign, algorithm, 0, LIMIT_OID)},
	{BOOL(struct message_sign, raw_nonce)},
	{U64(struct message_sign, request)},
};

static const struct field algorithms_fields[] = {
	{U32(struct message_algorithms, count, 0, LIMIT_ALGORITHMS)},
};
static const struct field algorithms_each[] = {
	{VIEW(struct message_algorithm, oid, 1, LIMIT_OID)},
	{BOOL(struct message_algorithm, decisive)},
};

static const struct field offer_fields[] = {
	{U32(struct message_offer, issuer, 0, LIMIT_ISSUERS - 1)},
	{U32(struct message_offer, count, 0, LIMIT_ISSUER_SIGNERS)},
	{VIEW(struct message_offer, key_hashes[0], 0, LIMIT_HASH)},
	{VIEW(struct message_offer, key_hashes[1], 0, LIMIT_HASH)},
	{VIEW(struct message_offer, key_hashes[2], 0, LIMIT_HASH)},
	{VIEW(struct message_offer, key_hashes[3], 0, LIMIT_HASH)},
	{VIEW(struct message_offer, signers, 0, LIMIT_HASH)},
};
static const struct field offer_algorithm[] = {
	{FIELD_VIEW, 0, 0, 1, LIMIT_OID},
};

static const struct field signed_result[] = {
	{U64(struct message_signed, id)},
	{ENUM(struct message_signed, result, SIGNED_RESULTS)},
};
static const struct field signed_response[] = {
	{TIME(struct message_signed, produced_at)},
	{TIME(struct message_signed, next_update)},
	{U32(struct message_signed, cost_us, 0, UINT32_MAX)},
	{VIEW(struct message_signed, der, 1, LIMIT_RESPONSE)},
};

#define QUERY_MOST (LIMIT_CERTIDS * (LIMIT_CERTID + 4u) + LIMIT_NONCE + 1024u)
static const struct field signed_query_fields[] = {
	{VIEW(struct message_signed_query, signed_request, 1, LIMIT_REQUEST_BODY)},
	{VIEW(struct message_signed_query, query, 1, QUERY_MOST)},
};
static const struct field verify_fields[] = {
	{U64(struct message_verify, id)},
	{U32(struct message_verify, issuer, 0, LIMIT_ISSUERS - 1)},
	{VIEW(struct message_verify, signed_request, 1, LIMIT_REQUEST_BODY)},
	{U64(struct message_verify, request)},
};
#define VERIFIED_RESULTS                                                            \
	(BIT(OCSP_SUCCESSFUL) | BIT(OCSP_MALFORMED_REQUEST) | BIT(OCSP_TRY_LATER) | \
	 BIT(OCSP_UNAUTHORIZED))
static const struct field verified_fields[] = {
	{U64(struct message_verified, id)},
	{ENUM(struct message_verified, result, VERIFIED_RESULTS)},
};

static const struct field forget_fields[] = {
	{ENUM(struct message_forget, scope, SCOPES)},
	{U64(struct message_forget, name.certificate)},
	{U64(struct message_forget, name.issuer)},
	{VIEW(struct message_forget, issuer, 0, LIMIT_ISSUER_NAME)},
	{VIEW(struct message_forget, serial, 0, LIMIT_SERIAL)},
	{VIEW(struct message_forget, name_hashes[0], 0, LIMIT_HASH)},
	{VIEW(struct message_forget, key_hashes[0], 0, LIMIT_HASH)},
	{VIEW(struct message_forget, name_hashes[1], 0, LIMIT_HASH)},
	{VIEW(struct message_forget, key_hashes[1], 0, LIMIT_HASH)},
	{VIEW(struct message_forget, name_hashes[2], 0, LIMIT_HASH)},
	{VIEW(struct message_forget, key_hashes[2], 0, LIMIT_HASH)},
	{VIEW(struct message_forget, name_hashes[3], 0, LIMIT_HASH)},
	{VIEW(struct message_forget, key_hashes[3], 0, LIMIT_HASH)},
	{BOOL(struct message_forget, several_names)},
};

/* ---- one field ---- */

static bool in_range(const struct field *field, int64_t value)
{
	return value >= field->least && value <= field->most;
}

static bool time_fits(const struct field *field, int64_t value)
{
	return in_range(field, value) || (field->allowed && value == TIME_NONE);
}

static bool enum_fits(const struct field *field, int32_t value)
{
	return value >= -1 && value <= 30 && (field->allowed & BIT(value));
}

/* Copies one member; its size is checked by the row's macro. */
#define MEMBER_GET(variable, at) memcpy(&(variable), at, sizeof(variable))
#define MEMBER_SET(at, variable) memcpy(at, &(variable), sizeof(variable))

static bool write_number(struct buffer *out, const struct field *field, const uint8_t *at)
{
	int64_t value;
	MEMBER_GET(value, at);
	buffer_put_i64(out, value);
	return field->kind == FIELD_U64 || time_fits(field, value);
}

static bool write_u32(struct buffer *out, const struct field *field, const uint8_t *at)
{
	uint32_t value;
	MEMBER_GET(value, at);
	buffer_put_u32(out, value);
	return in_range(field, value);
}

static bool write_bool(struct buffer *out, const uint8_t *at)
{
	bool value;
	MEMBER_GET(value, at);
	buffer_put_bool(out, value);
	return true;
}

static bool write_enum(struct buffer *out, const struct field *field, const uint8_t *at)
{
	int32_t value;
	MEMBER_GET(value, at);
	buffer_put_u8(out, (uint8_t)(value + 1));
	return enum_fits(field, value);
}

static bool write_view(struct buffer *out, const struct field *field, const uint8_t *at)
{
	struct view value;
	MEMBER_GET(value, at);
	buffer_put_sized(out, value);
	return in_range(field, (int64_t)value.size);
}

static bool write_field(struct buffer *out, const struct field *field, const uint8_t *at)
{
	switch (field->kind) {
	case FIELD_U64:
	case FIELD_I64:
	case FIELD_TIME:
		return write_number(out, field, at);
	case FIELD_U32:
		return write_u32(out, field, at);
	case FIELD_BOOL:
		return write_bool(out, at);
	case FIELD_ENUM:
		return write_enum(out, field, at);
	case FIELD_VIEW:
		return write_view(out, field, at);
	}
	return false;
}

static bool read_number(struct cursor *in, const struct field *field, uint8_t *at)
{
	int64_t value = cursor_i64(in);
	MEMBER_SET(at, value);
	return field->kind == FIELD_U64 || time_fits(field, value);
}

static bool read_u32(struct cursor *in, const struct field *field, uint8_t *at)
{
	uint32_t value = cursor_u32(in);
	MEMBER_SET(at, value);
	return in_range(field, value);
}

static bool read_bool(struct cursor *in, uint8_t *at)
{
	bool value = cursor_bool(in);
	MEMBER_SET(at, value);
	return true;
}

static bool read_enum(struct cursor *in, const struct field *field, uint8_t *at)
{
	int32_t value = cursor_u8(in) - 1;
	MEMBER_SET(at, value);
	return enum_fits(field, value);
}

static bool read_view(struct cursor *in, const struct field *field, uint8_t *at)
{
	struct view value = cursor_take_sized(in, (size_t)field->most);
	MEMBER_SET(at, value);
	return in_range(field, (int64_t)value.size);
}

static bool read_field(struct cursor *in, const struct field *field, uint8_t *at)
{
	switch (field->kind) {
	case FIELD_U64:
	case FIELD_I64:
	case FIELD_TIME:
		return read_number(in, field, at);
	case FIELD_U32:
		return read_u32(in, field, at);
	case FIELD_BOOL:
		return read_bool(in, at);
	case FIELD_ENUM:
		return read_enum(in, field, at);
	case FIELD_VIEW:
		return read_view(in, field, at);
	}
	return false;
}

/* ---- one table ---- */

static void write_fields(struct buffer *out, const struct field *fields, size_t count,
			 const void *message)
{
	for (size_t i = 0; i < count; i++)
		if (!write_field(out, &fields[i], (const uint8_t *)message + fields[i].offset))
			out->failed = true;
}

static void read_fields(struct cursor *in, const struct field *fields, size_t count, void *message)
{
	for (size_t i = 0; i < count && !in->failed; i++)
		if (!read_field(in, &fields[i], (uint8_t *)message + fields[i].offset))
			cursor_fail(in);
}

#define WRITE(out, fields, message) write_fields(out, fields, array_size(fields), message)
#define READ(in, fields, message) read_fields(in, fields, array_size(fields), message)

/* Hands a decoded message over only if every octet was right. */
static int read_end(const struct cursor *in, const void *message, size_t size, void *ret)
{
	int result = cursor_end(in);
	if (result == 0)
		memcpy(ret, message, size);
	return result;
}

/* ---- the messages ---- */

void message_query_write(struct buffer *out, const struct message_query *m)
{
	WRITE(out, query_fields, m);
	for (unsigned i = 0; !out->failed && i < m->certid_count; i++)
		WRITE(out, query_certid, &m->certids[i]);
	WRITE(out, query_end, m);
}

int message_query_read(struct view payload, struct message_query *ret)
{
	struct message_query m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, query_fields, &m);
	for (unsigned i = 0; !in.failed && i < m.certid_count; i++)
		READ(&in, query_certid, &m.certids[i]);
	READ(&in, query_end, &m);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_answer_write(struct buffer *out, const struct message_answer *m)
{
	WRITE(out, answer_result, m);
	if (m->result == OCSP_SUCCESSFUL)
		WRITE(out, answer_response, m);
}

int message_answer_read(struct view payload, struct message_answer *ret)
{
	struct message_answer m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, answer_result, &m);
	if (m.result == OCSP_SUCCESSFUL)
		READ(&in, answer_response, &m);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_purge_write(struct buffer *out, const struct message_purge *m)
{
	WRITE(out, purge_fields, m);
}

int message_purge_read(struct view payload, struct message_purge *ret)
{
	struct message_purge m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, purge_fields, &m);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_tick_write(struct buffer *out, const struct message_tick *m)
{
	WRITE(out, tick_fields, m);
}

int message_tick_read(struct view payload, struct message_tick *ret)
{
	struct message_tick m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, tick_fields, &m);
	return read_end(&in, &m, sizeof(m), ret);
}

static bool readiness_known(const struct message_readiness *m)
{
	for (size_t i = 0; i < m->issuers.size; i++)
		if (m->issuers.data[i] >= ISSUER_READINESSES)
			return false;
	return true;
}

void message_readiness_write(struct buffer *out, const struct message_readiness *m)
{
	/* For people: a long reason is cut, not refused. */
	struct message_readiness cut = *m;
	if (cut.reason.size > LIMIT_READINESS_REASON)
		cut.reason.size = LIMIT_READINESS_REASON;
	WRITE(out, readiness_fields, &cut);
	out->failed |= !readiness_known(m);
}

int message_readiness_read(struct view payload, struct message_readiness *ret)
{
	struct message_readiness m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, readiness_fields, &m);
	if (!in.failed && !readiness_known(&m))
		return -EBADMSG;
	return read_end(&in, &m, sizeof(m), ret);
}

/* A revocation time exactly where there is a revocation, facts as the status allows, and of an
 * unknown issuer nothing but unknown. */
static bool sign_entry_consistent(const struct message_sign *m, const struct sign_entry *entry)
{
	return (entry->says.status == OCSP_REVOKED) == (entry->says.revoked_at != TIME_NONE) &&
	       ocsp_facts_fit(entry->says.status, &entry->facts) &&
	       (!m->unknown_issuer ||
		(entry->says.status == OCSP_UNKNOWN && entry->issuer_name.size == 0));
}

void message_sign_write(struct buffer *out, const struct message_sign *m)
{
	WRITE(out, sign_fields, m);
	for (unsigned i = 0; !out->failed && i < m->count; i++) {
		WRITE(out, sign_entry_fields, &m->entries[i]);
		WRITE(out, sign_fact_fields, &m->entries[i]);
		WRITE(out, sign_entry_end, &m->entries[i]);
		if (!sign_entry_consistent(m, &m->entries[i]))
			out->failed = true;
	}
	WRITE(out, sign_end, m);
}

int message_sign_read(struct view payload, struct message_sign *ret)
{
	struct message_sign m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, sign_fields, &m);
	for (unsigned i = 0; !in.failed && i < m.count; i++) {
		READ(&in, sign_entry_fields, &m.entries[i]);
		READ(&in, sign_fact_fields, &m.entries[i]);
		READ(&in, sign_entry_end, &m.entries[i]);
		if (!sign_entry_consistent(&m, &m.entries[i]))
			cursor_fail(&in);
	}
	READ(&in, sign_end, &m);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_signed_write(struct buffer *out, const struct message_signed *m)
{
	WRITE(out, signed_result, m);
	if (m->result == OCSP_SUCCESSFUL)
		WRITE(out, signed_response, m);
}

int message_signed_read(struct view payload, struct message_signed *ret)
{
	struct message_signed m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, signed_result, &m);
	if (m.result == OCSP_SUCCESSFUL)
		READ(&in, signed_response, &m);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_algorithms_write(struct buffer *out, const struct message_algorithms *m)
{
	WRITE(out, algorithms_fields, m);
	for (unsigned i = 0; !out->failed && i < m->count; i++)
		WRITE(out, algorithms_each, &m->algorithms[i]);
}

int message_algorithms_read(struct view payload, struct message_algorithms *ret)
{
	struct message_algorithms m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, algorithms_fields, &m);
	for (unsigned i = 0; !in.failed && i < m.count; i++)
		READ(&in, algorithms_each, &m.algorithms[i]);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_issuer_write(struct buffer *out, const struct message_issuer *m)
{
	WRITE(out, issuer_fields, m);
}

int message_issuer_read(struct view payload, struct message_issuer *ret)
{
	struct message_issuer m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, issuer_fields, &m);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_explain_write(struct buffer *out, const struct message_explain *m)
{
	WRITE(out, explain_fields, m);
}

int message_explain_read(struct view payload, struct message_explain *ret)
{
	struct message_explain m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, explain_fields, &m);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_explained_write(struct buffer *out, const struct message_explained *m)
{
	WRITE(out, explained_fields, m);
	for (unsigned i = 0; !out->failed && i < m->count; i++)
		WRITE(out, explained_each, &m->entries[i]);
}

int message_explained_read(struct view payload, struct message_explained *ret)
{
	struct message_explained m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, explained_fields, &m);
	for (unsigned i = 0; !in.failed && i < m.count; i++)
		READ(&in, explained_each, &m.entries[i]);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_offer_write(struct buffer *out, const struct message_offer *m)
{
	WRITE(out, offer_fields, m);
	for (unsigned i = 0; !out->failed && i < m->count; i++)
		WRITE(out, offer_algorithm, &m->algorithms[i]);
}

int message_offer_read(struct view payload, struct message_offer *ret)
{
	struct message_offer m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, offer_fields, &m);
	for (unsigned i = 0; !in.failed && i < m.count; i++)
		READ(&in, offer_algorithm, &m.algorithms[i]);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_signed_query_write(struct buffer *out, const struct message_signed_query *m)
{
	WRITE(out, signed_query_fields, m);
}

int message_signed_query_read(struct view payload, struct message_signed_query *ret)
{
	struct message_signed_query m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, signed_query_fields, &m);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_verify_write(struct buffer *out, const struct message_verify *m)
{
	WRITE(out, verify_fields, m);
}

int message_verify_read(struct view payload, struct message_verify *ret)
{
	struct message_verify m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, verify_fields, &m);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_verified_write(struct buffer *out, const struct message_verified *m)
{
	WRITE(out, verified_fields, m);
}

int message_verified_read(struct view payload, struct message_verified *ret)
{
	struct message_verified m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, verified_fields, &m);
	return read_end(&in, &m, sizeof(m), ret);
}

void message_forget_write(struct buffer *out, const struct message_forget *m)
{
	WRITE(out, forget_fields, m);
}

int message_forget_read(struct view payload, struct message_forget *ret)
{
	struct message_forget m = {0};
	struct cursor in = cursor_of(payload);
	READ(&in, forget_fields, &m);
	return read_end(&in, &m, sizeof(m), ret);
}
