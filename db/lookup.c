#include "db/lookup.h"

#include "db/array.h"
#include "db/connection.h"
#include "db/lookup_sql.h"
#include "db/result.h"

enum {
	LOOKUP_ORDINAL = DB_EVIDENCE_FIELDS,
	LOOKUP_HASHED,
	LOOKUP_ROW,
	LOOKUP_FIELDS = LOOKUP_ROW + DB_ROW_FIELDS,
	LOOKUP_FACTS = LOOKUP_FIELDS,
	LOOKUP_FACTS_FIELDS = LOOKUP_FACTS + DB_FACTS_FIELDS,
};

static const char plain_setup[] = LOOKUP_SETUP_PLAIN;
static const char facts_setup[] = LOOKUP_SETUP_FACTS;

struct db_lookup {
	struct db_connection *connection;
	const struct db_source_ops *ops;
	void *context;
	struct db_beat beat;

	bool usable, in_flight, answered;
	struct fault reason;
	struct moment sent;
	struct db_evidence evidence;
	uint64_t batch;
	struct db_key keys[LIMIT_LOOKUP_BATCH];
	struct db_found found[LIMIT_LOOKUP_BATCH];
	size_t count;
	bool proves; /* the issuers' versions are asked for, too */
	struct buffer issuers, serials;
	bool wants_facts;
	struct buffer octets; /* that the facts point to */
};

static bool key_matches(const struct db_key *key, const struct cert_record *record)
{
	return key->issuer == record->issuer &&
	       view_equal(serial_view(&key->serial), serial_view(&record->serial));
}

/* Copies: the buffer has room for all of them, so it does not move. */
static void take_facts(struct db_lookup *l, const PGresult *result, int row, struct db_found *found)
{
	struct db_field fields[DB_FACTS_FIELDS];
	db_result_fields(result, row, LOOKUP_FACTS, DB_FACTS_FIELDS, fields);
	db_facts_read(fields, &found->facts);
	found->facts = facts_copy(&found->facts, l->octets.data + l->octets.size);
	l->octets.size += facts_size(&found->facts);
}

/* Room for every fact of the answer. False without memory. */
static bool reserve_facts(struct db_lookup *l, const PGresult *result)
{
	size_t size = 1;
	for (int row = 0; row < PQntuples(result); row++)
		for (int field = LOOKUP_FACTS; field < LOOKUP_FACTS_FIELDS; field++)
			size += (size_t)PQgetlength(result, row, field);
	buffer_reset(&l->octets);
	return buffer_reserve(&l->octets, size) != NULL;
}

/* It is the last column. */
static int columns_of(const struct db_lookup *l)
{
	return (l->wants_facts ? LOOKUP_FACTS_FIELDS : LOOKUP_FIELDS) + l->proves;
}

static bool take_issuer(const struct db_lookup *l, const PGresult *result, int row,
			struct db_found *found)
{
	struct db_field field;
	uint64_t version = 0;
	db_result_fields(result, row, columns_of(l) - 1, 1, &field);
	if (!field.null && (db_read_u64(&field, &version) != 0 || version > INT64_MAX))
		return false;
	found->issuer_version = (int64_t)version;
	return true;
}

/* One key's row. False: the answer is not one to this question. */
static bool take_row(struct db_lookup *l, const PGresult *result, int row, bool *seen)
{
	struct db_field ordinal_field, hashed_field, fields[DB_ROW_FIELDS];
	struct db_bad_row bad;
	uint64_t ordinal;
	bool hashed;
	db_result_fields(result, row, LOOKUP_ORDINAL, 1, &ordinal_field);
	db_result_fields(result, row, LOOKUP_HASHED, 1, &hashed_field);
	if (db_read_u64(&ordinal_field, &ordinal) != 0 || ordinal < 1 || ordinal > l->count ||
	    db_read_bool(&hashed_field, &hashed) != 0 || seen[ordinal - 1])
		return false;
	seen[ordinal - 1] = true;
	struct db_found *found = &l->found[ordinal - 1];
	if (l->proves && !take_issuer(l, result, row, found))
		return false;
	db_result_fields(result, row, LOOKUP_ROW, DB_ROW_FIELDS, fields);
	if (fields[0].null) /* the join's own column: no such row */
		return true;
	if (db_row_read(fields, &found->record, &bad) != 0) {
		found->bad = true;
		l->ops->bad_row(l->context, bad.fault.text);
		return true;
	}
	found->found = true;
	found->record.hashed = hashed;
	if (l->wants_facts)
		take_facts(l, result, row, found);
	return key_matches(&l->keys[ordinal - 1], &found->record);
}

