/* A client's connection from the first octet to the last: order, framing, deadlines, closing
 * (P-40 … P-50), over a socket pair, with a ledger that answers when the test says so. */
#include "unit.h"

#include "front/connection.h"
#include "made_conf.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/socket.h>

#define CERTID_SIZE 60
#define REQUEST_SIZE 68
#define NONCE_REQUEST_SIZE 93
#define QUESTIONS 64
/* Longer than any test, so that none decides by how fast the machine is. */
#define LONG_US (600 * SECOND_US)
#define PATIENCE_US (60 * SECOND_US)

struct question {
	uint64_t id;
	uint8_t serial;
	bool nonce;
};

struct world {
	struct conf conf;
	struct event_base *base;
	struct front *front;
	struct ip_address peer;
	int client;
	unsigned asked, answered;
	struct question questions[QUESTIONS];
	size_t der_size;
	struct buffer in; /* what the client has received */
	bool end; /* and that nothing follows */
};

/* ---- the ledger ---- */

static bool take_query(void *context, const struct message_query *m)
{
	struct world *w = context;
	assert_true(w->asked < QUESTIONS);
	w->questions[w->asked++] = (struct question){
		.id = m->id,
		.serial = m->certids[0].data[m->certids[0].size - 1],
		.nonce = m->nonce.size > 0,
	};
	return true;
}

static bool affords(void *context, const struct moment *now)
{
	return client_may_ask(((struct world *)context)->front, now);
}

static void deliver(void *context, struct flight_waiter *waiter, const struct answer *answer)
{
	struct moment now = clock_now();
	(void)context;
	connection_deliver(waiter, answer, &now);
}

/* The next question's answer: a "response" whose octets are all the serial number. */
static void ledger_answers(struct world *w, enum ocsp_status status)
{
	static uint8_t der[LIMIT_RESPONSE];
	assert_true(w->answered < w->asked);
	const struct question *question = &w->questions[w->answered++];
	memset(der, question->serial, w->der_size);
	struct moment now = clock_now();
	int64_t second = wall_seconds(now.wall_us);
	const struct message_answer m = {
		.id = question->id,
		.cacheable = !question->nonce,
		.label.status = status,
		.label.traits = status == OCSP_UNKNOWN ? 0 : ANSWER_SHARED,
		.label.tag = question->serial,
		.label.produced_at = second,
		.label.this_update = second,
		.label.refresh_at = second + 1000,
		.label.next_update = second + 2000,
		/* For how long is the ledger's to say: a second would be shorter than a busy machine's. */
		.label.serve_until = second + 2000,
		.der = view_of(der, w->der_size),
	};
	answers_answer(w->front->answers, &m, &now);
}

/* ---- the client ---- */

static int connect_client(struct world *w)
{
	int pair[2];
	struct moment now = clock_now();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
			 0);
	struct client client = {0};
	assert_int_equal(client_arrive(w->front, &client, &w->peer), 0);
	int size = 4096; /* so that long answers do not fit */
	assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	assert_int_equal(connection_open(w->front, pair[1], &client, &now), 0);
	return pair[0];
}

static void run_once(struct world *w)
{
	uint8_t octets[16384];
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	struct moment now = clock_now();
	connections_sweep(w->front, &now);
	ssize_t got = recv(w->client, octets, sizeof(octets), 0);
	if (got > 0)
		buffer_put(&w->in, octets, (size_t)got);
	w->end = w->end || got == 0 || (got < 0 && errno != EAGAIN);
	struct pollfd wait = {.fd = w->client, .events = POLLIN};
	if (got < 0)
		(void)poll(&wait, 1, 1);
}

static void run_for(struct world *w, int64_t us)
{
	int64_t until = clock_now().mono_us + us;
	while (clock_now().mono_us < until)
		run_once(w);
}

static void run_until_end(struct world *w)
{
	int64_t until = clock_now().mono_us + PATIENCE_US;
	while (!w->end && clock_now().mono_us < until)
		run_once(w);
	assert_true(w->end);
}

static void run_until_asked(struct world *w, unsigned asked)
{
	int64_t until = clock_now().mono_us + PATIENCE_US;
	while (w->asked < asked && clock_now().mono_us < until)
		run_once(w);
	assert_int_equal(w->asked, asked);
}

static void client_sends(struct world *w, struct view bytes)
{
	assert_int_equal(send(w->client, bytes.data, bytes.size, MSG_NOSIGNAL), bytes.size);
}

static void client_says(struct world *w, const char *text)
{
	client_sends(w, view_of_string(text));
}

static size_t count_of(const struct world *w, const char *text)
{
	size_t count = 0, size = strlen(text);
	const uint8_t *at = w->in.data, *end = w->in.data + w->in.size;
	while (at && (at = memmem(at, (size_t)(end - at), text, size))) {
		count++;
		at++;
	}
	return count;
}

static bool received(const struct world *w, const char *text)
{
	return count_of(w, text) > 0;
}

static void run_until_received(struct world *w, const char *text, size_t count)
{
	int64_t until = clock_now().mono_us + PATIENCE_US;
	while (count_of(w, text) < count && clock_now().mono_us < until)
		run_once(w);
	assert_int_equal(count_of(w, text), count);
}

/* ---- requests ---- */

static void put_der(uint8_t serial, bool nonce, struct buffer *out)
{
	static const uint8_t algorithm[] = {0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
					    0x03, 0x02, 0x1a, 0x05, 0x00};
	static const uint8_t extension[] = {0xa2, 0x17, 0x30, 0x15, 0x30, 0x13, 0x06, 0x09, 0x2b,
					    0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02, 0x04,
					    0x06, 0x04, 0x04, 'n',  'o',  'n',  'c'};
	const uint8_t heads[] = {
		0x30, nonce ? 0x5b : 0x42, 0x30, nonce ? 0x59 : 0x40, 0x30, 0x3e, 0x30, 0x3c, 0x30,
		0x3a};
	const uint8_t hash_head[] = {0x04, 0x14}, number[] = {0x02, 0x01, serial};
	static const uint8_t hash[20];
	buffer_put(out, heads, sizeof(heads));
	buffer_put(out, algorithm, sizeof(algorithm));
	for (int i = 0; i < 2; i++) {
		buffer_put(out, hash_head, sizeof(hash_head));
		buffer_put(out, hash, sizeof(hash));
	}
	buffer_put(out, number, sizeof(number));
	if (nonce)
		buffer_put(out, extension, sizeof(extension));
}

static void client_gets(struct world *w, uint8_t serial, const char *method, const char *rest)
{
	cleanup(buffer_deinit) struct buffer der = {0}, text = {0};
	uint8_t base64[256];
	put_der(serial, false, &der);
	assert_int_equal(der.size, REQUEST_SIZE);
	assert_true(EVP_EncodeBlock(base64, der.data, (int)der.size) > 0);
	buffer_printf(&text, "%s /%s %s", method, (const char *)base64, rest);
	client_sends(w, buffer_view(&text));
}

