/* One client's octets through the real connection code, twice: all at once, and cut into pieces, with
 * answers that come late and a client that reads slowly. What is replied must be the same (P-46), the
 * connection must end by its deadlines (P-47), and nothing may be kept.
 *
 *   octet 0  FLAG_…;  1 … 8  sizes of the pieces, in turn;  then what the client sends */
#include "alloc/refused.h"
#include "front/connection.h"
#include "front/exchange.h"
#include "made_conf.h"

#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

enum {
	FLAG_LISTED = 1, /* the client is a listed proxy … */
	FLAG_HEADER = 2, /* … whose connections begin with a PROXY header */
	FLAG_STRICT = 4,
	FLAG_CLOSE = 8, /* the client closes its side after what it sent */
	FLAG_LATE = 16, /* in pieces: answers come when all is sent */
	FLAG_SLOW = 32, /* in pieces: the client reads when all is sent */
};
#define HEAD_SIZE 9u
#define QUESTIONS 64
#define TRIES 100u

/* ---- a clock that stands still (base/clock.c is not linked) ---- */

static struct moment the_time;

struct moment clock_now(void)
{
	return the_time;
}

int64_t wall_seconds(int64_t wall_us)
{
	return wall_us / SECOND_US;
}

/* ---- the world ---- */

struct world {
	struct conf conf;
	struct event_base *base;
	struct front *front;
	int client; /* its socket */
	struct {
		uint64_t id;
		uint8_t serial;
		bool cacheable;
	} questions[QUESTIONS];
	unsigned asked, answered;
	struct buffer in;
};

static bool take_query(void *context, const struct message_query *m)
{
	struct world *w = context;
	const struct view certid = m->certids[0];
	if (w->asked - w->answered == QUESTIONS)
		return false;
	w->questions[w->asked % QUESTIONS].id = m->id;
	w->questions[w->asked % QUESTIONS].serial = certid.data[certid.size - 1];
	w->questions[w->asked++ % QUESTIONS].cacheable = m->nonce.size == 0 && m->certid_count == 1;
	return true;
}

static void deliver(void *context, struct flight_waiter *waiter, const struct answer *answer)
{
	(void)context;
	connection_deliver(waiter, answer, &the_time);
}

static void answer_one(struct world *w)
{
	static uint8_t der[300];
	unsigned at = w->answered++ % QUESTIONS;
	int64_t second = wall_seconds(the_time.wall_us);
	memset(der, w->questions[at].serial, sizeof(der));
	const struct message_answer m = {
		.id = w->questions[at].id,
		.cacheable = w->questions[at].cacheable,
		.label.status = OCSP_GOOD,
		.label.traits = ANSWER_SHARED,
		.label.tag = w->questions[at].serial,
		.label.produced_at = second,
		.label.this_update = second,
		.label.refresh_at = second + 100000,
		.label.next_update = second + 200000,
		.label.serve_until = second + 200000,
		.der = view_of(der, sizeof(der)),
	};
	INSIDE(answers_answer(w->front->answers, &m, &the_time));
}

static void world_init(struct world *w, uint8_t flags)
{
	static const struct answers_ops ops = {.query = take_query, .deliver = deliver};
	const struct conf_networks trusted = {
		.count = flags & FLAG_LISTED ? 1 : 0,
		.each = {{.address = {.family = IP_V4, .octets = {10}}, .prefix = 8}}};
	the_time = (struct moment){.wall_us = INT64_C(1800000000) * SECOND_US,
				   .mono_us = 1000 * SECOND_US};
	w->conf = made_conf_of(CONF_FRONT, NULL, 0);
	w->conf.server.cache_size = 1 << 20;
	w->conf.server.trusted_proxies = trusted;
	w->conf.server.proxy_protocol = flags & FLAG_HEADER;
	w->conf.server.strict_content_type = flags & FLAG_STRICT;
	w->base = event_base_new();
	CHECK(w->base && front_new(w->base, &w->conf, &ops, w, &w->front) == 0);
	answers_ledger_connected(w->front->answers);
	answers_tick(w->front->answers, &(struct message_tick){.serve_until_mono_us = INT64_MAX});
}

static void connect_client(struct world *w, bool slow)
{
	const struct ip_address peer = {.family = IP_V4, .octets = {10, 1, 2, 3}};
	struct client client = {0};
	int pair[2], least = 4096;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(!slow || setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)) == 0);
	w->client = pair[0];
	int result = INSIDE_RESULT(client_arrive(w->front, &client, &peer));
	if (result == 0)
		result = INSIDE_RESULT(connection_open(w->front, pair[1], &client, &the_time));
	else
		close(pair[1]);
	CHECK(result == 0 || REFUSED);
}

/* True: something came. */
static bool client_reads(struct world *w)
{
	uint8_t octets[16384];
	ssize_t got = recv(w->client, octets, sizeof(octets), 0);
	if (got > 0)
		buffer_put(&w->in, octets, (size_t)got);
	return got > 0;
}