/* Exactly one row for each key, or nothing is believed (doc/faults.md, I-6). NULL, or why not. */
static const char *take_answer(struct db_lookup *l, const PGresult *result)
{
	static const char other[] = "database: a lookup's answer does not match its question";
	struct db_field evidence;
	bool seen[LIMIT_LOOKUP_BATCH] = {false};
	if (PQnfields(result) != columns_of(l) || (size_t)PQntuples(result) != l->count)
		return other;
	if (l->wants_facts && !reserve_facts(l, result))
		return "database: out of memory for a lookup's answer";
	db_result_fields(result, 0, 0, DB_EVIDENCE_FIELDS, &evidence);
	if (db_evidence_read(&evidence, l->sent, &l->beat, &l->evidence) != 0)
		return DB_NO_EVIDENCE;
	memset(l->found, 0, l->count * sizeof(l->found[0]));
	for (int i = 0; i < PQntuples(result); i++)
		if (!take_row(l, result, i, seen))
			return other;
	return NULL;
}

static void fail_batch(struct db_lookup *l)
{
	if (!l->in_flight)
		return;
	l->in_flight = false;
	l->ops->lookup_failed(l->context, l->batch);
}

static void set_state(struct db_lookup *l, bool usable, const char *reason)
{
	if (l->usable == usable && strcmp(l->reason.text, reason) == 0)
		return;
	l->usable = usable;
	(void)fault_set(&l->reason, 0, "%s", reason);
	l->ops->lookup_state(l->context, usable, usable ? NULL : l->reason.text);
}

static void on_up(void *context)
{
	set_state(context, true, "");
}

static void on_down(void *context, const char *reason)
{
	struct db_lookup *l = context;
	set_state(l, false, reason);
	fail_batch(l);
}

static void on_result(void *context, const PGresult *result)
{
	struct db_lookup *l = context;
	const char *refusal = take_answer(l, result);
	l->answered = !refusal;
	if (refusal)
		db_connection_reset(l->connection, refusal);
}

static void on_done(void *context)
{
	struct db_lookup *l = context;
	if (!l->answered) {
		fail_batch(l);
		return;
	}
	db_connection_proven(l->connection);
	l->in_flight = false;
	l->ops->lookup_done(l->context, l->batch, &l->evidence, l->found, l->count);
}

static void on_failed(void *context, const char *reason)
{
	(void)reason; /* a passing one; the batch may be sent again */
	fail_batch(context);
}

static const struct db_connection_ops connection_ops = {
	.up = on_up,
	.down = on_down,
	.result = on_result,
	.done = on_done,
	.failed = on_failed,
};

void db_lookup_configure(struct db_lookup *l, const struct db_settings *settings)
{
	db_connection_configure(l->connection, settings);
}

int db_lookup_new(struct event_base *base, const struct db_settings *settings,
		  const struct db_source_ops *ops, void *context, struct db_connection *feed,
		  bool asleep, struct db_lookup **ret)
{
	cleanup(db_lookup_freep) struct db_lookup *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->ops = ops;
	l->context = context;
	l->wants_facts = settings->facts;
	const struct db_connection_settings connection = {
		settings,         "lookup",         settings->facts ? facts_setup : plain_setup,
		.streams = false, .asleep = asleep, .leader = feed};
	int result = db_connection_new(base, &connection, &connection_ops, l, &l->connection);
	if (result < 0)
		return result;
	*ret = l;
	l = NULL;
	return 0;
}

void db_lookup_wake(struct db_lookup *l)
{
	db_connection_wake(l->connection);
}

void db_lookup_reset(struct db_lookup *l, const char *reason)
{
	db_connection_reset(l->connection, reason);
}

void db_lookup_free(struct db_lookup *l)
{
	if (!l)
		return;
	db_connection_free(l->connection);
	buffer_deinit(&l->issuers);
	buffer_deinit(&l->serials);
	buffer_deinit(&l->octets);
	free(l);
}

static int write_arrays(struct db_lookup *l)
{
	buffer_reset(&l->issuers);
	buffer_reset(&l->serials);
	db_array_begin(&l->issuers, DB_TYPE_INT4, l->count);
	db_array_begin(&l->serials, DB_TYPE_BYTEA, l->count);
	for (size_t i = 0; i < l->count; i++) {
		db_array_put_i32(&l->issuers, l->keys[i].issuer);
		db_array_put_bytes(&l->serials, serial_view(&l->keys[i].serial));
	}
	int result = buffer_result(&l->issuers);
	return result < 0 ? result : buffer_result(&l->serials);
}

int db_lookup_send(struct db_lookup *l, uint64_t batch, const struct db_key *keys, size_t count,
		   bool proves)
{
	if (count == 0 || count > LIMIT_LOOKUP_BATCH)
		return -EINVAL;
	if (l->in_flight)
		return -EBUSY;
	if (!l->usable)
		return -ENOTCONN;
	memcpy(l->keys, keys, count * sizeof(keys[0]));
	l->count = count;
	int result = write_arrays(l);
	if (result < 0)
		return result;
	struct db_statement lookup = {
		.name = proves ? "stillgood_proof" : "stillgood_lookup",
		.count = 2,
		.parameters = {buffer_view(&l->issuers), buffer_view(&l->serials)},
	};
	l->sent = clock_now();
	result = db_connection_execute(l->connection, &lookup);
	if (result < 0)
		return result;
	l->batch = batch;
	l->proves = proves;
	l->answered = false;
	l->in_flight = true;
	return 0;
}
