#include "db/row.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/timetext.h"

/* Seconds from 1970 to 2000, PostgreSQL's epoch. */
#define EPOCH_2000 INT64_C(946684800)

enum {
	ROW_ISSUER,
	ROW_SERIAL,
	ROW_VERSION,
	ROW_STATUS,
	ROW_REASON,
	ROW_REVOKED_AT,
	ROW_INVALIDITY_AT,
	ROW_NOT_AFTER,
};

enum {
	ISSUER_ID,
	ISSUER_NAME,
	ISSUER_VERSION,
	ISSUER_REVOKED_AT,
	ISSUER_REASON,
	ISSUER_CERTIFICATE,
	ISSUER_SUBJECT_HASH,
	ISSUER_KEY_HASH,
	ISSUER_NAMES,
	ISSUER_GENUINE,
	ISSUER_CRL_FROM,
	ISSUER_CRL_UNTIL,
	ISSUER_PRESIGNED,
	ISSUER_PRESIGNED_FROM,
	ISSUER_PRESIGNED_UNTIL,
	ISSUER_CRL_URL,
	ISSUER_CRL_NUMBER,
	ISSUER_CRL_TIME,
};

static int read_integer(const struct db_field *field, size_t size, int64_t *ret)
{
	if (field->null || field->bytes.size != size)
		return DB_ROW_BAD;
	struct cursor c = cursor_of(field->bytes);
	*ret = size == 2   ? (int16_t)cursor_u16(&c)
	       : size == 4 ? (int32_t)cursor_u32(&c)
			   : cursor_i64(&c);
	return 0;
}

int db_read_bool(const struct db_field *field, bool *ret)
{
	if (field->null || field->bytes.size != 1 || field->bytes.data[0] > 1)
		return DB_ROW_BAD;
	*ret = field->bytes.data[0] == 1;
	return 0;
}

int db_read_u64(const struct db_field *field, uint64_t *ret)
{
	int64_t value;
	if (read_integer(field, 8, &value) != 0)
		return DB_ROW_BAD;
	*ret = (uint64_t)value;
	return 0;
}

int db_read_time_us(const struct db_field *field, int64_t *ret)
{
	int64_t since_2000;
	if (read_integer(field, 8, &since_2000) != 0 ||
	    since_2000 < (TIME_LEAST - EPOCH_2000) * SECOND_US || /* as is -infinity */
	    since_2000 >= (TIME_MOST + 1 - EPOCH_2000) * SECOND_US) /* as is infinity */
		return DB_ROW_BAD;
	*ret = since_2000 + EPOCH_2000 * SECOND_US;
	return 0;
}

/* NULL is TIME_NONE; whole seconds. */
static int read_time(const struct db_field *field, int64_t *ret)
{
	int64_t us;
	if (field->null) {
		*ret = TIME_NONE;
		return 0;
	}
	if (db_read_time_us(field, &us) != 0)
		return DB_ROW_BAD;
	*ret = wall_seconds(us);
	return 0;
}

static int read_not_after(const struct db_field *field, int64_t *ret)
{
	int64_t since_2000;
	if (read_integer(field, 8, &since_2000) == 0 && since_2000 == INT64_MAX) {
		*ret = TIME_NONE;
		return 0;
	}
	return read_time(field, ret);
}

static int read_reason(const struct db_field *field, enum revocation_reason *ret)
{
	int64_t value;
	if (field->null) {
		*ret = REASON_NONE;
		return 0;
	}
	/* 7 and 8 have no name: they are no state of a certificate (P-29). */
	if (read_integer(field, 2, &value) != 0 || value < 0 ||
	    !reason_name((enum revocation_reason)value))
		return DB_ROW_BAD;
	*ret = (enum revocation_reason)value;
	return 0;
}