/* Until nothing moves any more. */
static void settle(struct world *w, bool reads, bool answers)
{
	for (unsigned still = 0; still < 2; still++) {
		CHECK(INSIDE_RESULT(event_base_loop(w->base, EVLOOP_NONBLOCK)) >= 0);
		CHECK(w->front->connection_count <= 1);
		if (reads && client_reads(w))
			still = 0;
		if (answers && w->answered < w->asked) {
			answer_one(w);
			still = 0;
		}
	}
}

/* Every connection ends by itself (P-47), and leaves nobody waiting. */
static void end_by_deadlines(struct world *w)
{
	for (unsigned i = 0; i < 4; i++) {
		the_time.mono_us += 200 * SECOND_US;
		INSIDE(connections_sweep(w->front, &the_time));
		CHECK(INSIDE_RESULT(event_base_loop(w->base, EVLOOP_NONBLOCK)) >= 0);
	}
	CHECK(w->front->connection_count == 0);
	CHECK(answers_counts(w->front->answers).waiters == 0);
}

static void world_end(struct world *w)
{
	end_by_deadlines(w);
	close(w->client);
	front_free(w->front);
	event_base_free(w->base);
}

/* ---- both ways ---- */

/* Without memory for its event a connection waits for its deadline, and reads nothing. */
static void send_piece(struct world *w, struct view piece, bool reads, bool answers)
{
	for (unsigned tries = 0; piece.size > 0 && !(REFUSED && tries > TRIES); tries++) {
		ssize_t sent = send(w->client, piece.data, piece.size, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN)
			return; /* it was told to go */
		if (sent > 0) {
			piece = view_of(piece.data + sent, piece.size - (size_t)sent);
			tries = 0;
		}
		/* Where no more fits, only a client that reads can go on. */
		settle(w, reads || sent < 0, answers || sent < 0);
	}
}

static void run(uint8_t flags, const uint8_t *sizes, struct view octets, struct buffer *ret)
{
	struct world w = {0};
	bool answers = !sizes || !(flags & FLAG_LATE), reads = !sizes || !(flags & FLAG_SLOW);
	world_init(&w, flags);
	connect_client(&w, !reads);
	for (unsigned i = 0; octets.size > 0; i++) {
		size_t size = sizes ? (size_t)sizes[i % (HEAD_SIZE - 1)] + 1 : octets.size;
		if (size > octets.size)
			size = octets.size;
		send_piece(&w, view_of(octets.data, size), reads, answers);
		octets = view_of(octets.data + size, octets.size - size);
	}
	if (flags & FLAG_CLOSE)
		(void)shutdown(w.client, SHUT_WR);
	settle(&w, true, true);
	world_end(&w);
	*ret = w.in;
}

/* "100 Continue" is said to those only who still wait with the body. */
static void forget_continues(struct buffer *replies)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const size_t size = sizeof(text) - 1;
	uint8_t *at;
	while (replies->size && (at = memmem(replies->data, replies->size, text, size))) {
		size_t before = (size_t)(at - replies->data);
		memmove(at, at + size, replies->size - before - size);
		replies->size -= size;
	}
}

/* The serials of the answers that were replied, in turn: each is 300 octets of its own. */
static unsigned answers_of(const struct buffer *replies, uint8_t ret[QUESTIONS])
{
	unsigned count = 0;
	for (size_t at = 0, run = 0; at < replies->size; at++) {
		run = at > 0 && replies->data[at] == replies->data[at - 1] ? run + 1 : 1;
		if (run % 300 == 0 && count < QUESTIONS)
			ret[count++] = replies->data[at];
	}
	return count;
}

/* doc/faults.md row 28: without memory there are errors, less is stored, and connections end; but every answer is to
 * a question that was asked (I-5), and where none is lacking they come in the same order. */
static void check_without_memory(const struct buffer *with, const struct buffer *without)
{
	uint8_t expected[QUESTIONS], said[QUESTIONS];
	unsigned count = answers_of(with, expected), said_count = answers_of(without, said);
	for (unsigned i = 0; i < said_count; i++)
		CHECK(memchr(expected, said[i], count) || said_count > count);
	CHECK(said_count != count || memcmp(expected, said, count) == 0);
}

/* The same octets come again, then with memory refused. */
static void compare(const struct buffer *whole, const struct buffer *cut)
{
	static struct buffer with;
	if (REFUSED) {
		check_without_memory(&with, whole);
		check_without_memory(&with, cut);
		return;
	}
	CHECK(view_equal(buffer_view(whole), buffer_view(cut)));
	buffer_reset(&with);
	buffer_put_view(&with, buffer_view(whole));
	CHECK(buffer_result(&with) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buffer_deinit) struct buffer whole = {0}, cut = {0};
	if (size < HEAD_SIZE)
		return 0;
	struct view octets = view_of(data + HEAD_SIZE, size - HEAD_SIZE);
	run(data[0], NULL, octets, &whole);
	run(data[0], data + 1, octets, &cut);
	forget_continues(&whole);
	forget_continues(&cut);
	compare(&whole, &cut);
	return 0;
}
