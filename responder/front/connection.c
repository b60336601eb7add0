#include "front/connection.h"

#include "base/log.h"
#include "front/condition.h"
#include "front/exchange.h"
#include "http/incoming.h"
#include "http/proxy.h"

#include <event2/event_struct.h>
#include <sys/socket.h>

#define LINGER_US (LIMIT_HTTP_LINGER_MS * MILLISECOND_US)
/* connection_make_room() looks at this many. */
#define ROOM_CANDIDATES 64u
/* The buffer of a request that arrives in parts grows by this. */
#define READ_STEP 4096u

enum connection_state {
	CONNECTION_HEADER, /* for a listed proxy's PROXY header, until head_timeout */
	CONNECTION_IDLE, /* waits for a request, until idle_timeout */
	CONNECTION_HEAD, /* for the rest of a head, until head_timeout after its first octet */
	CONNECTION_BODY, /* for the rest of a body, until body_timeout after its head */
	CONNECTION_WAITING, /* for the ledger, until the waiter's deadline */
	CONNECTION_OWING, /* for it and for the socket to take `out`, until write_timeout */
	CONNECTION_WRITING, /* for the socket to take `out`, until write_timeout */
	CONNECTION_LINGERING, /* for the client's end, until LIMIT_HTTP_LINGER_MS */
};

struct connection {
	struct event event;
	short interest; /* what `event` waits for; 0: nothing */
	int fd;
	enum connection_state state;
	bool ended; /* the client sends no more */
	bool asked; /* it has brought a request */
	struct front *front;
	LIST_ENTRY(connection) in_front;
	struct client client;
	struct wheel_timer timer;
	struct flight_waiter waiter;
	struct condition *condition; /* of the request that waits */
	struct reply_style style; /* of the reply made last or waited for */
	struct incoming incoming;
	struct buffer in; /* of requests not answered yet; without memory when idle */
	struct buffer out; /* replies that the socket did not take */
	size_t lingered; /* octets discarded */
};

static void connection_event(evutil_socket_t fd, short what, void *context);

/* ---- life ---- */

/* If the event cannot be added the connection is ended by its deadline. */
static void connection_want(struct connection *c, short interest)
{
	if (c->interest == interest)
		return;
	if (c->interest)
		(void)event_del(&c->event);
	c->interest = interest;
	if (!interest)
		return;
	(void)event_assign(&c->event, c->front->base, c->fd, (short)(interest | EV_PERSIST),
			   connection_event, c);
	(void)event_add(&c->event, NULL);
}

/* Of an idle connection when we stop: a request may be on its way. Whoever has just connected gets longer:
 * they had no reason yet to believe that we are about to end. */
static int64_t last_call_us(const struct connection *c)
{
	int64_t call = c->asked ? LIMIT_HTTP_LAST_CALL_MS : LIMIT_HTTP_FIRST_CALL_MS;
	int64_t most = c->front->conf->drain_timeout_us / 2;
	return call * MILLISECOND_US < most ? call * MILLISECOND_US : most;
}

static int64_t timeout_of(const struct connection *c, enum connection_state state)
{
	const struct conf_server *conf = c->front->conf;
	switch (state) {
	case CONNECTION_IDLE:
		return c->front->stopping ? last_call_us(c) : conf->idle_timeout_us;
	case CONNECTION_HEADER:
	case CONNECTION_HEAD:
		return conf->head_timeout_us;
	case CONNECTION_BODY:
		return conf->body_timeout_us;
	case CONNECTION_OWING:
	case CONNECTION_WRITING:
		return conf->write_timeout_us;
	case CONNECTION_LINGERING:
		return LINGER_US;
	case CONNECTION_WAITING:
		break;
	}
	return 0;
}

