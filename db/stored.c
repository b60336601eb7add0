#include "db/stored.h"

#include "db/array.h"
#include "db/connection.h"
#include "db/result.h"
#include "db/row.h"
#include "db/session.h"

/* One walk down the key for each, whatever statistics say. */
static const char setup[] = DB_SESSION_SETUP
	"SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off;"
	"SET enable_bitmapscan = off; SET enable_material = off;"
	"PREPARE stillgood_stored (int4[], bytea[], bytea[]) AS"
	" SELECT k.ordinal, p.answer, i.certificate"
	" FROM unnest($1, $2, $3) WITH ORDINALITY AS k (issuer, serial, certid, ordinal)"
	" JOIN stillgood.presigned AS p"
	" ON p.issuer = k.issuer AND p.serial = k.serial AND p.certid = k.certid"
	" JOIN stillgood.issuer AS i ON i.id = k.issuer";

enum { STORED_ORDINAL, STORED_ANSWER, STORED_CERTIFICATE, STORED_FIELDS };

struct db_stored {
	struct db_connection *connection;
	const struct db_stored_ops *ops;
	void *context;
	bool usable, busy; /* connected; and with a query in flight */
	bool asked; /* a batch: waits for the connection, or is in flight */
	bool answered;
	uint64_t batch;
	size_t count;
	struct buffer issuers, serials, certids;
};

static void fail(struct db_stored *s)
{
	if (!s->asked)
		return;
	s->asked = false;
	s->ops->failed(s->context, s->batch);
}

static int execute(struct db_stored *s)
{
	struct db_statement statement = {
		.name = "stillgood_stored",
		.count = 3,
		.parameters = {buffer_view(&s->issuers), buffer_view(&s->serials),
			       buffer_view(&s->certids)},
	};
	s->answered = false;
	return db_connection_execute(s->connection, &statement);
}

/* What waited for the connection. */
static void go_on(struct db_stored *s)
{
	s->busy = false;
	if (!s->asked)
		return;
	if (execute(s) < 0)
		fail(s);
	else
		s->busy = true;
}

static void on_up(void *context)
{
	struct db_stored *s = context;
	s->usable = true;
	go_on(s);
}

static void on_down(void *context, const char *reason)
{
	struct db_stored *s = context;
	(void)reason; /* that the database is away is told of by others */
	s->usable = s->busy = false;
	fail(s);
}

/* At most one row a key. False: not an answer to this question. */
static bool take_row(const struct db_stored *s, const PGresult *result, int row,
		     struct db_stored_found *found)
{
	struct db_field fields[STORED_FIELDS];
	uint64_t ordinal;
	db_result_fields(result, row, 0, STORED_FIELDS, fields);
	if (db_read_u64(&fields[STORED_ORDINAL], &ordinal) != 0 || ordinal < 1 ||
	    ordinal > s->count || fields[STORED_ANSWER].null ||
	    fields[STORED_ANSWER].bytes.size > LIMIT_RESPONSE || found[ordinal - 1].answer.size > 0)
		return false;
	found[ordinal - 1] = (struct db_stored_found){
		.answer = fields[STORED_ANSWER].bytes,
		.certificate = fields[STORED_CERTIFICATE].bytes,
	};
	return true;
}

static void on_result(void *context, const PGresult *result)
{
	struct db_stored *s = context;
	struct db_stored_found found[LIMIT_STORED_BATCH] = {{.answer = {0}}};
	bool fits = PQnfields(result) == STORED_FIELDS;
	for (int row = 0; fits && row < PQntuples(result); row++)
		fits = take_row(s, result, row, found);
	if (!fits) {
		db_connection_reset(s->connection,
				    "database: stored answers do not match what was asked for");
		return;
	}
	s->answered = true;
	s->asked = false;
	s->ops->done(s->context, s->batch, found, s->count);
}

static void on_done(void *context)
{
	struct db_stored *s = context;
	if (s->answered)
		db_connection_proven(s->connection);
	else
		fail(s);
	go_on(s);
}

static void on_failed(void *context, const char *reason)
{
	struct db_stored *s = context;
	(void)reason;
	fail(s);
	go_on(s);
}

static const struct db_connection_ops connection_ops = {
	.up = on_up,
	.down = on_down,
	.result = on_result,
	.done = on_done,
	.failed = on_failed,
};

int db_stored_new(struct event_base *base, const struct db_settings *settings,
		  const struct db_stored_ops *ops, void *context, struct db_stored **ret)
{
	cleanup(db_stored_freep) struct db_stored *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ops = ops;
	s->context = context;
	const struct db_connection_settings connection = {
		.source = settings, .purpose = "answers", .setup = setup};
	int result = db_connection_new(base, &connection, &connection_ops, s, &s->connection);
	if (result < 0)
		return result;
	*ret = s;
	s = NULL;
	return 0;
}

void db_stored_configure(struct db_stored *s, const struct db_settings *settings)
{
	db_connection_configure(s->connection, settings);
}

static int write_arrays(struct db_stored *s, const struct db_stored_key *keys)
{
	buffer_reset(&s->issuers);
	buffer_reset(&s->serials);
	buffer_reset(&s->certids);
	db_array_begin(&s->issuers, DB_TYPE_INT4, s->count);
	db_array_begin(&s->serials, DB_TYPE_BYTEA, s->count);
	db_array_begin(&s->certids, DB_TYPE_BYTEA, s->count);
	for (size_t i = 0; i < s->count; i++) {
		db_array_put_i32(&s->issuers, keys[i].issuer);
		db_array_put_bytes(&s->serials, serial_view(&keys[i].serial));
		db_array_put_bytes(&s->certids, view_of(keys[i].certid, sizeof(keys[i].certid)));
	}
	int result = buffer_result(&s->issuers);
	if (result == 0)
		result = buffer_result(&s->serials);
	return result == 0 ? buffer_result(&s->certids) : result;
}

int db_stored_send(struct db_stored *s, uint64_t batch, const struct db_stored_key *keys,
		   size_t count)
{
	if (count == 0 || count > LIMIT_STORED_BATCH)
		return -EINVAL;
	if (s->asked)
		return -EBUSY;
	s->count = count;
	int result = write_arrays(s, keys);
	if (result < 0)
		return result;
	s->batch = batch;
	if (s->usable && !s->busy) {
		result = execute(s);
		if (result < 0)
			return result;
		s->busy = true;
	}
	s->asked = true;
	return 0;
}

void db_stored_free(struct db_stored *s)
{
	if (!s)
		return;
	db_connection_free(s->connection);
	buffer_deinit(&s->issuers);
	buffer_deinit(&s->serials);
	buffer_deinit(&s->certids);
	free(s);
}