static void client_posts(struct world *w, uint8_t serial, bool nonce)
{
	cleanup(buffer_deinit) struct buffer der = {0}, text = {0};
	put_der(serial, nonce, &der);
	buffer_printf(&text, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", der.size);
	buffer_put_view(&text, buffer_view(&der));
	client_sends(w, buffer_view(&text));
}

#define ORDINARY "HTTP/1.1\r\nHost: a\r\n\r\n"

static void store(struct world *w, uint8_t serial, enum ocsp_status status)
{
	client_posts(w, serial, false);
	run_until_asked(w, w->asked + 1);
	ledger_answers(w, status);
	int64_t until = clock_now().mono_us + PATIENCE_US;
	while (w->in.size <= w->der_size && clock_now().mono_us < until)
		run_once(w);
	run_for(w, 5 * MILLISECOND_US);
	assert_int_equal(count_of(w, "HTTP/1.1 200 OK\r\n"), 1);
	buffer_reset(&w->in);
}

/* ---- the world ---- */

static int setup_with(void **state, int64_t answer_timeout_us)
{
	static const struct answers_ops ops = {
		.query = take_query, .affords = affords, .deliver = deliver};
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->conf = made_conf_of(CONF_FRONT, NULL, 0);
	w->conf.server.cache_size = 1 << 20;
	w->conf.server.connections = 8;
	w->conf.server.head_timeout_us = LONG_US;
	w->conf.server.body_timeout_us = LONG_US;
	w->conf.server.write_timeout_us = LONG_US;
	w->conf.server.idle_timeout_us = LONG_US;
	w->conf.server.answer_timeout_us = answer_timeout_us;
	w->conf.server.max_certids = 10;
	w->der_size = 100;
	w->base = event_base_new();
	assert_non_null(w->base);
	assert_int_equal(front_new(w->base, &w->conf, &ops, w, &w->front), 0);
	answers_ledger_connected(w->front->answers);
	answers_tick(w->front->answers, &(struct message_tick){.serve_until_mono_us = INT64_MAX});
	w->client = connect_client(w);
	*state = w;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, LONG_US);
}

/* Whoever waits for the ledger does so for a moment only. */
static int setup_impatient(void **state)
{
	return setup_with(state, 300 * MILLISECOND_US);
}

/* For tests that wait for a deadline. */
static void hasten(struct world *w)
{
	w->conf.server.head_timeout_us = 300 * MILLISECOND_US;
	w->conf.server.body_timeout_us = 300 * MILLISECOND_US;
	w->conf.server.write_timeout_us = 300 * MILLISECOND_US;
	w->conf.server.idle_timeout_us = 600 * MILLISECOND_US;
}

static int teardown(void **state)
{
	struct world *w = *state;
	close(w->client);
	connections_close(w->front);
	front_free(w->front);
	event_base_free(w->base);
	buffer_deinit(&w->in);
	free(w);
	return 0;
}

/* ---- refusals ---- */

