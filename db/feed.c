#include "db/feed.h"

#include "db/array.h"
#include "db/connection.h"
#include "db/copy.h"
#include "db/feed_sql.h"
#include "db/result.h"
#include "db/window.h"

/* Polls that may fail one after the other before the connection is made anew. */
#define POLL_FAILURES 3
/* The schema is looked at this often. */
#define EXAMINE_US (15 * SECOND_US)
#define ALARMS_MOST 32
/* Heartbeats come every second or more often: evidence of this age stands still. Why is asked so often. */
#define STALL_US (5 * SECOND_US)
#define STALL_ASK_US SECOND_US

enum state { AWAY, BEGIN, HEADER, EXAMINE, ISSUERS, ROWS, COMMIT, WAITING, POLLING, STANDBY };

/* What the answer in flight begins with. */
struct header {
	bool read;
	struct db_evidence evidence;
	struct buffer shown; /* for db_window_move() */
	bool foreign;
	int64_t trims;
	uint64_t trimmed;
};

struct db_feed {
	struct db_connection *connection;
	const struct db_source_ops *ops;
	void *context;
	struct db_beat beat;
	struct event *timer; /* WAITING: the next poll */
	int64_t poll_interval_us;

	enum state state;
	bool whole; /* a load has ended and nothing was lost since */
	bool streaming; /* a poll that goes the way of a load, for its many rows */
	struct fault reason; /* told last, where not whole */
	struct moment sent; /* of the query in flight; loads and streams: of their BEGIN */
	struct header header;
	struct db_evidence evidence; /* of the last load or poll that ended */
	int64_t trims; /* so often was the log trimmed by then */
	int64_t examined_mono_us;
	int64_t stall_asked_us;
	enum db_stall stall; /* told last */
	unsigned failures;