int connection_open(struct front *front, int fd, const struct client *client,
		    const struct moment *now)
{
	struct connection *c = calloc(1, sizeof(*c));
	if (!c) {
		struct client gone = *client;
		client_leave(front, &gone);
		close(fd);
		return -ENOMEM;
	}
	c->fd = fd;
	c->front = front;
	c->client = *client;
	c->state = client_has_header(front, client) ? CONNECTION_HEADER : CONNECTION_IDLE;
	LIST_INSERT_HEAD(&front->connections, c, in_front);
	front->connection_count++;
	wheel_set(&front->wheel, &c->timer, now->mono_us + timeout_of(c, c->state));
	connection_want(c, EV_READ);
	return 0;
}

void connection_free(struct connection *c)
{
	if (!c)
		return;
	connection_want(c, 0);
	wheel_clear(&c->timer);
	answers_leave(c->front->answers, &c->waiter);
	client_leave(c->front, &c->client);
	LIST_REMOVE(c, in_front);
	c->front->connection_count--;
	close(c->fd);
	buffer_deinit(&c->in);
	buffer_deinit(&c->out);
	condition_free(c->condition);
	free(c->waiter.note);
	free(c);
}

/* ---- state ---- */

static bool is_owing(enum connection_state state)
{
	return state == CONNECTION_OWING || state == CONNECTION_WRITING;
}

/* What the state waits for. While the ledger is asked: what belongs to the next requests, up to a
 * bound, and the client's end. */
static short interest_of(const struct connection *c)
{
	if (is_owing(c->state))
		return EV_WRITE;
	if (c->state == CONNECTION_WAITING && (c->ended || c->in.size >= FRONT_INPUT_SIZE))
		return 0;
	return EV_READ;
}

/* A state that goes on keeps its deadline: more octets do not extend it, and no answer extends that
 * of the octets in front of it. Only an idle connection's counts from the last reply. */
static void connection_set_state(struct connection *c, enum connection_state state,
				 const struct moment *now)
{
	bool same = (c->state == state && state != CONNECTION_IDLE) ||
		    (is_owing(c->state) && is_owing(state));
	c->state = state;
	if (state == CONNECTION_WAITING)
		wheel_clear(&c->timer); /* nothing is owed: the waiter's own deadline counts */
	else if (!same)
		wheel_set(&c->front->wheel, &c->timer, now->mono_us + timeout_of(c, state));
	connection_want(c, interest_of(c));
}

/* Our side ends; the client's is read until it ends too, so that no reset destroys the reply. */
static void connection_finish(struct connection *c, const struct moment *now)
{
	if (c->ended || shutdown(c->fd, SHUT_WR) < 0) {
		connection_free(c);
		return;
	}
	buffer_deinit(&c->in);
	connection_set_state(c, CONNECTION_LINGERING, now);
}

/* ---- requests ---- */

/* What a proxy forwards is its client's. One over its cap is told to come later (I-7), and the
 * proxy's connection goes on. */
static bool take_client(struct connection *c, const struct http_request *request,
			const struct moment *now)
{
	if (client_forward(c->front, &c->client, request->forwarded_for) == 0)
		return true;
	front_log_refusal(c->front, &c->client.name, "a forwarded client has its most connections",
			  now);
	exchange_error(c->front, request, OCSP_TRY_LATER, now, &c->style);
	return false;
}

static int answer(struct connection *c, const struct http_request *request, struct view body,
		  const struct moment *now)
{
	c->front->client = &c->client.name;
	if (c->client.proxy.family != IP_NONE && !take_client(c, request, now))
		return 0;
	int result = exchange(c->front, request, body, &c->waiter, now, &c->style);
	if (result == EXCHANGE_WAITING)
		c->condition = condition_keep(request);
	return result;
}

/* The state follows from what the exchange says; connection_flush() makes it hold. False: this
 * connection parses no more now. */
static bool answer_request(struct connection *c, struct input *input,
			   const struct http_request *request, struct view body,
			   const struct moment *now)
{
	int result = answer(c, request, body, now);
	c->asked = true;
	input_drop(input, request->head_size + body.size);
	c->incoming = (struct incoming){0};
	/* The next request has deadlines of its own. */
	c->state = result == EXCHANGE_WAITING ? CONNECTION_WAITING : CONNECTION_IDLE;
	return result != EXCHANGE_WAITING && !c->style.close;
}

