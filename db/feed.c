#include "db/feed.h"

#include "db/array.h"
#include "db/connection.h"
#include "db/copy.h"
#include "db/feed_sql.h"
#include "db/result.h"
#include "db/seen.h"

/* A poll gives its records in portions of this many. */
#define PORTION 1024
/* Polls that may fail one after the other before the connection is made anew. */
#define POLL_FAILURES 3
/* The log is kept for an hour at least (trim_change_log). If one poll's data is further on than
 * that from the last, as on a standby that was paused, rows may have come and gone between them. */
#define GAP_MOST_US (1800 * SECOND_US)

enum state { AWAY, BEGIN, HEADER, ISSUERS, ROWS, COMMIT, WAITING, POLLING };

struct db_feed {
	struct db_connection *connection;
	const struct db_source_ops *ops;
	void *context;
	struct db_beat beat;
	struct event *timer; /* WAITING: the next poll */
	struct event *reload; /* made active by db_feed_reload() */
	struct fault distrust; /* its reason */
	int64_t poll_interval_us;

	enum state state;
	bool whole; /* a load has ended and nothing was lost since */
	struct fault reason; /* told last, where not whole */
	struct moment sent; /* of the query in flight; loads: of their BEGIN */
	struct db_evidence evidence; /* of the last load or poll that ended */
	struct db_evidence next_evidence; /* of the one in flight */
	uint64_t bound, next_bound; /* xmin of their snapshots */
	bool headed; /* the one in flight has given its evidence */
	unsigned failures;

	struct db_copy copy;
	struct db_seen seen;
	struct buffer parameters;
	struct cert_record records[PORTION];
	size_t record_count;
};

static void step(struct db_feed *f, enum state state);

/* The reason is told once, however often the attempt is repeated. */
static void lose(struct db_feed *f, const char *reason)
{
	bool news = f->whole || strcmp(f->reason.text, reason) != 0;
	f->whole = false;
	event_del(f->timer);
	if (!news)
		return;
	(void)fault_set(&f->reason, 0, "%s", reason);
	f->ops->feed_lost(f->context, f->reason.text);
}

static void reset(struct db_feed *f, const char *reason)
{
	db_connection_reset(f->connection, reason);
}

/* ---- what arrives ---- */

/* The columns that both a load and a poll begin with. */
static bool read_header(struct db_feed *f, const PGresult *result)
{
	struct db_field fields[FEED_HEADER_FIELDS];
	if (PQntuples(result) != 1 || PQnfields(result) < FEED_HEADER_FIELDS)
		return false;
	db_result_fields(result, 0, 0, FEED_HEADER_FIELDS, fields);
	f->headed = db_evidence_read(fields, f->sent, &f->beat, &f->next_evidence) == 0 &&
		    db_read_u64(&fields[FEED_HEADER_BOUND], &f->next_bound) == 0;
	return f->headed;
}

static void take_header(struct db_feed *f, const PGresult *result)
{
	struct db_field foreign;
	bool is_foreign = true;
	if (PQnfields(result) != FEED_HEADER_FIELDS + 1 || !read_header(f, result)) {
		reset(f, FEED_NO_EVIDENCE);
		return;
	}
	db_result_fields(result, 0, FEED_HEADER_FIELDS, 1, &foreign);
	if (db_read_bool(&foreign, &is_foreign) != 0 || is_foreign)
		reset(f, FEED_FOREIGN_LOG);
}

static bool read_issuer(struct db_feed *f, const PGresult *result, int row, int first,
			struct db_issuer *ret)
{
	struct db_field fields[DB_ISSUER_FIELDS];
	struct fault fault;
	db_result_fields(result, row, first, DB_ISSUER_FIELDS, fields);
	ret->record.id = 0;
	if (db_issuer_read(fields, ret, &fault) == 0)
		return true;
	f->ops->bad_row(f->context, fault.text);
	if (ret->record.id > 0 && f->ops->bad_issuer)
		f->ops->bad_issuer(f->context, ret->record.id);
	return false;
}

static void take_issuers(struct db_feed *f, const PGresult *result)
{
	size_t rows = (size_t)PQntuples(result), count = 0;
	cleanup(memory_freep) struct db_issuer *issuers = calloc(rows + 1, sizeof(*issuers));
	if (!issuers || PQnfields(result) != DB_ISSUER_FIELDS) {
		reset(f, "database: out of memory for issuers");
		return;
	}
	for (size_t i = 0; i < rows; i++)
		count += read_issuer(f, result, (int)i, 0, &issuers[count]);
	f->ops->load_begin(f->context, &f->next_evidence, issuers, count);
}

