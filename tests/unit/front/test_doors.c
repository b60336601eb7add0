/* Accepting: caps, and descriptors that run out (doc/faults.md rows 25 and 30). */
#include "unit.h"

#include "front/connection.h"
#include "front/doors.h"
#include "made_conf.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

struct world {
	struct conf conf;
	struct event_base *base;
	struct front *front;
	struct doors *doors;
	struct sockaddr_in address;
	int clients[2 * LIMIT_ACCEPTS];
	unsigned client_count;
};

static bool no_query(void *context, const struct message_query *question)
{
	(void)context;
	(void)question;
	return false;
}

static void no_deliver(void *context, struct flight_waiter *waiter, const struct answer *answer)
{
	(void)context;
	(void)waiter;
	(void)answer;
}

static int listen_somewhere(struct sockaddr_in *ret)
{
	socklen_t size = sizeof(*ret);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	assert_int_equal(bind(fd, (struct sockaddr *)ret, size), 0);
	assert_int_equal(listen(fd, SOMAXCONN), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &size), 0);
	return fd;
}

static int setup(void **state)
{
	static const struct answers_ops ops = {.query = no_query, .deliver = no_deliver};
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->conf = made_conf_of(CONF_FRONT, NULL, 0);
	w->conf.server.cache_size = 1 << 20;
	w->conf.server.connections = 2;
	w->base = event_base_new();
	assert_int_equal(front_new(w->base, &w->conf, &ops, w, &w->front), 0);
	assert_int_equal(doors_new(w->front, &w->doors), 0);
	const int socket = listen_somewhere(&w->address);
	assert_int_equal(doors_take(w->doors, &socket, 1), 0);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	for (unsigned i = 0; i < w->client_count; i++)
		close(w->clients[i]);
	doors_free(w->doors);
	connections_close(w->front);
	front_free(w->front);
	event_base_free(w->base);
	free(w);
	return 0;
}

static int knock(struct world *w)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&w->address, sizeof(w->address)), 0);
	w->clients[w->client_count++] = fd;
	return fd;
}

static void run(struct world *w)
{
	for (int i = 0; i < 3; i++)
		assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
}

static bool is_open(int fd)
{
	uint8_t octet;
	return recv(fd, &octet, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void at_the_cap_a_new_client_takes_the_place_of_the_idlest(void **state) /* P-47 */
{
	struct world *w = *state;
	for (int i = 0; i < 5; i++) {
		knock(w);
		run(w);
	}
	assert_int_equal(w->front->connection_count, 2);
	assert_true(is_open(w->clients[4]));
	assert_int_equal(w->front->counts.refused_connections, 0);
}

/* doc/protocol.md, V-2: a well-formed question. */
#define QUESTION                                                                                \
	"GET "                                                                                  \
	"/MEQwQjBAMD4wPDAJBgUrDgMCGgUABBQAAAAAAAAAAAAAAAAAAAAAAAAAAAQUAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAACAwP+/A== HTTP/1.1\r\nHost: a\r\n\r\n"

static void knock_and_say(struct world *w, const char *text)
{
	assert_int_equal(send(knock(w), text, strlen(text), MSG_NOSIGNAL), strlen(text));
	run(w);
}

static void at_the_cap_clients_that_wait_for_an_answer_keep_their_places(void **state)
{
	struct world *w = *state;
	knock_and_say(w, QUESTION);
	knock_and_say(w, QUESTION);
	assert_int_equal(answers_counts(w->front->answers).waiters, 2);
	knock_and_say(w, QUESTION);
	assert_true(is_open(w->clients[0]) && is_open(w->clients[1]));
	assert_false(is_open(w->clients[2]));
	assert_int_equal(w->front->counts.refused_connections, 1);
}

/* P-47, doc/faults.md row 25 */
static void slow_heads_that_fill_the_cap_keep_nobody_out(void **state)
{
	struct world *w = *state;
	knock_and_say(w, "GET /");
	knock_and_say(w, "GET /");
	knock_and_say(w, QUESTION);
	assert_true(is_open(w->clients[2]));
	assert_int_equal(answers_counts(w->front->answers).waiters, 1);
}

/* doc/faults.md row 30 */
static void without_descriptors_accepting_pauses_and_goes_on_later(void **state)
{
	struct world *w = *state;
	struct rlimit former, none;
	int client = knock(w);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &former), 0);
	none = former;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	run(w);
	assert_int_equal(w->front->connection_count, 0);
	/* Nothing to wait for is left: the loop does not spin on the socket. */
	assert_int_equal(event_base_loop(w->base, EVLOOP_NONBLOCK), 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &former), 0);
	doors_resume(w->doors);
	run(w);
	assert_int_equal(w->front->connection_count, 1);
	assert_true(is_open(client));
}