static void refuse(struct connection *c, int status, const struct moment *now)
{
	c->style = (struct reply_style){.close = true};
	exchange_refuse(c->front, status, now);
}

/* Every request that is whole, until one has to wait or is the last. */
static void answer_requests(struct connection *c, struct input *input, const struct moment *now)
{
	struct http_request request;
	struct view body;
	bool going_on = true;
	while (going_on && input->size > 0 && !turn_is_full(&c->front->turn)) {
		int result = incoming_take(&c->incoming, input, &request, &body);
		if (result == HTTP_INCOMPLETE) {
			if (incoming_wants_continue(&c->incoming))
				turn_put(&c->front->turn, view_of_string(HTTP_CONTINUE));
			return;
		}
		if (result != 0)
			refuse(c, result, now);
		going_on = result == 0 && answer_request(c, input, &request, body, now);
	}
}

/* ---- reading and writing ---- */

/* All replies of the turn are written: what does the connection wait for now? `more`: its share of
 * this turn is used up, and whole requests may be left. May free it. */
static void connection_rest(struct connection *c, bool more, const struct moment *now)
{
	bool leaving = c->front->draining || c->style.last;
	bool last = c->ended || (leaving && c->in.size == 0);
	if (c->style.close || (last && !more)) {
		connection_finish(c, now);
		return;
	}
	if (c->in.size == 0)
		connection_set_state(c, CONNECTION_IDLE, now);
	else if (incoming_has_head(&c->incoming))
		connection_set_state(c, CONNECTION_BODY, now);
	else
		connection_set_state(c, CONNECTION_HEAD, now);
	if (more)
		event_active(&c->event, EV_READ, 1);
}

/* The turn's replies leave; then the connection takes its next state. May free it. */
static void connection_flush(struct connection *c, const struct moment *now)
{
	bool more = turn_is_full(&c->front->turn) && c->in.size > 0;
	bool waiting = c->state == CONNECTION_WAITING;
	if (turn_write(&c->front->turn, c->fd, &c->out) < 0)
		connection_free(c);
	else if (c->out.size > 0)
		connection_set_state(c, waiting ? CONNECTION_OWING : CONNECTION_WRITING, now);
	else if (waiting)
		connection_set_state(c, CONNECTION_WAITING, now);
	else
		connection_rest(c, more, now);
}

/* What is left of the input, which may be c->in itself, stays in c->in. */
static int keep_input(struct connection *c, const struct input *input)
{
	if (c->in.size == 0 && input->size == 0)
		return 0;
	if (c->in.size == 0) {
		buffer_put(&c->in, input->data, input->size);
	} else {
		memmove(c->in.data, input->data, input->size);
		c->in.size = input->size;
	}
	int result = buffer_result(&c->in);
	if (c->in.size == 0)
		buffer_deinit(&c->in);
	return result;
}

/* Answers what can be answered of the input and writes it. May free the connection. */
static void connection_go(struct connection *c, struct input *input, const struct moment *now)
{
	answer_requests(c, input, now);
	if (keep_input(c, input) < 0) {
		turn_reset(&c->front->turn);
		connection_free(c);
		return;
	}
	connection_flush(c, now);
}

static void connection_go_on(struct connection *c, const struct moment *now)
{
	struct input input = {.data = c->in.data, .size = c->in.size};
	connection_go(c, &input, now);
}

/* Reads into the front's buffer, or behind what c->in holds already. */
static ssize_t read_input(struct connection *c, struct input *ret)
{
	if (c->in.size == 0) {
		ssize_t got = recv(c->fd, c->front->input, FRONT_INPUT_SIZE, 0);
		*ret = (struct input){.data = c->front->input, .size = got > 0 ? (size_t)got : 0};
		return got;
	}
	size_t room = FRONT_INPUT_SIZE - c->in.size;
	room = room < READ_STEP ? room : READ_STEP;
	errno = room ? ENOMEM : EAGAIN;
	uint8_t *at = room ? buffer_reserve(&c->in, room) : NULL;
	ssize_t got = at ? recv(c->fd, at, room, 0) : -1;
	if (got > 0)
		c->in.size += (size_t)got;
	*ret = (struct input){.data = c->in.data, .size = c->in.size};
	return got;
}

