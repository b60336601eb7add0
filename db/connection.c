#include "db/connection.h"

#include "base/clock.h"
#include "db/result.h"
#include "db/schema.h"
#include "db/session.h"
#include "db/target.h"
#include "net/resolver.h"

#include <event2/util.h>

/* Short enough to be whole within 5 s of a fault's end (doc/faults.md, I-8), long enough that a fleet
 * of responders is no storm. */
#define BACKOFF_LEAST_US (100 * MILLISECOND_US)
#define BACKOFF_MOST_US (2 * SECOND_US)
/* Results or messages handled before the event loop gets its turn. */
#define TURN_ITEMS 1000

enum state { DOWN, RESOLVING, CONNECTING, CHECKING, SETTING_UP, READY, BUSY };

struct db_connection {
	struct event_base *base;
	struct db_targets *targets;
	struct resolver *resolver;
	uint64_t question; /* RESOLVING: to it */
	const char *setup;
	int64_t connect_timeout_us, query_timeout_us;
	bool streams;
	bool asleep; /* has never been woken */
	const struct db_connection_ops *ops;
	void *context;

	enum state state;
	PGconn *pg;
	struct event *input; /* readable, from CHECKING on */
	struct event *once; /* what PQconnectPoll() waits for; later: writable while flushing */
	struct event *wake; /* goes on after a turn; deferred faults */
	struct event *timer; /* the state's deadline; DOWN: the next attempt */
	uint64_t generation; /* of `pg`: tells after a callback whether it is still the same */
	size_t host; /* that of the next or the present attempt; counts on for ever */
	size_t tried; /* attempts of this round: one for each host */
	struct db_connection *leader, *followers, *next_follower;
	bool beside; /* the leader's host was tried in this round */
	bool moving; /* down for the leader's sake: no attempt has failed */
	unsigned rounds; /* of failures since db_connection_proven(); choose the pause */

	bool copying, query_failed, query_fatal;
	bool answered; /* a result of the query in flight has come */
	bool doomed; /* goes down at the next wake */
	struct fault reason;
};

static struct timeval timeval_of(int64_t us)
{
	return (struct timeval){.tv_sec = us / SECOND_US, .tv_usec = us % SECOND_US};
}

/* Without memory for later it is now. */
static void add_timer(struct event *timer, int64_t us)
{
	struct timeval delay = timeval_of(us);
	if (evtimer_add(timer, &delay) < 0)
		event_active(timer, EV_TIMEOUT, 0);
}

static void arm(struct db_connection *c, int64_t us)
{
	add_timer(c->timer, us);
}

/* By a timer: an event that is made active would run before the loop looks at its descriptors. */
static void wake_soon(struct db_connection *c)
{
	add_timer(c->wake, 0);
}

/* Each host of the list is tried at once; only a whole round of failures is followed by a pause. */
static int64_t next_delay(struct db_connection *c)
{
	if (c->moving) {
		c->moving = c->beside = false;
		return 0;
	}
	c->host++;
	if (++c->tried < db_targets_count(c->targets))
		return 0;
	c->tried = 0;
	c->beside = false;
	int64_t delay = BACKOFF_LEAST_US << (c->rounds < 8 ? c->rounds : 8);
	c->rounds++;
	if (delay > BACKOFF_MOST_US)
		delay = BACKOFF_MOST_US;
	uint16_t random;
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return delay * 3 / 4 + delay * random / (INT64_C(2) * UINT16_MAX); /* ± a quarter */
}

/* The only place where the state changes; each state says until when it waits. */
static void enter(struct db_connection *c, enum state state)
{
	c->state = state;
	switch (state) {
	case DOWN:
		arm(c, next_delay(c));
		break;
	case RESOLVING:
	case CONNECTING:
	case CHECKING: /* four steps, each under the deadline of a connect */
	case SETTING_UP:
		arm(c, c->connect_timeout_us);
		break;
	case READY:
		evtimer_del(c->timer);
		break;
	case BUSY:
		arm(c, c->query_timeout_us);
		break;
	}
}