	struct db_copy copy;
	struct db_window window;
	struct buffer seen; /* a parameter */
	struct cert_record records[FEED_PORTION];
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

static bool read_header(struct db_feed *f, const PGresult *result)
{
	struct header *h = &f->header;
	struct db_field fields[FEED_HEADER_FIELDS];
	uint64_t trims;
	if (PQntuples(result) < 1 || PQnfields(result) < FEED_HEADER_FIELDS)
		return false;
	db_result_fields(result, 0, 0, FEED_HEADER_FIELDS, fields);
	if (db_evidence_read(fields, f->sent, &f->beat, &h->evidence) != 0 ||
	    db_read_bool(&fields[FEED_HEADER_FOREIGN], &h->foreign) != 0 ||
	    db_read_u64(&fields[FEED_HEADER_TRIMS], &trims) != 0)
		return false;
	h->trims = (int64_t)trims;
	if (db_read_u64(&fields[FEED_HEADER_TRIMMED], &h->trimmed) != 0)
		h->trimmed = UINT64_MAX; /* nobody knows any more */
	buffer_reset(&h->shown);
	buffer_put_view(&h->shown, fields[FEED_HEADER_SHOWN].bytes);
	h->read = buffer_result(&h->shown) == 0;
	return h->read;
}

/* Why nothing of this answer may be told; NULL: it may. */
static const char *refuse_header(const struct db_feed *f)
{
	const struct header *h = &f->header;
	if (h->foreign)
		return DB_FOREIGN_LOG;
	if (!f->whole) /* a load may be of any history */
		return NULL;
	if (h->trims != f->trims && h->trimmed >= f->window.xmin)
		return FEED_TRIMMED;
	return db_history_break(&f->evidence, &h->evidence);
}

/* False: the connection is given up. */
static bool take_header(struct db_feed *f, const PGresult *result)
{
	const char *refusal = read_header(f, result) ? refuse_header(f) : DB_NO_EVIDENCE;
	if (refusal)
		reset(f, refusal);
	return !refusal;
}

/* The vital findings come first. */
static void take_findings(struct db_feed *f, const PGresult *result)
{
	const char *alarms[ALARMS_MOST];
	size_t count = 0;
	for (int row = 0; row < PQntuples(result) && count < ALARMS_MOST; row++) {
		struct db_field vital_field;
		bool vital = true;
		db_result_fields(result, row, DB_EXAMINE_VITAL, 1, &vital_field);
		alarms[count++] = PQgetvalue(result, row, DB_EXAMINE_TEXT);
		if (db_read_bool(&vital_field, &vital) != 0 || vital) {
			reset(f, alarms[0]);
			return;
		}
	}
	if (f->ops->alarms)
		f->ops->alarms(f->context, alarms, count);
}

static void tell_stall(struct db_feed *f, enum db_stall stall)
{
	if (stall == f->stall)
		return;
	f->stall = stall;
	if (f->ops->stalled)
		f->ops->stalled(f->context, stall);
}

static bool stands_still(const struct db_feed *f, int64_t now_us)
{
	return f->whole && now_us >= f->evidence.mono_us + STALL_US;
}

static void take_standby(struct db_feed *f, const PGresult *result)
{
	struct db_field field;
	uint64_t stall;
	if (PQntuples(result) != 1)
		return;
	db_result_fields(result, 0, 0, 1, &field);
	if (db_read_u64(&field, &stall) == 0 && stall <= DB_STALL_HEARTBEAT)
		tell_stall(f, (enum db_stall)stall);
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

static void give_portion(struct db_feed *f, const struct db_evidence *evidence,
			 const struct db_issuer *issuers, size_t count)
{
	f->ops->poll(f->context, evidence, f->records, f->record_count, issuers, count);
	f->record_count = 0;
}

/* All of them: of a load, or among the changes of a stream. */
static void take_issuers(struct db_feed *f, const PGresult *result)
{
	size_t rows = (size_t)PQntuples(result), count = 0;
	cleanup(memory_freep) struct db_issuer *issuers = calloc(rows + 1, sizeof(*issuers));
	if (!issuers) {
		reset(f, "database: out of memory for issuers");
		return;
	}
	for (size_t i = 0; i < rows; i++)
		count += read_issuer(f, result, (int)i, 0, &issuers[count]);
	if (f->streaming)
		give_portion(f, &f->evidence, issuers, count);
	else
		f->ops->load_begin(f->context, &f->header.evidence, issuers, count);
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

/* Only what its own transaction has written proves that this one has ended (row 38). */
static void see_transaction(struct db_feed *f, const struct db_field *xid_field,
			    const struct db_field *own_field)
{
	uint64_t xid;
	bool own = false;
	if (db_read_u64(xid_field, &xid) == 0 && db_read_bool(own_field, &own) == 0 && own)
		db_window_see(&f->window, xid);
}

static void take_record(struct db_feed *f, const struct db_field *fields)
{
	if (read_row(f, fields, &f->records[f->record_count]))
		f->record_count++;
	if (f->record_count == FEED_PORTION)
		give_portion(f, &f->evidence, NULL, 0);
}

static void take_copy_row(void *context, const struct db_field *fields)
{
	struct db_feed *f = context;
	struct cert_record record;
	if (f->streaming) {
		see_transaction(f, &fields[FEED_COPY_XID], &fields[FEED_COPY_OWN]);
		take_record(f, fields);
	} else if (read_row(f, fields, &record)) {
		record.ended = db_hold_read(&fields[DB_ROW_FIELDS]);
		f->ops->load_row(f->context, &record);
	}
}

static void take_change(struct db_feed *f, const PGresult *result, int row)
{
	struct db_field transaction[2], fields[DB_ROW_FIELDS];
	struct db_issuer issuer;
	db_result_fields(result, row, FEED_POLL_XID, 2, transaction);
	if (transaction[0].null) /* a poll without changes has its header all the same */
		return;
	see_transaction(f, &transaction[0], &transaction[1]);
	db_result_fields(result, row, FEED_POLL_ROW, DB_ROW_FIELDS, fields);
	if (!fields[1].null)
		take_record(f, fields);
	else if (read_issuer(f, result, row, FEED_POLL_ISSUER, &issuer))
		give_portion(f, &f->evidence, &issuer, 1);
}

static void take_poll(struct db_feed *f, const PGresult *result)
{
	if (!take_header(f, result))
		return;
	f->streaming = PQntuples(result) > FEED_PORTION;
	for (int row = 0; row < PQntuples(result) && !f->streaming; row++)
		take_change(f, result, row);
}

/* ---- what comes next ---- */

static void wait_for_next(struct db_feed *f)
{
	int64_t left = f->sent.mono_us + f->poll_interval_us - clock_now().mono_us;
	if (left < 0)
		left = 0;
	struct timeval delay = {.tv_sec = left / SECOND_US, .tv_usec = left % SECOND_US};
	f->state = WAITING;
	if (evtimer_add(f->timer, &delay) < 0) /* without memory for later it is now */
		event_active(f->timer, EV_TIMEOUT, 0);
}

/* What was read counts from here on. False: the connection is given up. */
static bool settle(struct db_feed *f)
{
	if (db_window_move(&f->window, buffer_view(&f->header.shown)) < 0) {
		reset(f, DB_NO_EVIDENCE);
		return false;
	}
	f->evidence = f->header.evidence;
	f->trims = f->header.trims;
	f->failures = 0;
	f->streaming = false;
	if (f->stall != DB_STALL_NONE && !stands_still(f, clock_now().mono_us))
		tell_stall(f, DB_STALL_NONE);
	return true;
}

static void end_load(struct db_feed *f)
{
	db_window_reset(&f->window);
	if (!settle(f))
		return;
	f->whole = true;
	f->reason.text[0] = 0;
	db_connection_proven(f->connection);
	f->ops->load_end(f->context, &f->evidence);
	wait_for_next(f);
}

static void end_poll(struct db_feed *f)
{
	if (!f->header.read) {
		reset(f, DB_NO_EVIDENCE);
		return;
	}
	if (!settle(f))
		return;
	give_portion(f, &f->evidence, NULL, 0);
	wait_for_next(f);
}

static int send_poll(struct db_feed *f)
{
	buffer_reset(&f->seen);
	db_window_write_seen(&f->window, &f->seen);
	int result = buffer_result(&f->seen);
	if (result < 0)
		return result;
	struct db_statement poll = {
		.name = "stillgood_poll",
		.count = 2,
		.parameters = {buffer_view(&f->window.snapshot), buffer_view(&f->seen)},
	};
	return db_connection_execute(f->connection, &poll);
}

static int send_header(struct db_feed *f)
{
	struct db_statement header = {.name = "stillgood_header"};
	if (f->streaming)
		header = (struct db_statement){
			.name = "stillgood_stream",
			.count = 1,
			.parameters = {buffer_view(&f->window.snapshot)},
		};
	return db_connection_execute(f->connection, &header);
}

static int send_state(struct db_feed *f)
{
	static const struct db_statement examine = {.name = "stillgood_examine"};
	static const struct db_statement issuers = {.name = "stillgood_issuers"};
	static const struct db_statement standby = {.name = "stillgood_standby"};
	switch (f->state) {
	case BEGIN:
		return db_connection_send(f->connection,
					  f->streaming ? FEED_BEGIN_STREAM : FEED_BEGIN_LOAD);
	case HEADER:
		return send_header(f);
	case EXAMINE:
		return db_connection_execute(f->connection, &examine);
	case ISSUERS:
		return db_connection_execute(f->connection, &issuers);
	case ROWS:
		return db_connection_send(f->connection, f->streaming ? FEED_STREAM : FEED_ROWS);
	case COMMIT:
		return db_connection_send(f->connection, "COMMIT");
	case POLLING:
		return send_poll(f);
	case STANDBY:
		return db_connection_execute(f->connection, &standby);
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
		f->header.read = false;
		f->record_count = 0;
		db_window_begin(&f->window);
	}
	if (state == STANDBY)
		f->stall_asked_us = clock_now().mono_us;
	if (state == EXAMINE)
		f->examined_mono_us = clock_now().mono_us;
	f->copy = (struct db_copy){.columns = f->streaming ? FEED_COPY_FIELDS : FEED_ROWS_FIELDS};
	if (send_state(f) < 0)
		reset(f, "database: a query cannot be sent");
}

static void on_up(void *context)
{
	struct db_feed *f = context;
	f->streaming = false;
	step(f, BEGIN);
}

static void on_down(void *context, const char *reason)
{
	struct db_feed *f = context;
	f->state = AWAY;
	lose(f, reason);
}

/* Our own statements: other columns than we have written mean that something is in between. */
static int columns_of(const struct db_feed *f)
{
	switch (f->state) {
	case HEADER:
		return FEED_HEADER_FIELDS + f->streaming;
	case EXAMINE:
		return DB_EXAMINE_FIELDS;
	case ISSUERS:
		return DB_ISSUER_FIELDS;
	case POLLING:
		return FEED_POLL_FIELDS;
	case STANDBY:
		return FEED_STANDBY_FIELDS;
	case AWAY:
	case BEGIN:
	case ROWS:
	case COMMIT:
	case WAITING:
		break;
	}
	return 0;
}

static void on_result(void *context, const PGresult *result)
{
	struct db_feed *f = context;
	if (PQnfields(result) != columns_of(f))
		reset(f, "database: an answer has other columns than its question");
	else if (f->state == HEADER)
		(void)take_header(f, result);
	else if (f->state == EXAMINE)
		take_findings(f, result);
	else if (f->state == ISSUERS)
		take_issuers(f, result);
	else if (f->state == POLLING)
		take_poll(f, result);
	else if (f->state == STANDBY)
		take_standby(f, result);
}

static void on_copy(void *context, struct view message)
{
	struct db_feed *f = context;
	if (db_copy_message(&f->copy, message, take_copy_row, f) < 0)
		reset(f, "database: COPY gave something that is not its format");
}

/* Which query follows the one that has ended well. */
static enum state after(const struct db_feed *f)
{
	if (f->state == HEADER && f->streaming)
		return ISSUERS;
	if ((f->state == EXAMINE && f->whole) || f->state == STANDBY)
		return POLLING;
	return f->state + 1;
}

static void on_done(void *context)
{
	struct db_feed *f = context;
	if (f->state == ROWS && !f->copy.ended)
		reset(f, "database: COPY ended too early");
	else if (f->state == POLLING && f->streaming)
		step(f, BEGIN);
	else if (f->state == POLLING || (f->state == COMMIT && f->streaming))
		end_poll(f);
	else if (f->state == COMMIT)
		end_load(f);
	else
		step(f, after(f));
}

/* A poll can be repeated as it was: its window has not moved. A load or a stream cannot. */
static void on_failed(void *context, const char *reason)
{
	struct db_feed *f = context;
	bool again =
		f->state == POLLING || f->state == STANDBY || (f->state == EXAMINE && f->whole);
	if (again && ++f->failures <= POLL_FAILURES)
		wait_for_next(f);
	else
		reset(f, reason);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct db_feed *f = context;
	int64_t now_us = clock_now().mono_us;
	bool examine = now_us >= f->examined_mono_us + EXAMINE_US;
	bool ask = stands_still(f, now_us) && now_us >= f->stall_asked_us + STALL_ASK_US;
	step(f, examine ? EXAMINE : ask ? STANDBY : POLLING);
}

static const struct db_connection_ops connection_ops = {
	.up = on_up,
	.down = on_down,
	.result = on_result,
	.copy = on_copy,
	.done = on_done,
	.failed = on_failed,
};

void db_feed_configure(struct db_feed *f, const struct db_settings *settings)
{
	f->poll_interval_us = settings->poll_interval_us;
	db_connection_configure(f->connection, settings);
}

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
	if (!f->timer)
		return -ENOMEM;
	const struct db_connection_settings connection = {settings, "feed", FEED_SETUP,
							  .streams = true};
	int result = db_connection_new(base, &connection, &connection_ops, f, &f->connection);
	if (result < 0)
		return result;
	*ret = f;
	f = NULL;
	return 0;
}

struct db_connection *db_feed_connection(struct db_feed *f)
{
	return f->connection;
}

void db_feed_reset(struct db_feed *f, const char *reason)
{
	reset(f, reason);
}

void db_feed_free(struct db_feed *f)
{
	if (!f)
		return;
	db_connection_free(f->connection);
	if (f->timer)
		event_free(f->timer);
	buffer_deinit(&f->header.shown);
	buffer_deinit(&f->window.snapshot);
	buffer_deinit(&f->seen);
	free(f);
}