static void after_a_refusal_nothing_more_is_answered(void **state) /* P-46 */
{
	struct world *w = *state;
	store(w, 1, OCSP_GOOD);
	client_gets(w, 1, "GET", ORDINARY);
	client_says(w, "GET / HTTP/1.1\r\nHost : a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
	run_until_end(w);
	assert_int_equal(count_of(w, "HTTP/1.1 200 OK\r\n"), 1);
	assert_int_equal(count_of(w, "HTTP/1.1 400 "), 1);
	assert_int_equal(count_of(w, "Content-Length: "), 2);
}

static void a_body_over_its_limit_is_413_and_the_client_gets_to_read_it(void **state) /* P-19 */
{
	struct world *w = *state;
	static const uint8_t body[10001];
	client_says(w, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10001\r\n\r\n");
	client_sends(w, view_of(body, sizeof(body)));
	run_until_end(w);
	assert_true(received(w, "HTTP/1.1 413 "));
}

static void put_letters(struct buffer *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buffer_put_u8(out, 'a');
}

static void a_path_over_its_limit_is_414(void **state) /* P-19 */
{
	struct world *w = *state;
	cleanup(buffer_deinit) struct buffer text = {0};
	buffer_put_string(&text, "GET /");
	put_letters(&text, LIMIT_GET_PATH);
	buffer_put_string(&text, " " ORDINARY);
	client_sends(w, buffer_view(&text));
	run_until_end(w);
	assert_true(received(w, "HTTP/1.1 414 "));
}

static void a_head_over_its_limit_is_431(void **state) /* P-46 */
{
	struct world *w = *state;
	cleanup(buffer_deinit) struct buffer line = {0};
	buffer_put_string(&line, "X: ");
	put_letters(&line, 1000);
	buffer_put_string(&line, "\r\n");
	client_says(w, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < 17 && !w->end; i++) {
		client_sends(w, buffer_view(&line));
		run_once(w);
	}
	run_until_end(w);
	assert_true(received(w, "HTTP/1.1 431 "));
}

static void a_method_that_is_not_ours_is_405(void **state) /* P-40 */
{
	struct world *w = *state;
	client_says(w, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
	run_until_end(w);
	assert_true(received(w, "HTTP/1.1 405 "));
	assert_true(received(w, "\r\nAllow: "));
}

static void only_a_strict_responder_minds_the_content_type(void **state) /* P-43 */
{
	struct world *w = *state;
	store(w, 1, OCSP_GOOD); /* without any */
	w->conf.server.strict_content_type = true;
	client_posts(w, 1, false);
	run_until_end(w);
	assert_true(received(w, "HTTP/1.1 415 "));
}

static void what_is_no_ocsp_request_gets_an_ocsp_error(void **state) /* P-1, P-20, P-42 */
{
	struct world *w = *state;
	client_says(w, "GET /%zz " ORDINARY
		       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
	run_until_received(w, "\x30\x03\x0a\x01\x01", 2);
	assert_int_equal(count_of(w, "HTTP/1.1 200 OK\r\n"), 2);
	assert_int_equal(count_of(w, "no-store"), 2);
}

/* ---- deadlines, P-47 ---- */

static void trickle(struct world *w, const char *octet)
{
	int64_t start = clock_now().mono_us;
	while (!w->end && clock_now().mono_us < start + PATIENCE_US) {
		(void)send(w->client, octet, 1, MSG_NOSIGNAL);
		run_for(w, 20 * MILLISECOND_US);
	}
	int64_t took = clock_now().mono_us - start;
	assert_true(w->end);
	assert_true(took >= 250 * MILLISECOND_US);
}

static void a_head_that_trickles_ends_at_its_deadline(void **state)
{
	struct world *w = *state;
	hasten(w);
	client_says(w, "GET /");
	trickle(w, "a");
	assert_true(received(w, "HTTP/1.1 408 "));
}

static void a_body_that_trickles_ends_at_its_deadline(void **state)
{
	struct world *w = *state;
	hasten(w);
	client_says(w, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n");
	trickle(w, "a");
	assert_true(received(w, "HTTP/1.1 408 "));
}

static void each_request_has_a_deadline_of_its_own(void **state)
{
	struct world *w = *state;
	w->conf.server.head_timeout_us = 3 * SECOND_US; /* more than a busy machine pauses */
	client_says(w, "GET /healthz HTTP/1.1\r\nHo");
	run_for(w, 1600 * MILLISECOND_US);
	client_says(w, "st: a\r\n\r\nGET /healthz HTTP/1.1\r\nHo");
	run_for(w, 1600 * MILLISECOND_US);
	client_says(w, "st: a\r\n\r\n");
	run_until_received(w, "\r\n\r\nok\n", 2);
	assert_false(received(w, "408"));
}

static void a_client_that_does_not_read_is_cut_off(void **state)
{
	struct world *w = *state;
	hasten(w);
	w->der_size = 60000;
	store(w, 1, OCSP_GOOD);
	for (int i = 0; i < 40; i++)
		client_gets(w, 1, "GET", ORDINARY);
	int64_t until = clock_now().mono_us + PATIENCE_US;
	while (w->front->connection_count > 0 && clock_now().mono_us < until) {
		assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
		struct moment now = clock_now();
		connections_sweep(w->front, &now);
	}
	assert_int_equal(w->front->connection_count, 0);
}

static void an_idle_connection_ends_at_its_deadline_and_a_busy_one_does_not(void **state)
{
	struct world *w = *state;
	w->conf.server.idle_timeout_us = 1500 * MILLISECOND_US;
	store(w, 1, OCSP_GOOD);
	for (int i = 0; i < 5; i++) {
		client_gets(w, 1, "GET", ORDINARY);
		run_for(w, 500 * MILLISECOND_US);
	}
	assert_false(w->end);
	run_until_end(w);
}

static void a_ledger_that_does_not_answer_gives_try_later(void **state) /* P-21, I-7 */
{
	struct world *w = *state;
	client_posts(w, 1, false);
	run_until_received(w, "\x30\x03\x0a\x01\x03", 1);
	assert_true(received(w, "no-store"));
	client_says(w, "GET /healthz " ORDINARY);
	run_until_received(w, "\r\n\r\nok\n", 1);
}

/* ---- order and closing ---- */

static void pipelined_replies_come_in_order_past_a_miss(void **state) /* P-45 */
{
	struct world *w = *state;
	store(w, 'A', OCSP_GOOD);
	store(w, 'C', OCSP_GOOD);
	client_gets(w, 'A', "GET", ORDINARY);
	client_gets(w, 'B', "GET", ORDINARY);
	client_gets(w, 'C', "GET", ORDINARY);
	run_until_asked(w, 3);
	run_until_received(w, "AAAA", 97);
	assert_false(received(w, "CCCC"));
	ledger_answers(w, OCSP_REVOKED);
	run_until_received(w, "CCCC", 97);
	assert_int_equal(count_of(w, "BBBB"), 97);
	const uint8_t *b = memmem(w->in.data, w->in.size, "BBBB", 4);
	assert_null(memmem(w->in.data, (size_t)(b - w->in.data), "CCCC", 4));
}

static void more_pipelined_requests_than_one_turn_takes_are_all_answered(void **state)
{
	struct world *w = *state;
	store(w, 1, OCSP_GOOD);
	for (unsigned i = 0; i < 3 * LIMIT_HTTP_PIPELINE + 1; i++)
		client_gets(w, 1, "GET", ORDINARY);
	run_until_received(w, "HTTP/1.1 200 OK\r\n", 3U * LIMIT_HTTP_PIPELINE + 1U);
	assert_false(w->end);
}

static void a_client_that_reads_late_gets_every_octet(void **state)
{
	struct world *w = *state;
	w->der_size = 60000;
	store(w, '~', OCSP_GOOD);
	for (int i = 0; i < 20; i++)
		client_gets(w, '~', "GET", ORDINARY);
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	int64_t until = clock_now().mono_us + PATIENCE_US;
	while (w->in.size < 20 * w->der_size && clock_now().mono_us < until)
		run_once(w);
	run_for(w, 20 * MILLISECOND_US);
	assert_int_equal(count_of(w, "HTTP/1.1 200 OK\r\n"), 20);
	assert_int_equal(count_of(w, "~~~~"), 20 * (w->der_size - 3));
}

static void what_had_to_wait_comes_after_what_the_socket_did_not_take(void **state)
{
	struct world *w = *state;
	w->der_size = 30000; /* more than the socket takes, less than LIMIT_HTTP_TURN_BYTES */
	store(w, '~', OCSP_GOOD);
	client_gets(w, '~', "GET", ORDINARY);
	client_gets(w, '#', "GET", ORDINARY);
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	assert_int_equal(w->asked, 2);
	run_for(w, 20 * MILLISECOND_US); /* the socket has room again */
	ledger_answers(w, OCSP_REVOKED);
	run_until_received(w, "####", w->der_size - 3);
	assert_int_equal(count_of(w, "~~~~"), w->der_size - 3);
	const uint8_t *late = memmem(w->in.data, w->in.size, "####", 4);
	assert_null(memmem(late, w->in.size - (size_t)(late - w->in.data), "~~~~", 4));
}

static void http_1_0_is_answered_and_closed(void **state) /* P-45 */
{
	struct world *w = *state;
	client_gets(w, 'A', "GET", "HTTP/1.0\r\n\r\n");
	run_until_asked(w, 1);
	ledger_answers(w, OCSP_GOOD);
	run_until_end(w);
	assert_int_equal(count_of(w, "AAAA"), 97);
	assert_true(received(w, "\r\nConnection: close\r\n"));
	assert_true(received(w, "\r\nContent-Length: 100\r\n"));
}

static void a_client_that_asks_to_close_is_closed_and_its_next_request_ignored(void **state)
{
	struct world *w = *state;
	store(w, 'A', OCSP_GOOD);
	client_gets(w, 'A', "GET", "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	client_gets(w, 'A', "GET", ORDINARY);
	run_until_end(w);
	assert_int_equal(count_of(w, "HTTP/1.1 200 OK\r\n"), 1);
	assert_int_equal(count_of(w, "\r\nConnection: close\r\n"), 1);
}

static void a_client_that_ends_its_side_still_gets_the_answer(void **state)
{
	struct world *w = *state;
	client_posts(w, 'A', false);
	assert_int_equal(shutdown(w->client, SHUT_WR), 0);
	run_until_asked(w, 1);
	run_for(w, 20 * MILLISECOND_US);
	ledger_answers(w, OCSP_GOOD);
	run_until_end(w);
	assert_int_equal(count_of(w, "AAAA"), 97);
	assert_int_equal(w->front->connection_count, 0);
}

static void a_client_that_goes_away_waits_no_longer(void **state)
{
	struct world *w = *state;
	client_posts(w, 1, false);
	run_until_asked(w, 1);
	assert_int_equal(answers_counts(w->front->answers).waiters, 1);
	close(w->client);
	w->client = connect_client(w);
	ledger_answers(w, OCSP_GOOD);
	run_for(w, 20 * MILLISECOND_US);
	assert_int_equal(answers_counts(w->front->answers).waiters, 0);
	assert_int_equal(w->front->connection_count, 1);
}

/* ---- bodies ---- */

static void send_in_parts(struct world *w, struct view bytes, size_t part)
{
	struct cursor c = cursor_of(bytes);
	while (c.rest.size > 0) {
		client_sends(w, cursor_take(&c, c.rest.size < part ? c.rest.size : part));
		run_once(w);
	}
}

static void a_chunked_post_is_answered_however_it_arrives(void **state) /* P-46 */
{
	struct world *w = *state;
	cleanup(buffer_deinit) struct buffer der = {0}, text = {0};
	put_der('A', false, &der);
	buffer_put_string(&text,
			  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n");
	buffer_put(&text, der.data, 0x40);
	buffer_put_string(&text, "\r\n4;x=y\r\n");
	buffer_put(&text, der.data + 0x40, 4);
	buffer_put_string(&text, "\r\n0\r\nT: x\r\n\r\n");
	store(w, 'A', OCSP_GOOD);
	for (size_t part = 1; part < 90; part += 11) {
		send_in_parts(w, buffer_view(&text), part);
		client_sends(w, buffer_view(&text)); /* and one more at once, behind it */
		run_until_received(w, "AAAA", 194);
		buffer_reset(&w->in);
	}
	assert_int_equal(w->asked, 1);
}

static void a_post_octet_by_octet_is_answered(void **state)
{
	struct world *w = *state;
	cleanup(buffer_deinit) struct buffer der = {0}, text = {0};
	store(w, 'A', OCSP_GOOD);
	put_der('A', false, &der);
	buffer_printf(&text, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", der.size);
	buffer_put_view(&text, buffer_view(&der));
	send_in_parts(w, buffer_view(&text), 1);
	run_until_received(w, "AAAA", 97);
}

static void one_who_expects_100_continue_gets_it_once_and_no_stall(void **state) /* P-45 */
{
	struct world *w = *state;
	cleanup(buffer_deinit) struct buffer der = {0}, head = {0};
	store(w, 'A', OCSP_GOOD);
	put_der('A', false, &der);
	buffer_printf(&head,
		      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		      "Content-Length: %zu\r\n\r\n",
		      der.size);
	client_sends(w, buffer_view(&head));
	run_until_received(w, "HTTP/1.1 100 Continue\r\n\r\n", 1);
	client_sends(w, buffer_view(&der));
	run_until_received(w, "AAAA", 97);
	assert_int_equal(count_of(w, "100 Continue"), 1);
}

/* ---- caching ---- */

static void a_head_request_gets_the_head_of_get_and_no_body(void **state) /* P-40 */
{
	struct world *w = *state;
	store(w, 'A', OCSP_GOOD);
	client_gets(w, 'A', "HEAD", ORDINARY);
	client_says(w, "GET /healthz " ORDINARY);
	run_until_received(w, "\r\n\r\nok\n", 1);
	assert_true(received(w, "\r\nContent-Length: 100\r\n"));
	assert_true(received(w, "\r\nETag: \""));
	assert_false(received(w, "AAAA"));
}

static void a_client_that_has_the_answer_gets_304(void **state) /* P-49 */
{
	struct world *w = *state;
	cleanup(buffer_deinit) struct buffer rest = {0};
	store(w, 'A', OCSP_GOOD);
	client_gets(w, 'A', "GET", ORDINARY);
	run_until_received(w, "AAAA", 97);
	const uint8_t *tag = memmem(w->in.data, w->in.size, "ETag: ", 6);
	assert_non_null(tag);
	buffer_printf(&rest, "HTTP/1.1\r\nHost: a\r\nIf-None-Match: %.66s\r\n\r\n",
		      (const char *)tag + 6);
	buffer_put_u8(&rest, 0);
	buffer_reset(&w->in);
	client_gets(w, 'A', "GET", (const char *)rest.data);
	run_until_received(w, "HTTP/1.1 304 ", 1);
	client_gets(w, 'A', "GET", "HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"other\"\r\n\r\n");
	run_until_received(w, "HTTP/1.1 200 ", 1);
	assert_int_equal(w->asked, 1);
}

static void a_clients_no_cache_forces_no_signature(void **state) /* P-49 */
{
	struct world *w = *state;
	store(w, 'A', OCSP_GOOD);
	client_gets(w, 'A', "GET",
		    "HTTP/1.1\r\nHost: a\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n\r\n");
	run_until_received(w, "AAAA", 97);
	assert_int_equal(w->asked, 1);
}

static void nonces_and_unknown_are_not_for_caches(void **state) /* P-50 */
{
	struct world *w = *state;
	client_posts(w, 'A', true);
	run_until_asked(w, 1);
	ledger_answers(w, OCSP_GOOD);
	run_until_received(w, "no-store", 1);
	client_posts(w, 'B', false);
	run_until_asked(w, 2);
	ledger_answers(w, OCSP_UNKNOWN);
	run_until_received(w, "no-store", 2);
	client_posts(w, 'B', false); /* from memory */
	run_until_received(w, "no-store", 3);
	assert_false(received(w, "max-age"));
	assert_false(received(w, "ETag"));
	assert_int_equal(w->asked, 2);
}

static void get_and_post_of_one_question_share_one_answer(void **state)
{
	struct world *w = *state;
	store(w, 'A', OCSP_GOOD);
	client_gets(w, 'A', "GET", ORDINARY);
	client_posts(w, 'A', false);
	run_until_received(w, "AAAA", 194);
	assert_int_equal(count_of(w, "max-age=300, public, no-transform, must-revalidate"), 2);
	assert_int_equal(w->asked, 1);
}

/* The tag of the stored answer, as a request's rest that asks for something else. */
static void put_condition(struct world *w, struct buffer *out)
{
	const uint8_t *tag = memmem(w->in.data, w->in.size, "ETag: ", 6);
	assert_non_null(tag);
	buffer_printf(out, "HTTP/1.1\r\nHost: a\r\nIf-None-Match: %.66s\r\n\r\n",
		      (const char *)tag + 6);
	buffer_put_u8(out, 0);
	buffer_reset(&w->in);
}

static void forget(struct world *w)
{
	struct moment now = clock_now();
	answers_purge(w->front->answers, &(struct message_purge){.scope = PURGE_ALL}, &now);
}

/* The first answer about A; what the client received stays. */
static void store_unread(struct world *w)
{
	client_gets(w, 'A', "GET", ORDINARY);
	run_until_asked(w, 1);
	ledger_answers(w, OCSP_GOOD);
	run_until_received(w, "AAAA", 97);
}

static void a_condition_holds_for_an_answer_that_had_to_wait(void **state) /* P-49 */
{
	struct world *w = *state;
	cleanup(buffer_deinit) struct buffer rest = {0};
	store_unread(w);
	put_condition(w, &rest);
	forget(w);
	client_gets(w, 'A', "GET", (const char *)rest.data);
	run_until_asked(w, 2);
	ledger_answers(w, OCSP_GOOD); /* the same bytes */
	run_until_received(w, "HTTP/1.1 304 ", 1);
	assert_false(received(w, "AAAA"));
	forget(w);
	client_gets(w, 'B', "GET", (const char *)rest.data); /* another answer */
	run_until_asked(w, 3);
	ledger_answers(w, OCSP_GOOD);
	run_until_received(w, "BBBB", 97);
	client_gets(w, 'C', "GET", ORDINARY); /* the condition is not the next one's */
	run_until_asked(w, 4);
	ledger_answers(w, OCSP_GOOD);
	run_until_received(w, "CCCC", 97);
}

/* P-49: the second field has the tag. */
static void all_the_tags_hold_for_an_answer_that_had_to_wait(void **state)
{
	struct world *w = *state;
	cleanup(buffer_deinit) struct buffer rest = {0}, two = {0};
	static const char begin[] = "HTTP/1.1\r\nHost: a\r\n";
	store_unread(w);
	put_condition(w, &rest);
	forget(w);
	buffer_printf(&two, "%sIf-None-Match: \"x\"\r\n%s", begin,
		      (const char *)rest.data + strlen(begin));
	buffer_put_u8(&two, 0);
	client_gets(w, 'A', "GET", (const char *)two.data);
	run_until_asked(w, 2);
	ledger_answers(w, OCSP_GOOD); /* the same bytes */
	run_until_received(w, "HTTP/1.1 304 ", 1);
}

static void a_304_has_the_validators_of_its_200(void **state) /* P-49 */
{
	struct world *w = *state;
	cleanup(buffer_deinit) struct buffer rest = {0}, tag = {0};
	store(w, 'A', OCSP_GOOD);
	client_gets(w, 'A', "HEAD", ORDINARY);
	run_until_received(w, "\r\n\r\n", 1);
	const uint8_t *at = memmem(w->in.data, w->in.size, "Last-Modified: ", 15);
	assert_non_null(at);
	buffer_put(&tag, at, 44);
	buffer_put_u8(&tag, 0);
	put_condition(w, &rest);
	client_gets(w, 'A', "HEAD", (const char *)rest.data);
	run_until_received(w, "HTTP/1.1 304 ", 1);
	assert_true(received(w, (const char *)tag.data));
	assert_non_null(memmem(rest.data, rest.size, "If-None-Match: ", 15));
	assert_true(received(w, "\r\nETag: \""));
	assert_true(received(w, "max-age=300, public, no-transform, must-revalidate"));
	assert_false(received(w, "Content-"));
}

static void an_unknown_or_an_error_is_never_304(void **state) /* P-49, P-50 */
{
	struct world *w = *state;
	store(w, 'A', OCSP_UNKNOWN);
	client_gets(w, 'A', "GET", "HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n");
	run_until_received(w, "AAAA", 97);
	client_says(w, "GET /x HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n");
	run_until_received(w, "\x30\x03\x0a\x01\x01", 1);
	assert_false(received(w, "304"));
}

static void a_hit_that_does_not_fit_does_not_wait_for_the_miss_behind_it(void **state) /* P-45 */
{
	struct world *w = *state;
	w->der_size = 30000; /* more than the socket takes */
	store(w, '~', OCSP_GOOD);
	client_gets(w, '~', "GET", ORDINARY);
	client_gets(w, '#', "GET", ORDINARY);
	run_until_received(w, "~~~~", w->der_size - 3);
	assert_int_equal(w->answered, 1);
	run_for(w, 20 * MILLISECOND_US);
	ledger_answers(w, OCSP_GOOD);
	run_until_received(w, "####", w->der_size - 3);
}

/* ---- behind a proxy (P-51) ---- */

static struct ip_address ip(const char *text)
{
	struct ip_address address;
	assert_int_equal(ip_parse(view_of_string(text), &address), 0);
	return address;
}

/* A new connection from there. */
static void come_from(struct world *w, const char *peer)
{
	close(w->client);
	run_for(w, MILLISECOND_US);
	buffer_reset(&w->in);
	w->end = false;
	w->peer = ip(peer);
	w->client = connect_client(w);
}

static void trust(struct world *w, const char *network, bool proxy_protocol, unsigned cap)
{
	struct conf_networks *trusted = &w->conf.server.trusted_proxies;
	assert_int_equal(
		ip_network_parse(view_of_string(network), &trusted->each[trusted->count++]), 0);
	w->conf.server.proxy_protocol = proxy_protocol;
	addresses_free(w->front->addresses);
	assert_int_equal(addresses_new(cap, &w->front->addresses), 0);
}

#define HEADER "PROXY TCP4 192.0.2.7 10.0.0.1 1 2\r\n"

static void a_proxy_header_of_somebody_not_listed_is_refused(void **state)
{
	struct world *w = *state;
	trust(w, "10.0.0.0/8", true, 0);
	come_from(w, "192.0.2.1");
	client_says(w, HEADER "GET /healthz " ORDINARY);
	run_until_end(w);
	assert_true(received(w, "HTTP/1.1 400 "));
	assert_false(received(w, "\r\n\r\nok\n"));
	come_from(w, "192.0.2.1");
	client_sends(w, view_of("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0GET", 19));
	run_until_end(w);
	assert_true(received(w, "HTTP/1.1 400 "));
	come_from(w, "192.0.2.1");
	client_says(w, "GET /healthz " ORDINARY);
	run_until_received(w, "\r\n\r\nok\n", 1);
}

static void a_listed_proxy_that_sends_no_header_is_refused(void **state)
{
	struct world *w = *state;
	trust(w, "10.0.0.0/8", true, 0);
	come_from(w, "10.1.2.3");
	client_says(w, "GET /healthz " ORDINARY);
	run_until_end(w);
	assert_true(received(w, "HTTP/1.1 400 "));
	assert_int_equal(w->front->counts.requests, 0);
	hasten(w);
	come_from(w, "10.1.2.3");
	run_until_end(w); /* says nothing: head_timeout, not idle_timeout */
	assert_int_equal(w->in.size, 0);
}

static void a_header_that_trickles_ends_at_its_deadline(void **state) /* P-47 */
{
	struct world *w = *state;
	hasten(w);
	trust(w, "10.0.0.0/8", true, 0);
	come_from(w, "10.1.2.3");
	/* Without the deadline all octets would be taken, and the connection would stay. */
	for (size_t i = 0; i < sizeof(HEADER) - 3 && !w->end; i++) {
		(void)send(w->client, &HEADER[i], 1, MSG_NOSIGNAL);
		run_for(w, 20 * MILLISECOND_US);
	}
	assert_true(w->end);
}

static void a_header_in_pieces_is_followed_by_requests(void **state)
{
	struct world *w = *state;
	trust(w, "10.0.0.0/8", true, 0);
	come_from(w, "10.1.2.3");
	send_in_parts(w, view_of_string(HEADER "GET /healthz " ORDINARY), 5);
	run_until_received(w, "\r\n\r\nok\n", 1);
	client_says(w, "GET /healthz " ORDINARY);
	run_until_received(w, "\r\n\r\nok\n", 2);
	client_says(w, HEADER "\r\n"); /* once only */
	run_until_received(w, "HTTP/1.1 400 ", 1);
}

/* With a cap of one connection for each client. */
static void a_client_behind_a_proxy_is_counted_by_its_own_address(void **state) /* P-47 */
{
	struct world *w = *state;
	trust(w, "10.0.0.0/8", true, 1);
	come_from(w, "10.1.2.3");
	client_says(w, HEADER "GET /healthz " ORDINARY);
	run_until_received(w, "\r\n\r\nok\n", 1);
	int first = w->client;
	w->client = connect_client(w); /* the proxy itself is not counted */
	client_says(w, HEADER);
	run_until_end(w);
	assert_int_equal(w->front->counts.refused_connections, 1);
	come_from(w, "10.1.2.3");
	client_says(w, "PROXY TCP4 192.0.2.8 10.0.0.1 1 2\r\nGET /healthz " ORDINARY);
	run_until_received(w, "\r\n\r\nok\n", 1);
	close(first);
}

static void client_is_forwarded(struct world *w, uint8_t serial, const char *from)
{
	char rest[200];
	(void)snprintf(rest, sizeof(rest), "HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: %s\r\n\r\n",
		       from);
	client_gets(w, serial, "GET", rest);
}

static void a_forwarded_client_over_its_cap_is_told_to_come_later(void **state) /* I-7 */
{
	struct world *w = *state;
	trust(w, "10.0.0.0/8", false, 1);
	come_from(w, "192.0.2.7"); /* a direct connection of the same client */
	store(w, 'A', OCSP_GOOD);
	int direct = w->client;
	w->client = dup(direct); /* stays open */
	come_from(w, "10.1.2.3");
	client_is_forwarded(w, 'A', "192.0.2.7");
	run_until_received(w, "\x30\x03\x0a\x01\x03", 1);
	assert_true(received(w, "HTTP/1.1 200 OK\r\n"));
	client_is_forwarded(w, 'A', "203.0.113.9, 192.0.2.8, 10.9.9.9"); /* the same connection */
	run_until_received(w, "AAAA", 97);
	client_gets(w, 'A', "GET", ORDINARY); /* the proxy itself */
	run_until_received(w, "AAAA", 2L * 97);
	close(direct);
}

/* For longer than any test. */
static void use_up(struct world *w, const char *client)
{
	struct moment later = clock_now();
	struct ip_address address = ip(client);
	later.mono_us += LONG_US;
	while (budget_take(w->front->budget, &address, &later))
		;
}

/* doc/faults.md row 23 */
static void a_client_has_its_signatures_and_a_listed_proxy_has_no_limit(void **state)
{
	struct world *w = *state;
	unsigned asked = 0;
	trust(w, "10.0.0.0/8", false, 0);
	budget_limit(w->front->budget, 1);
	come_from(w, "10.1.2.3");
	client_is_forwarded(w, 'A', "192.0.2.7");
	run_until_asked(w, ++asked);
	ledger_answers(w, OCSP_GOOD);
	use_up(w, "192.0.2.7");
	client_is_forwarded(w, 'Z', "192.0.2.7");
	run_until_received(w, "\x30\x03\x0a\x01\x03", 1);
	client_is_forwarded(w, 'A', "192.0.2.7"); /* stored */
	run_until_received(w, "AAAA", 2L * 97);
	client_is_forwarded(w, 'Y', "192.0.2.8"); /* another one's */
	run_until_asked(w, ++asked);
	ledger_answers(w, OCSP_GOOD);
	for (uint8_t serial = 'a'; serial < 'a' + 10; serial++) {
		client_gets(w, serial, "GET", ORDINARY); /* the proxy itself */
		run_until_asked(w, ++asked);
		ledger_answers(w, OCSP_GOOD);
	}
}

static void nobody_else_is_believed_whom_they_forward(void **state)
{
	struct world *w = *state;
	trust(w, "10.0.0.0/8", false, 1);
	come_from(w, "192.0.2.7");
	store(w, 'A', OCSP_GOOD);
	int direct = w->client;
	w->client = dup(direct);
	come_from(w, "192.0.2.99");
	client_is_forwarded(w, 'A', "192.0.2.7"); /* would be over its cap */
	run_until_received(w, "AAAA", 97);
	close(direct);
}

/* ---- pages and the end ---- */

static void readyz_says_why_not(void **state)
{
	struct world *w = *state;
	answers_readiness(w->front->answers,
			  &(struct message_readiness){.reason = view_of_string("no signer for x")});
	client_says(w, "GET /readyz " ORDINARY);
	run_until_received(w, "no signer for x\n", 1);
	assert_true(received(w, "HTTP/1.1 503 "));
	answers_readiness(w->front->answers, &(struct message_readiness){.ready = true});
	client_says(w, "GET /readyz " ORDINARY "GET / " ORDINARY);
	run_until_received(w, "HTTP/1.1 200 OK\r\n", 2);
	answers_readiness(w->front->answers,
			  &(struct message_readiness){.ready = true,
						      .reason = view_of_string("the sky is low")});
	client_says(w, "GET /readyz " ORDINARY);
	run_until_received(w, "ok\ndegraded: the sky is low\n", 1);
	run_until_received(w, "HTTP/1.1 200 OK\r\n", 3);
}

/* doc/faults.md row 47. */
static void readyz_of_one_issuer(void **state)
{
	struct world *w = *state;
	cleanup(conf_freep) struct conf *parsed =
		made_conf(CONF_FRONT, MADE_DATABASE MADE_ISSUER("A b") MADE_ISSUER("C"));
	w->conf.issuers = parsed->issuers;
	w->conf.issuer_count = parsed->issuer_count;
	uint8_t issuers[] = {ISSUER_UNSIGNED, ISSUER_READY};
	struct message_readiness m = {.ready = true, .issuers = view_of(issuers, 1)};
	answers_readiness(w->front->answers, &m);
	client_says(w, "GET /readyz/A%20b " ORDINARY);
	run_until_received(w, "no valid signer\n", 1);
	client_says(w, "GET /readyz/C " ORDINARY);
	run_until_received(w, "not known yet\n", 1);
	run_until_received(w, "HTTP/1.1 503 ", 2);
	client_says(w, "GET /readyz/D " ORDINARY "GET /readyz/%4 " ORDINARY);
	run_until_received(w, "HTTP/1.1 404 ", 2);
	m.issuers.size = 2;
	answers_readiness(w->front->answers, &m);
	client_says(w, "GET /readyz/C " ORDINARY);
	run_until_received(w, "HTTP/1.1 200 OK", 1);
	m = (struct message_readiness){.reason = view_of_string("too old"), .issuers = m.issuers};
	answers_readiness(w->front->answers, &m);
	client_says(w, "GET /readyz/C " ORDINARY);
	run_until_received(w, "too old\n", 1);
	w->conf.issuer_count = 0;
}

static void drain(struct world *w)
{
	struct moment now = clock_now();
	connections_drain(w->front, &now);
}

static void stopping_finishes_what_is_in_flight(void **state)
{
	struct world *w = *state;
	client_posts(w, 'A', false);
	run_until_asked(w, 1);
	drain(w);
	run_for(w, 20 * MILLISECOND_US);
	ledger_answers(w, OCSP_GOOD);
	run_until_end(w);
	assert_int_equal(count_of(w, "AAAA"), 97);
	assert_true(received(w, "\r\nConnection: close\r\n"));
}

static void stopping_ends_idle_connections_soon(void **state)
{
	struct world *w = *state;
	store(w, 'A', OCSP_GOOD);
	drain(w);
	run_until_end(w);
	assert_int_equal(w->front->connection_count, 0);
}

static void stopping_lets_a_client_read_its_answer_to_the_end(void **state)
{
	struct world *w = *state;
	w->der_size = 60000;
	store(w, '~', OCSP_GOOD);
	client_gets(w, '~', "GET", ORDINARY);
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	drain(w);
	run_until_end(w);
	assert_int_equal(count_of(w, "~~~~"), w->der_size - 3);
}

static void stopping_answers_a_request_that_is_on_its_way(void **state)
{
	struct world *w = *state;
	store(w, 'A', OCSP_GOOD);
	drain(w);
	run_once(w);
	client_gets(w, 'A', "GET", ORDINARY);
	run_until_end(w);
	assert_int_equal(count_of(w, "AAAA"), 97);
	assert_true(received(w, "\r\nConnection: close\r\n"));
}

/* It has come, and nobody has looked at it when the time is over: closing would reset it. */
static void a_request_that_comes_with_the_last_moment_is_answered(void **state)
{
	struct world *w = *state;
	w->conf.server.drain_timeout_us = 200 * MILLISECOND_US;
	store(w, 'A', OCSP_GOOD);
	drain(w);
	client_gets(w, 'A', "GET", ORDINARY);
	(void)poll(NULL, 0, 400);
	struct moment now = clock_now();
	connections_sweep(w->front, &now);
	run_until_end(w);
	assert_int_equal(count_of(w, "AAAA"), 97);
}

/* Whoever has connected just now had no reason to hurry. */
static void stopping_waits_longer_for_a_first_request(void **state)
{
	struct world *w = *state;
	int64_t last_call = LIMIT_HTTP_LAST_CALL_MS * MILLISECOND_US;
	w->conf.server.drain_timeout_us = LONG_US;
	drain(w);
	struct moment later = clock_now();
	later.mono_us += last_call + 100 * MILLISECOND_US;
	connections_sweep(w->front, &later);
	assert_int_equal(w->front->connection_count, 1);
	later.mono_us += LIMIT_HTTP_FIRST_CALL_MS * MILLISECOND_US;
	connections_sweep(w->front, &later);
	assert_int_equal(w->front->connection_count, 0);
}

static void a_client_that_does_not_read_is_answered_no_further(void **state)
{
	struct world *w = *state;
	w->der_size = 60000;
	store(w, 1, OCSP_GOOD);
	for (unsigned i = 0; i < LIMIT_HTTP_PIPELINE; i++)
		client_gets(w, 1, "GET", ORDINARY);
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	assert_true(w->front->counts.requests < LIMIT_HTTP_PIPELINE);
	run_until_received(w, "HTTP/1.1 200 OK\r\n", LIMIT_HTTP_PIPELINE);
}

/* The loop turns, and the client reads nothing. */
static void run_unread(struct world *w, int64_t us)
{
	int64_t until = clock_now().mono_us + us;
	while (w->front->connection_count > 0 && clock_now().mono_us < until) {
		assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
		struct moment now = clock_now();
		connections_sweep(w->front, &now);
	}
}

/* The ledger's answers come one after the other, and each would be another wait. */
static void who_pipelines_nonces_and_does_not_read_is_cut_off(void **state) /* P-47 */
{
	struct world *w = *state;
	hasten(w);
	w->der_size = 30000; /* more than the socket takes */
	for (uint8_t i = 0; i < 20; i++)
		client_posts(w, i, true);
	int64_t until = clock_now().mono_us + PATIENCE_US;
	unsigned rounds = 0;
	while (w->front->connection_count > 0 && clock_now().mono_us < until) {
		run_unread(w, 5 * MILLISECOND_US);
		for (; w->answered < w->asked; rounds++)
			ledger_answers(w, OCSP_GOOD);
	}
	assert_int_equal(w->front->connection_count, 0);
	assert_true(rounds > 0 && w->asked <= 2); /* while output waits nothing is parsed */
}

/* A hit that the socket does not take, and behind it a question that is never answered: the write
 * deadline is the hit's. */
static void output_that_waits_ends_at_its_deadline_whatever_the_ledger_does(void **state) /* P-47 */
{
	struct world *w = *state;
	hasten(w);
	w->der_size = 30000;
	store(w, 'A', OCSP_GOOD);
	client_gets(w, 'A', "GET", ORDINARY);
	client_posts(w, 'B', true);
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	assert_int_equal(w->asked, 2);
	run_unread(w, PATIENCE_US);
	assert_int_equal(w->front->connection_count, 0);
	assert_int_equal(answers_counts(w->front->answers).waiters, 0);
}

/* The same for one that has ended its own side. */
static void who_ends_and_does_not_read_is_cut_off(void **state) /* P-47 */
{
	struct world *w = *state;
	hasten(w);
	w->der_size = 30000;
	store(w, 'A', OCSP_GOOD);
	client_gets(w, 'A', "GET", ORDINARY);
	client_posts(w, 'B', true);
	assert_int_equal(shutdown(w->client, SHUT_WR), 0);
	run_unread(w, 50 * MILLISECOND_US);
	ledger_answers(w, OCSP_GOOD);
	run_unread(w, PATIENCE_US);
	assert_int_equal(w->front->connection_count, 0);
}

/* An answer from the ledger gives no more time for what lies in front of it. */
static void an_answer_does_not_extend_the_write_deadline(void **state) /* P-47 */
{
	struct world *w = *state;
	w->conf.server.write_timeout_us = 2 * SECOND_US;
	w->der_size = 30000;
	store(w, 'A', OCSP_GOOD);
	client_gets(w, 'A', "GET", ORDINARY);
	client_posts(w, 'B', true);
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	int64_t owed_since = clock_now().mono_us;
	run_unread(w, SECOND_US);
	if (w->front->connection_count > 0) /* a machine that slept proves nothing */
		ledger_answers(w, OCSP_GOOD);
	/* As if the first deadline had just passed; the second one would be a second later. */
	struct moment late = clock_now();
	late.mono_us = owed_since + 2 * SECOND_US + 3 * WHEEL_TURN_US;
	connections_sweep(w->front, &late);
	assert_int_equal(w->front->connection_count, 0);
}

static void a_client_that_takes_an_octet_at_a_time_is_cut_off(void **state) /* P-47 */
{
	struct world *w = *state;
	hasten(w);
	w->der_size = 60000;
	store(w, 1, OCSP_GOOD);
	client_gets(w, 1, "GET", ORDINARY);
	int64_t until = clock_now().mono_us + PATIENCE_US;
	while (w->front->connection_count > 0 && clock_now().mono_us < until) {
		uint8_t octet;
		run_unread(w, 10 * MILLISECOND_US);
		assert_int_equal(recv(w->client, &octet, 1, 0), 1);
	}
	assert_int_equal(w->front->connection_count, 0);
}

static void at_the_cap_a_client_that_does_not_read_makes_room(void **state) /* P-47 */
{
	struct world *w = *state;
	w->der_size = 60000;
	store(w, 1, OCSP_GOOD);
	client_gets(w, 1, "GET", ORDINARY);
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	assert_true(connection_make_room(w->front));
	assert_int_equal(w->front->connection_count, 0);
}

static void at_the_cap_the_idlest_connection_makes_room(void **state)
{
	struct world *w = *state;
	int other = connect_client(w);
	client_posts(w, 'A', false);
	run_until_asked(w, 1);
	assert_true(connection_make_room(w->front)); /* the other one */
	assert_false(connection_make_room(w->front)); /* one that waits is not idle */
	ledger_answers(w, OCSP_GOOD);
	run_until_received(w, "AAAA", 97);
	close(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define IMPATIENT(name) cmocka_unit_test_setup_teardown(name, setup_impatient, teardown)
	const struct CMUnitTest tests[] = {
		TEST(after_a_refusal_nothing_more_is_answered),
		TEST(a_body_over_its_limit_is_413_and_the_client_gets_to_read_it),
		TEST(a_path_over_its_limit_is_414),
		TEST(a_head_over_its_limit_is_431),
		TEST(a_method_that_is_not_ours_is_405),
		TEST(only_a_strict_responder_minds_the_content_type),
		TEST(what_is_no_ocsp_request_gets_an_ocsp_error),
		TEST(a_head_that_trickles_ends_at_its_deadline),
		TEST(a_body_that_trickles_ends_at_its_deadline),
		TEST(each_request_has_a_deadline_of_its_own),
		TEST(a_client_that_does_not_read_is_cut_off),
		TEST(an_idle_connection_ends_at_its_deadline_and_a_busy_one_does_not),
		IMPATIENT(a_ledger_that_does_not_answer_gives_try_later),
		TEST(pipelined_replies_come_in_order_past_a_miss),
		TEST(more_pipelined_requests_than_one_turn_takes_are_all_answered),
		TEST(a_client_that_reads_late_gets_every_octet),
		TEST(what_had_to_wait_comes_after_what_the_socket_did_not_take),
		TEST(http_1_0_is_answered_and_closed),
		TEST(a_client_that_asks_to_close_is_closed_and_its_next_request_ignored),
		TEST(a_client_that_ends_its_side_still_gets_the_answer),
		TEST(a_client_that_goes_away_waits_no_longer),
		TEST(a_chunked_post_is_answered_however_it_arrives),
		TEST(a_post_octet_by_octet_is_answered),
		TEST(one_who_expects_100_continue_gets_it_once_and_no_stall),
		TEST(a_head_request_gets_the_head_of_get_and_no_body),
		TEST(a_client_that_has_the_answer_gets_304),
		TEST(a_clients_no_cache_forces_no_signature),
		TEST(nonces_and_unknown_are_not_for_caches),
		TEST(get_and_post_of_one_question_share_one_answer),
		TEST(a_condition_holds_for_an_answer_that_had_to_wait),
		TEST(all_the_tags_hold_for_an_answer_that_had_to_wait),
		TEST(a_304_has_the_validators_of_its_200),
		TEST(an_unknown_or_an_error_is_never_304),
		TEST(a_hit_that_does_not_fit_does_not_wait_for_the_miss_behind_it),
		TEST(a_proxy_header_of_somebody_not_listed_is_refused),
		TEST(a_listed_proxy_that_sends_no_header_is_refused),
		TEST(a_header_that_trickles_ends_at_its_deadline),
		TEST(a_header_in_pieces_is_followed_by_requests),
		TEST(a_client_behind_a_proxy_is_counted_by_its_own_address),
		TEST(a_forwarded_client_over_its_cap_is_told_to_come_later),
		TEST(a_client_has_its_signatures_and_a_listed_proxy_has_no_limit),
		TEST(nobody_else_is_believed_whom_they_forward),
		TEST(readyz_says_why_not),
		TEST(readyz_of_one_issuer),
		TEST(stopping_finishes_what_is_in_flight),
		TEST(a_request_that_comes_with_the_last_moment_is_answered),
		TEST(stopping_waits_longer_for_a_first_request),
		TEST(stopping_ends_idle_connections_soon),
		TEST(stopping_lets_a_client_read_its_answer_to_the_end),
		TEST(stopping_answers_a_request_that_is_on_its_way),
		TEST(a_client_that_does_not_read_is_answered_no_further),
		TEST(who_pipelines_nonces_and_does_not_read_is_cut_off),
		TEST(output_that_waits_ends_at_its_deadline_whatever_the_ledger_does),
		TEST(who_ends_and_does_not_read_is_cut_off),
		TEST(an_answer_does_not_extend_the_write_deadline),
		TEST(a_client_that_takes_an_octet_at_a_time_is_cut_off),
		TEST(at_the_cap_a_client_that_does_not_read_makes_room),
		TEST(at_the_cap_the_idlest_connection_makes_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