static void close_connection(struct db_connection *c)
{
	event_del(c->input);
	event_del(c->once);
	event_del(c->wake);
	if (c->resolver)
		resolver_forget(c->resolver, c->question);
	c->question = 0;
	PQfinish(c->pg);
	c->pg = NULL;
	c->generation++;
	c->doomed = false;
}

static void go_down(struct db_connection *c, const char *reason)
{
	char copy[FAULT_TEXT_SIZE]; /* the text may belong to the connection */
	(void)snprintf(copy, sizeof(copy), "%s", reason);
	close_connection(c);
	enter(c, DOWN);
	c->ops->down(c->context, copy);
}

static void go_down_by_libpq(struct db_connection *c)
{
	char line[FAULT_TEXT_SIZE / 2];
	struct fault fault;
	(void)fault_set(&fault, 0, "database: %s",
			db_message_line(PQerrorMessage(c->pg), line, sizeof(line)));
	go_down(c, fault.text);
}

/* From within a call of our owner: down() must not come before that call has returned. */
static void doom(struct db_connection *c, const char *reason)
{
	if (c->doomed)
		return;
	c->doomed = true;
	(void)snprintf(c->reason.text, sizeof(c->reason.text), "%s", reason);
	wake_soon(c);
}

static void await(struct db_connection *c, struct event *event)
{
	if (event_add(event, NULL) < 0)
		doom(c, "database: out of memory");
}

static void wait_once(struct db_connection *c, short what, event_callback_fn callback)
{
	event_del(c->once);
	event_assign(c->once, c->base, PQsocket(c->pg), what, callback, c);
	await(c, c->once);
}

/* ---- queries ---- */

static void on_writable(evutil_socket_t fd, short what, void *context);

static bool flush(struct db_connection *c)
{
	int result = PQflush(c->pg);
	if (result > 0)
		wait_once(c, EV_WRITE, on_writable);
	return result >= 0;
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct db_connection *c = context;
	(void)fd, (void)what;
	if (!flush(c))
		go_down_by_libpq(c);
}

/* ---- where another connection is ---- */

static bool is_up(const struct db_connection *c)
{
	return c->state == READY || c->state == BUSY;
}

static bool same_host(const struct db_connection *a, const struct db_connection *b)
{
	size_t count = db_targets_count(a->targets);
	return a->host % count == b->host % count;
}

/* It comes to the server where its leader is: one that is ahead, or behind, is another history for a while. */
static void call_back(struct db_connection *c)
{
	if (!c->pg || same_host(c, c->leader))
		return;
	c->moving = true;
	doom(c, "database: the feed reads another server of conninfo");
}

static void meet(struct db_connection *c)
{
	for (struct db_connection *f = c->followers; f; f = f->next_follower)
		call_back(f);
	if (c->leader && is_up(c->leader) && !c->beside)
		call_back(c); /* the leader came up while this one was on its way */
	c->beside = false;
}

/* The leader's host first, once a round; where that refuses, the others in turns. */
static void choose_host(struct db_connection *c)
{
	if (!c->leader || c->beside || !is_up(c->leader))
		return;
	c->host = c->leader->host;
	c->beside = true;
}

static void follow(struct db_connection *c, struct db_connection *leader)
{
	if (!leader)
		return;
	c->leader = leader;
	c->next_follower = leader->followers;
	leader->followers = c;
}

/* After PQsend…(): `sent` is its result. */
static void begin_query(struct db_connection *c, enum state state, int sent)
{
	c->copying = c->query_failed = c->query_fatal = c->answered = false;
	enter(c, state);
	if (!sent || !flush(c)) {
		char line[FAULT_TEXT_SIZE / 2];
		doom(c, db_message_line(PQerrorMessage(c->pg), line, sizeof(line)));
	}
}

/* Errors that the same query may not meet again: serialization and recovery conflicts, cancelled,
 * locked out, short of resources. Whatever else it is, the session is set up anew and the schema
 * checked again. */