static void connection_readable(struct connection *c, const struct moment *now)
{
	struct input input;
	ssize_t got = read_input(c, &input);
	if (got < 0 && errno != EAGAIN && errno != EINTR) {
		connection_free(c);
		return;
	}
	c->ended = c->ended || got == 0;
	if (c->state != CONNECTION_WAITING)
		connection_go(c, &input, now);
	else if (keep_input(c, &input) < 0)
		connection_free(c);
	else
		connection_set_state(c, CONNECTION_WAITING, now);
}

/* 0 or -errno: the connection is lost. */
static int write_out(struct connection *c)
{
	ssize_t sent = send(c->fd, c->out.data, c->out.size, MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	buffer_consume(&c->out, (size_t)sent);
	if (c->out.size == 0)
		buffer_deinit(&c->out);
	return 0;
}

static void connection_writable(struct connection *c, const struct moment *now)
{
	if (write_out(c) < 0) {
		connection_free(c);
		return;
	}
	if (c->out.size > 0)
		return;
	if (c->state == CONNECTION_OWING) {
		connection_set_state(c, CONNECTION_WAITING, now);
		return;
	}
	c->state = CONNECTION_IDLE;
	if (c->style.close)
		connection_finish(c, now);
	else
		connection_go_on(c, now);
}

static void refuse_header(struct connection *c, const struct moment *now)
{
	front_log_refusal(c->front, &c->client.proxy, "a listed proxy sent no PROXY header", now);
	refuse(c, 400, now);
	connection_flush(c, now);
}

/* The PROXY header is there: who is it, and what did they send behind it? */
static void connection_introduce(struct connection *c, const struct proxy_header *header,
				 struct input *input, const struct moment *now)
{
	input_drop(input, header->size);
	if (client_introduce(c->front, &c->client, &header->client) != 0) {
		c->front->counts.refused_connections++;
		front_log_refusal(c->front, &c->client.name, "a client has its most connections",
				  now);
		connection_free(c);
		return;
	}
	connection_set_state(c, CONNECTION_IDLE, now);
	connection_go(c, input, now);
}

static void connection_header(struct connection *c, const struct moment *now)
{
	struct input input;
	struct proxy_header header;
	ssize_t got = read_input(c, &input);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		connection_free(c);
		return;
	}
	int result = proxy_header_parse(view_of(input.data, input.size), &header);
	if (result == 0)
		connection_introduce(c, &header, &input, now);
	else if (result != PROXY_INCOMPLETE)
		refuse_header(c, now);
	else if (keep_input(c, &input) < 0)
		connection_free(c);
}