static void closing_the_doors_takes_in_who_stands_before_them(void **state)
{
	struct world *w = *state;
	int client = knock(w);
	doors_close(w->doors);
	assert_int_equal(w->front->connection_count, 1);
	assert_true(is_open(client));
	int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(late, (struct sockaddr *)&w->address, sizeof(w->address)), -1);
	close(late);
}

/* promise 5: of one that a new configuration does not name any more. */
static void a_door_that_is_left_out_lets_in_who_stands_before_it(void **state)
{
	struct world *w = *state;
	struct sockaddr_in first = w->address;
	int kept[2] = {listen_somewhere(&w->address), -1};
	int client = knock(w);
	kept[1] = dup(kept[0]);
	w->address = first;
	int queued = knock(w);
	run(w);
	assert_int_equal(w->front->connection_count, 1);
	assert_int_equal(doors_take(w->doors, kept, 2), 0); /* one socket, twice */
	run(w);
	assert_int_equal(w->front->connection_count, 2);
	assert_true(is_open(queued) && is_open(client));

	/* Its connections end with their next reply; the others go on. */
	static const char ask[] = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
	char text[1024] = "";
	assert_int_equal(send(queued, ask, strlen(ask), MSG_NOSIGNAL), strlen(ask));
	assert_int_equal(send(client, ask, strlen(ask), MSG_NOSIGNAL), strlen(ask));
	run(w);
	assert_true(recv(queued, text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
	assert_non_null(strstr(text, "200 OK"));
	assert_non_null(strstr(text, "Connection: close"));
	memset(text, 0, sizeof(text));
	assert_true(recv(client, text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
	assert_null(strstr(text, "Connection: close"));
	assert_true(is_open(client));

	/* Whose handshake was under way has arrived by now. */
	w->conf.server.connections = 100;
	for (int late = -1, refused = 0; !refused;) {
		doors_resume(w->doors);
		late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		refused = connect(late, (struct sockaddr *)&first, sizeof(first)) < 0;
		close(late);
		run(w);
	}
	assert_true(is_open(client));
}

/* However many: what is left in the queue would be reset. */
static void closing_the_doors_takes_in_more_than_one_turn_does(void **state)
{
	struct world *w = *state;
	w->conf.server.connections = w->conf.server.connections_per_address = 2 * LIMIT_ACCEPTS;
	for (unsigned i = 0; i < 2 * LIMIT_ACCEPTS; i++)
		knock(w);
	doors_close(w->doors);
	assert_false(doors_open(w->doors));
	assert_int_equal(w->front->connection_count, 2 * LIMIT_ACCEPTS);
	for (unsigned i = 0; i < w->client_count; i++)
		assert_true(is_open(w->clients[i]));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(at_the_cap_a_new_client_takes_the_place_of_the_idlest),
		TEST(at_the_cap_clients_that_wait_for_an_answer_keep_their_places),
		TEST(slow_heads_that_fill_the_cap_keep_nobody_out),
		TEST(without_descriptors_accepting_pauses_and_goes_on_later),
		TEST(closing_the_doors_takes_in_who_stands_before_them),
		TEST(a_door_that_is_left_out_lets_in_who_stands_before_it),
		TEST(closing_the_doors_takes_in_more_than_one_turn_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