static bool is_passing(const char *state)
{
	return state && (strncmp(state, "40", 2) == 0 || strncmp(state, "53", 2) == 0 ||
			 strcmp(state, "57014") == 0 || strcmp(state, "55P03") == 0);
}

/* Of our own statements: they are prepared at the start of each session, and settings are made there. */
static bool session_was_lost(const char *state)
{
	static const char *const states[] = {"26000", "42P05", "42704"};
	for (size_t i = 0; state && i < array_size(states); i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

static void note_failure(struct db_connection *c, const PGresult *result)
{
	char line[FAULT_TEXT_SIZE / 2];
	if (c->query_failed)
		return; /* the first error is the reason */
	c->query_failed = true;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	c->query_fatal = !is_passing(state);
	(void)fault_set(&c->reason, 0, "database: %s%s",
			db_message_line(PQresultErrorMessage(result), line, sizeof(line)),
			session_was_lost(state) ? DB_POOLER_HINT : "");
}

static void take_check(struct db_connection *c, const PGresult *result)
{
	struct fault fault;
	if (PQresultStatus(result) == PGRES_COMMAND_OK) /* of DB_SESSION_FIRST */
		return;
	c->answered = true;
	if (db_schema_judge(result, NULL, &fault) == DB_SCHEMA_RIGHT)
		return;
	c->query_failed = c->query_fatal = true;
	c->reason = fault;
}

static void take_result(struct db_connection *c, const PGresult *result)
{
	c->answered |= c->state != CHECKING;
	if (c->state == CHECKING)
		take_check(c, result);
	else if (PQresultStatus(result) == PGRES_COPY_OUT)
		c->copying = true;
	else if (!db_result_good(result))
		note_failure(c, result);
	else if (c->state == BUSY && !c->query_failed)
		c->ops->result(c->context, result);
}

static void end_busy(struct db_connection *c)
{
	enter(c, READY);
	if (c->query_failed) {
		c->ops->failed(c->context, c->reason.text);
		return;
	}
	c->ops->done(c->context);
}

/* All results of the query have come. */
static void end_query(struct db_connection *c)
{
	if (c->query_failed && (c->query_fatal || c->state != BUSY)) {
		go_down(c, c->reason.text);
	} else if (c->state == CHECKING) {
		begin_query(c, SETTING_UP, PQsendQuery(c->pg, c->setup));
	} else if (c->state == SETTING_UP) {
		enter(c, READY);
		meet(c);
		c->ops->up(c->context);
	} else {
		end_busy(c);
	}
}

/* One message of a COPY, or its end. False: no more for now. */
static bool pump_copy(struct db_connection *c)
{
	char *message = NULL;
	int size = PQgetCopyData(c->pg, &message, 1);
	if (size > 0) {
		if (!c->query_failed && c->ops->copy)
			c->ops->copy(c->context, view_of(message, (size_t)size));
		PQfreemem(message);
		return true;
	}
	if (size == -1) {
		c->copying = false;
		return true;
	}
	if (size == -2)
		go_down_by_libpq(c);
	return false;
}

/* One result, or the end of the query. False: no more for now. */
static bool pump_result(struct db_connection *c)
{
	if (PQisBusy(c->pg))
		return false;
	PGresult *result = PQgetResult(c->pg);
	if (result) {
		take_result(c, result);
		PQclear(result);
		return true;
	}
	if (PQstatus(c->pg) == CONNECTION_BAD)
		go_down_by_libpq(c);
	else if (!c->answered) /* libpq had no memory for it, perhaps */
		go_down(c, "database: a query has ended without a result");
	else
		end_query(c);
	return false;
}

static bool has_query(const struct db_connection *c)
{
	return c->state == CHECKING || c->state == SETTING_UP || c->state == BUSY;
}

/* Handles what has arrived; after a turn's worth the event loop goes first, and nothing more is
 * read meanwhile. */
static void pump(struct db_connection *c)
{
	uint64_t generation = c->generation;
	for (unsigned items = 0; has_query(c); items++) {
		if (items == TURN_ITEMS) {
			event_del(c->input);
			wake_soon(c);
			return;
		}
		bool more = c->copying ? pump_copy(c) : pump_result(c);
		if (c->generation != generation || c->doomed)
			return;
		if (!more)
			break;
	}
	await(c, c->input);
}

static void on_input(evutil_socket_t fd, short what, void *context)
{
	struct db_connection *c = context;
	(void)fd, (void)what;
	if (!PQconsumeInput(c->pg)) {
		go_down_by_libpq(c);
		return;
	}
	if (c->state == BUSY && c->streams)
		arm(c, c->query_timeout_us);
	if (has_query(c))
		pump(c);
	else
		(void)PQisBusy(c->pg); /* reads notices and an end of session */
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	struct db_connection *c = context;
	(void)fd, (void)what;
	if (c->doomed)
		go_down(c, c->reason.text);
	else if (c->pg)
		pump(c);
}

/* ---- connecting ---- */

static void ignore_notice(void *context, const char *message)
{
	(void)context, (void)message;
}

static void connected(struct db_connection *c)
{
	struct fault fault;
	if (PQserverVersion(c->pg) < 130000) {
		(void)fault_set(&fault, 0,
				"database: PostgreSQL %d is too old: 13 or newer is needed",
				PQserverVersion(c->pg) / 10000);
		go_down(c, fault.text);
		return;
	}
	if (PQsetnonblocking(c->pg, 1) != 0) {
		go_down_by_libpq(c);
		return;
	}
	event_assign(c->input, c->base, PQsocket(c->pg), EV_READ | EV_PERSIST, on_input, c);
	await(c, c->input);
	begin_query(c, CHECKING, PQsendQuery(c->pg, DB_SESSION_FIRST DB_SCHEMA_QUERY));
}

/* The socket may be another one after each call: libpq tries the next address by itself. */
static void on_connect(evutil_socket_t fd, short what, void *context)
{
	struct db_connection *c = context;
	(void)fd, (void)what;
	switch (PQconnectPoll(c->pg)) {
	case PGRES_POLLING_READING:
		wait_once(c, EV_READ, on_connect);
		break;
	case PGRES_POLLING_WRITING:
		wait_once(c, EV_WRITE, on_connect);
		break;
	case PGRES_POLLING_OK:
		connected(c);
		break;
	default:
		go_down_by_libpq(c);
	}
}

static void connect_to(struct db_connection *c, const char *addresses)
{
	struct db_target target;
	if (db_targets_get(c->targets, c->host, addresses, &target) == 0)
		c->pg = PQconnectStartParams(target.keywords, target.values, 0);
	if (!c->pg) {
		go_down(c, "database: out of memory");
		return;
	}
	PQsetNoticeProcessor(c->pg, ignore_notice, NULL);
	if (PQstatus(c->pg) == CONNECTION_BAD) {
		go_down_by_libpq(c);
		return;
	}
	enter(c, CONNECTING);
	wait_once(c, EV_WRITE, on_connect);
}

static void on_resolved(void *context, const char *addresses, const char *reason)
{
	struct db_connection *c = context;
	struct fault fault;
	c->question = 0;
	if (addresses) {
		connect_to(c, addresses);
		return;
	}
	(void)fault_set(&fault, 0, "database: host \"%s\" cannot be resolved: %s",
			db_targets_name(c->targets, c->host), reason);
	go_down(c, fault.text);
}

static void start_attempt(struct db_connection *c)
{
	choose_host(c);
	const char *name = db_targets_name(c->targets, c->host);
	if (!name || !c->resolver) {
		connect_to(c, NULL);
		return;
	}
	enter(c, RESOLVING);
	if (resolver_ask(c->resolver, name, on_resolved, c, &c->question) < 0)
		go_down(c, "database: nobody resolves host names, ask again later");
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct db_connection *c = context;
	(void)fd, (void)what;
	switch (c->state) {
	case DOWN:
		start_attempt(c);
		break;
	case RESOLVING:
		go_down(c, "database: the name of its host is not resolved within connect_timeout");
		break;
	case CONNECTING:
		go_down(c, "database: no connection within connect_timeout");
		break;
	case CHECKING:
	case SETTING_UP:
		go_down(c, "database: connected, but no answer within connect_timeout");
		break;
	case BUSY:
		go_down(c, "database: no answer within query_timeout");
		break;
	case READY:
		break;
	}
}

/* ---- for the owner ---- */

static int make_events(struct db_connection *c)
{
	c->input = event_new(c->base, -1, EV_READ | EV_PERSIST, on_input, c);
	c->once = event_new(c->base, -1, EV_READ, on_connect, c);
	c->wake = evtimer_new(c->base, on_wake, c);
	c->timer = evtimer_new(c->base, on_timer, c);
	return c->input && c->once && c->wake && c->timer ? 0 : -ENOMEM;
}

void db_connection_configure(struct db_connection *c, const struct db_settings *settings)
{
	c->connect_timeout_us = settings->connect_timeout_us;
	c->query_timeout_us = settings->query_timeout_us;
}

int db_connection_new(struct event_base *base, const struct db_connection_settings *settings,
		      const struct db_connection_ops *ops, void *context,
		      struct db_connection **ret)
{
	cleanup(db_connection_freep) struct db_connection *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->base = base;
	c->setup = settings->setup;
	db_connection_configure(c, settings->source);
	c->streams = settings->streams;
	c->ops = ops;
	c->context = context;
	c->resolver = settings->source->resolver;
	int result =
		db_targets_new(settings->source->conninfo, settings->purpose, &c->targets, NULL);
	if (result == 0)
		db_targets_shuffle(c->targets, settings->source->order);
	if (result == 0)
		result = make_events(c);
	if (result < 0)
		return result;
	follow(c, settings->leader);
	c->state = DOWN;
	c->asleep = settings->asleep;
	if (!c->asleep)
		arm(c, 0);
	*ret = c;
	c = NULL;
	return 0;
}

void db_connection_wake(struct db_connection *c)
{
	if (!c->asleep)
		return;
	c->asleep = false;
	arm(c, 0);
}

static void event_free_if(struct event *event)
{
	if (event)
		event_free(event);
}

static void leave(struct db_connection *c)
{
	struct db_connection **at = c->leader ? &c->leader->followers : NULL;
	while (at && *at != c)
		at = &(*at)->next_follower;
	if (at)
		*at = c->next_follower;
}

void db_connection_free(struct db_connection *c)
{
	if (!c)
		return;
	leave(c);
	event_free_if(c->input);
	event_free_if(c->once);
	event_free_if(c->wake);
	event_free_if(c->timer);
	if (c->resolver)
		resolver_forget(c->resolver, c->question);
	PQfinish(c->pg);
	db_targets_free(c->targets);
	free(c);
}

static int check_ready(const struct db_connection *c)
{
	if (c->state == BUSY)
		return -EBUSY;
	return c->state == READY && !c->doomed ? 0 : -ENOTCONN;
}

int db_connection_send(struct db_connection *c, const char *sql)
{
	int result = check_ready(c);
	if (result < 0)
		return result;
	begin_query(c, BUSY, PQsendQuery(c->pg, sql));
	return 0;
}

int db_connection_execute(struct db_connection *c, const struct db_statement *s)
{
	const char *values[array_size(s->parameters)];
	int lengths[array_size(s->parameters)], formats[array_size(s->parameters)];
	int result = check_ready(c);
	if (result < 0)
		return result;
	for (size_t i = 0; i < array_size(s->parameters); i++) {
		values[i] = (const char *)s->parameters[i].data;
		lengths[i] = (int)s->parameters[i].size;
		formats[i] = 1;
	}
	int sent = PQsendQueryPrepared(c->pg, s->name, s->count, values, lengths, formats, 1);
	begin_query(c, BUSY, sent);
	return 0;
}

void db_connection_reset(struct db_connection *c, const char *reason)
{
	if (c->pg)
		doom(c, reason);
}

void db_connection_proven(struct db_connection *c)
{
	c->rounds = 0;
}