static void connection_discard(struct connection *c)
{
	ssize_t got = recv(c->fd, c->front->input, FRONT_INPUT_SIZE, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->lingered += got > 0 ? (size_t)got : 0;
	if (got <= 0 || c->lingered > LIMIT_HTTP_LINGER_BYTES)
		connection_free(c);
}

static void connection_event(evutil_socket_t fd, short what, void *context)
{
	struct connection *c = context;
	(void)fd;
	(void)what;
	struct moment now = clock_now();
	switch (c->state) {
	case CONNECTION_IDLE:
	case CONNECTION_HEAD:
	case CONNECTION_BODY:
	case CONNECTION_WAITING:
		connection_readable(c, &now);
		break;
	case CONNECTION_OWING:
	case CONNECTION_WRITING:
		connection_writable(c, &now);
		break;
	case CONNECTION_HEADER:
		connection_header(c, &now);
		break;
	case CONNECTION_LINGERING:
		connection_discard(c);
		break;
	}
}

/* ---- from elsewhere ---- */

static struct connection *connection_of_waiter(struct flight_waiter *waiter)
{
	return (struct connection *)(void *)((char *)waiter - offsetof(struct connection, waiter));
}

static struct connection *connection_of_timer(const struct wheel_timer *timer)
{
	return (struct connection *)(uintptr_t)((const char *)timer -
						offsetof(struct connection, timer));
}

void connection_deliver(struct flight_waiter *waiter, const struct answer *answer,
			const struct moment *now)
{
	struct connection *c = connection_of_waiter(waiter);
	bool owing = c->out.size > 0;
	c->style.close = c->style.close || c->style.last || c->front->draining;
	c->state = owing ? CONNECTION_WRITING : CONNECTION_IDLE;
	struct http_request request = condition_request(c->condition);
	c->front->client = &c->client.name;
	exchange_deliver(c->front, &request, waiter, answer, now, &c->style);
	condition_free(c->condition);
	c->condition = NULL;
	if (c->style.close || owing)
		connection_flush(c, now);
	else
		connection_go_on(c, now);
}

/* What the client did not take is not kept for it, in the kernel's memory neither. */
static void connection_cut(struct connection *c)
{
	const struct linger now = {.l_onoff = 1};
	if (is_owing(c->state))
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	connection_free(c);
}

/* A request that has come, but was not looked at yet, would be reset. */
static bool has_input(const struct connection *c)
{
	uint8_t octet;
	return recv(c->fd, &octet, 1, MSG_PEEK) > 0;
}

static void connection_deadline(void *context, struct wheel_timer *timer)
{
	struct connection *c = connection_of_timer(timer);
	struct moment now = clock_now();
	(void)context;
	if (c->state == CONNECTION_IDLE && has_input(c)) {
		connection_readable(c, &now);
	} else if (c->state != CONNECTION_HEAD && c->state != CONNECTION_BODY) {
		connection_cut(c);
	} else {
		refuse(c, 408, &now);
		connection_flush(c, &now);
	}
}

static bool is_idle(const struct wheel_timer *timer)
{
	return connection_of_timer(timer)->state == CONNECTION_IDLE;
}

/* Slow heads, slow bodies, clients that do not read or do not end: an honest one is rarely the oldest
 * of these. */
static bool is_slow(const struct wheel_timer *timer)
{
	enum connection_state state = connection_of_timer(timer)->state;
	return state == CONNECTION_HEADER || state == CONNECTION_HEAD || state == CONNECTION_BODY ||
	       state == CONNECTION_LINGERING || is_owing(state);
}

bool connection_make_room(struct front *front)
{
	struct wheel_timer *timer = wheel_find(&front->wheel, ROOM_CANDIDATES, is_idle);
	if (!timer)
		timer = wheel_find(&front->wheel, ROOM_CANDIDATES, is_slow);
	if (!timer)
		return false;
	connection_cut(connection_of_timer(timer));
	return true;
}

/* ---- all of them ---- */

void connections_close(struct front *front)
{
	while (front && !LIST_EMPTY(&front->connections))
		connection_free(LIST_FIRST(&front->connections));
}

void connections_sweep(struct front *front, const struct moment *now)
{
	answers_expire(front->answers, now);
	wheel_sweep(&front->wheel, now->mono_us, connection_deadline, front);
}

static void last_call(struct connection *c, const struct moment *now)
{
	if (c->state == CONNECTION_IDLE)
		wheel_set(&c->front->wheel, &c->timer, now->mono_us + last_call_us(c));
}

void connections_drain(struct front *front, const struct moment *now)
{
	struct connection *c;
	front->draining = true;
	front->stopping = true;
	LIST_FOREACH(c, &front->connections, in_front)
		last_call(c, now);
}

void connections_leave(struct front *front, uint32_t door, const struct moment *now)
{
	struct connection *c;
	LIST_FOREACH(c, &front->connections, in_front)
		if (c->client.door == door) {
			c->style.last = true;
			last_call(c, now);
		}
}