static int read_key(const struct db_field *fields, struct db_key *ret)
{
	int64_t issuer;
	struct db_key key = {0};
	if (read_integer(&fields[ROW_ISSUER], 4, &issuer) != 0 || issuer < 1 ||
	    fields[ROW_SERIAL].null || serial_set(&key.serial, fields[ROW_SERIAL].bytes) < 0)
		return DB_ROW_BAD;
	key.issuer = (int32_t)issuer;
	*ret = key;
	return 0;
}

/* The name of the first column that cannot be understood, or NULL. */
static const char *read_columns(const struct db_field *fields, struct cert_record *r)
{
	int64_t status;
	if (read_integer(&fields[ROW_VERSION], 8, &r->version) != 0 || r->version < 1)
		return "version";
	if (read_integer(&fields[ROW_STATUS], 2, &status) != 0 || status < CERT_GOOD ||
	    status > CERT_WITHDRAWN)
		return "status";
	r->status = (enum cert_status)status;
	if (read_reason(&fields[ROW_REASON], &r->reason) != 0)
		return "reason";
	if (read_time(&fields[ROW_REVOKED_AT], &r->revoked_at) != 0)
		return "revoked_at";
	if (read_time(&fields[ROW_INVALIDITY_AT], &r->invalidity_at) != 0)
		return "invalidity_at";
	if (read_not_after(&fields[ROW_NOT_AFTER], &r->not_after) != 0)
		return "not_after";
	return NULL;
}

/* What the table's own constraint says (certificate_state). */
static bool consistent(const struct cert_record *r)
{
	switch (r->status) {
	case CERT_GOOD:
	case CERT_WITHDRAWN:
		return r->revoked_at == TIME_NONE && r->reason == REASON_NONE &&
		       r->invalidity_at == TIME_NONE;
	case CERT_REVOKED:
		return r->revoked_at != TIME_NONE && r->reason != REASON_CERTIFICATE_HOLD;
	case CERT_HELD:
		return r->revoked_at != TIME_NONE && r->reason == REASON_CERTIFICATE_HOLD;
	}
	return false;
}

int db_row_read(const struct db_field fields[DB_ROW_FIELDS], struct cert_record *ret,
		struct db_bad_row *bad)
{
	struct db_key key;
	if (read_key(fields, &key) != 0) {
		bad->keyed = false;
		return fault_set(&bad->fault, DB_ROW_BAD,
				 "a row's issuer or serial cannot be understood");
	}
	struct cert_record record = {.issuer = key.issuer, .serial = key.serial};
	const char *column = read_columns(fields, &record);
	if (!column && !consistent(&record))
		column = "status with its reason and dates";
	if (column) {
		char hex[2 * LIMIT_SERIAL + 1];
		hex_put(hex, serial_view(&key.serial));
		bad->keyed = true;
		bad->key = key;
		return fault_set(&bad->fault, DB_ROW_BAD,
				 "certificate issuer=%d serial=%s: %s cannot be understood",
				 (int)key.issuer, hex, column);
	}
	*ret = record;
	return 0;
}

struct hold db_hold_read(const struct db_field fields[DB_HOLD_FIELDS])
{
	struct hold hold;
	if (read_integer(&fields[0], 8, &hold.version) != 0 || hold.version < 1 ||
	    read_time(&fields[1], &hold.revoked_at) != 0 ||
	    read_time(&fields[2], &hold.invalidity_at) != 0)
		return (struct hold){0};
	return hold;
}

static void read_fact(const struct db_field *field, enum fact fact, struct cert_facts *facts)
{
	int64_t seconds;
	if (field->null)
		return;
	if (!fact_is_time(fact))
		fact_set_octets(facts, fact, field->bytes);
	else if (read_time(field, &seconds) == 0)
		fact_set_time(facts, fact, seconds);
}

void db_facts_read(const struct db_field fields[DB_FACTS_FIELDS], struct cert_facts *ret)
{
	struct cert_facts facts = {0};
	for (unsigned i = 0; i < FACT_COUNT; i++)
		read_fact(&fields[i], i, &facts);
	*ret = facts;
}