static bool read_row(struct db_feed *f, const struct db_field *fields, struct cert_record *ret)
{
	struct db_bad_row bad;
	if (db_row_read(fields, ret, &bad) == 0)
		return true;
	f->ops->bad_row(f->context, bad.fault.text);
	if (bad.keyed && f->ops->bad_key)
		f->ops->bad_key(f->context, &bad.key);
	return false;
}

static void take_copy_row(void *context, const struct db_field *fields)
{
	struct db_feed *f = context;
	struct cert_record record;
	if (read_row(f, fields, &record))
		f->ops->load_row(f->context, &record);
}

static void give_portion(struct db_feed *f, const struct db_evidence *evidence,
			 const struct db_issuer *issuer)
{
	f->ops->poll(f->context, evidence, f->records, f->record_count, issuer, issuer ? 1 : 0);
	f->record_count = 0;
}

static void take_change(struct db_feed *f, const PGresult *result)
{
	struct db_field fields[DB_ROW_FIELDS];
	struct db_issuer issuer;
	db_result_fields(result, 0, FEED_POLL_ROW, DB_ROW_FIELDS, fields);
	if (!fields[1].null) {
		if (read_row(f, fields, &f->records[f->record_count]))
			f->record_count++;
		if (f->record_count == PORTION)
			give_portion(f, &f->evidence, NULL);
	} else if (read_issuer(f, result, 0, FEED_POLL_ISSUER, &issuer)) {
		give_portion(f, &f->evidence, &issuer);
	}
}

/* One row of a poll. A poll without changes has one row all the same: its header. */
static void take_poll_row(struct db_feed *f, const PGresult *result)
{
	struct db_field xid_field;
	uint64_t xid;
	if (PQresultStatus(result) != PGRES_SINGLE_TUPLE)
		return; /* the end of the rows */
	if (PQnfields(result) != FEED_POLL_FIELDS || (!f->headed && !read_header(f, result))) {
		reset(f, FEED_NO_EVIDENCE);
		return;
	}
	db_result_fields(result, 0, FEED_POLL_XID, 1, &xid_field);
	if (db_read_u64(&xid_field, &xid) != 0)
		return;
	db_seen_add(&f->seen, xid);
	take_change(f, result);
}

/* ---- what comes next ---- */

static void wait_for_next(struct db_feed *f)
{
	int64_t left = f->sent.mono_us + f->poll_interval_us - clock_now().mono_us;
	if (left < 0)
		left = 0;
	struct timeval delay = {.tv_sec = left / SECOND_US, .tv_usec = left % SECOND_US};
	f->state = WAITING;
	evtimer_add(f->timer, &delay);
}

static void end_load(struct db_feed *f)
{
	f->evidence = f->next_evidence;
	f->bound = f->next_bound;
	f->seen.count = f->seen.settled = 0;
	f->failures = 0;
	f->whole = true;
	f->reason.text[0] = 0;
	db_connection_proven(f->connection);
	f->ops->load_end(f->context, &f->evidence);
	wait_for_next(f);
}

static void end_poll(struct db_feed *f)
{
	if (!f->headed) {
		reset(f, FEED_NO_EVIDENCE);
		return;
	}
	if (f->next_evidence.time_us - f->evidence.time_us > GAP_MOST_US) {
		lose(f, "database: too long between two polls, loading anew");
		step(f, BEGIN);
		return;
	}
	f->evidence = f->next_evidence;
	f->bound = f->next_bound;
	db_seen_prune(&f->seen, f->bound);
	f->failures = 0;
	give_portion(f, &f->evidence, NULL);
	wait_for_next(f);
}

static int send_poll(struct db_feed *f)
{
	f->record_count = 0;
	buffer_reset(&f->parameters);
	db_seen_begin(&f->seen);
	buffer_put_u64(&f->parameters, f->bound);
	db_seen_write(&f->seen, &f->parameters);
	int r = buffer_result(&f->parameters);
	if (r < 0)
		return r;
	struct view all = buffer_view(&f->parameters);
	struct db_statement poll = {
		.name = "stillgood_poll",
		.count = 2,
		.parameters = {view_of(all.data, 8), view_of(all.data + 8, all.size - 8)},
		.row_by_row = true,
	};
	return db_connection_execute(f->connection, &poll);
}

static int send_state(struct db_feed *f)
{
	static const struct db_statement header = {.name = "stillgood_header"};
	static const struct db_statement issuers = {.name = "stillgood_issuers"};
	switch (f->state) {
	case BEGIN:
		return db_connection_send(f->connection, FEED_BEGIN);
	case HEADER:
		return db_connection_execute(f->connection, &header);
	case ISSUERS:
		return db_connection_execute(f->connection, &issuers);
	case ROWS:
		return db_connection_send(f->connection, FEED_ROWS);
	case COMMIT:
		return db_connection_send(f->connection, "COMMIT");
	case POLLING:
		return send_poll(f);
	case AWAY:
	case WAITING:
		break;
	}
	return 0;
}

/* The only place where a query is sent, and where the state becomes one that waits for it. */
static void step(struct db_feed *f, enum state state)
{
	f->state = state;
	if (state == BEGIN || state == POLLING) {
		f->sent = clock_now();
		f->headed = false;
	}
	f->copy = (struct db_copy){0};
	if (send_state(f) < 0)
		reset(f, "database: a query cannot be sent");
}

static void on_up(void *context)
{
	step(context, BEGIN);
}

static void on_down(void *context, const char *reason)
{
	struct db_feed *f = context;
	f->state = AWAY;
	lose(f, reason);
}

static void on_result(void *context, const PGresult *result)
{
	struct db_feed *f = context;
	if (f->state == HEADER)
		take_header(f, result);
	else if (f->state == ISSUERS)
		take_issuers(f, result);
	else if (f->state == POLLING)
		take_poll_row(f, result);
}

static void on_copy(void *context, struct view message)
{
	struct db_feed *f = context;
	if (db_copy_message(&f->copy, message, take_copy_row, f) < 0)
		reset(f, "database: COPY gave something that is not its format");
}

static void on_done(void *context)
{
	struct db_feed *f = context;
	if (f->state == ROWS && !f->copy.ended)
		reset(f, "database: COPY ended too early");
	else if (f->state == COMMIT)
		end_load(f);
	else if (f->state == POLLING)
		end_poll(f);
	else
		step(f, f->state + 1);
}

/* A poll can be repeated as it was: its bound has not moved. A load cannot. */
static void on_failed(void *context, const char *reason)
{
	struct db_feed *f = context;
	if (f->state == POLLING && ++f->failures <= POLL_FAILURES)
		wait_for_next(f);
	else
		reset(f, reason);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	step(context, POLLING);
}

static void on_reload(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct db_feed *f = context;
	reset(f, f->distrust.text);
}

static const struct db_connection_ops connection_ops = {
	.up = on_up,
	.down = on_down,
	.result = on_result,
	.copy = on_copy,
	.done = on_done,
	.failed = on_failed,
};

int db_feed_new(struct event_base *base, const struct db_settings *settings,
		const struct db_source_ops *ops, void *context, struct db_feed **ret)
{
	cleanup(db_feed_freep) struct db_feed *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->ops = ops;
	f->context = context;
	f->poll_interval_us = settings->poll_interval_us;
	f->timer = evtimer_new(base, on_timer, f);
	f->reload = evtimer_new(base, on_reload, f);
	if (!f->timer || !f->reload)
		return -ENOMEM;
	struct db_connection_settings connection = {
		.conninfo = settings->conninfo,
		.setup = FEED_SETUP,
		.connect_timeout_us = settings->connect_timeout_us,
		.query_timeout_us = settings->query_timeout_us,
		.streams = true,
	};
	int r = db_connection_new(base, &connection, &connection_ops, f, &f->connection);
	if (r < 0)
		return r;
	*ret = f;
	f = NULL;
	return 0;
}

void db_feed_reload(struct db_feed *f, const char *reason)
{
	(void)fault_set(&f->distrust, 0, "%s", reason);
	event_active(f->reload, EV_TIMEOUT, 0);
}

void db_feed_free(struct db_feed *f)
{
	if (!f)
		return;
	db_connection_free(f->connection);
	if (f->timer)
		event_free(f->timer);
	if (f->reload)
		event_free(f->reload);
	buffer_deinit(&f->parameters);
	free(f);
}