static const char *read_issuer_columns(const struct db_field *fields, struct db_issuer *ret)
{
	struct view name = fields[ISSUER_NAME].bytes;
	if (fields[ISSUER_NAME].null || name.size == 0 || name.size > LIMIT_ISSUER_NAME ||
	    memchr(name.data, 0, name.size))
		return "name";
	memcpy(ret->record.name, name.data, name.size);
	if (read_integer(&fields[ISSUER_VERSION], 8, &ret->record.version) != 0 ||
	    ret->record.version < 1)
		return "version";
	if (read_time(&fields[ISSUER_REVOKED_AT], &ret->record.revoked_at) != 0)
		return "revoked_at";
	if (read_reason(&fields[ISSUER_REASON], &ret->record.reason) != 0)
		return "reason";
	if (fields[ISSUER_CERTIFICATE].null || fields[ISSUER_CERTIFICATE].bytes.size == 0)
		return "certificate";
	ret->certificate = fields[ISSUER_CERTIFICATE].bytes;
	ret->subject_hash = fields[ISSUER_SUBJECT_HASH].bytes;
	ret->key_hash = fields[ISSUER_KEY_HASH].bytes;
	if (ret->subject_hash.size != CERTIFICATE_HASH_SIZE ||
	    ret->key_hash.size != CERTIFICATE_HASH_SIZE)
		return "subject_hash or key_hash";
	if (!fields[ISSUER_NAMES].null)
		ret->names = fields[ISSUER_NAMES].bytes;
	if (read_time(&fields[ISSUER_CRL_FROM], &ret->record.crl_from) != 0 ||
	    read_time(&fields[ISSUER_CRL_UNTIL], &ret->record.crl_until) != 0 ||
	    (ret->record.crl_from == TIME_NONE) != (ret->record.crl_until == TIME_NONE))
		return "crl_from or crl_until";
	int64_t presigned;
	if (read_integer(&fields[ISSUER_PRESIGNED], 4, &presigned) != 0 || presigned < 0)
		return "presigned";
	ret->record.presigned = (int32_t)presigned;
	if (read_time(&fields[ISSUER_PRESIGNED_FROM], &ret->record.presigned_from) != 0 ||
	    read_time(&fields[ISSUER_PRESIGNED_UNTIL], &ret->record.presigned_until) != 0)
		return "presigned_from or presigned_until";
	return NULL;
}

int db_issuer_read(const struct db_field fields[DB_ISSUER_FIELDS], struct db_issuer *ret,
		   struct fault *fault)
{
	int64_t id;
	if (read_integer(&fields[ISSUER_ID], 4, &id) != 0 || id < 1)
		return fault_set(fault, DB_ROW_BAD, "an issuer's id cannot be understood");
	struct db_issuer issuer = {.record.id = (int32_t)id};
	ret->record.id = (int32_t)id;
	const char *column = read_issuer_columns(fields, &issuer);
	if (column)
		return fault_set(fault, DB_ROW_BAD, "issuer id=%d \"%s\": %s cannot be understood",
				 (int)id, issuer.record.name, column);
	bool genuine = false;
	if (db_read_bool(&fields[ISSUER_GENUINE], &genuine) != 0 || !genuine)
		return fault_set(fault, DB_ROW_BAD,
				 "issuer id=%d \"%s\": its certificate is not that of its subject "
				 "and key: put the right one back",
				 (int)id, issuer.record.name);
	read_fact(&fields[ISSUER_CRL_URL], FACT_crl_url, &issuer.crl);
	read_fact(&fields[ISSUER_CRL_NUMBER], FACT_crl_number, &issuer.crl);
	read_fact(&fields[ISSUER_CRL_TIME], FACT_crl_time, &issuer.crl);
	*ret = issuer;
	return 0;
}
