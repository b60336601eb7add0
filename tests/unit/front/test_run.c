/* The room as the warden sees it: ready, status, stop, and the end of the control socket. */
#include "unit.h"

#include "base/clock.h"
#include "room/room.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define CONF "[server]\ndrain_timeout = 3s\nanswer_timeout = 2s\n[issuer \"demo\"]\n"

struct world {
	pid_t pid;
	int control;
	int ledger;
	struct sockaddr_in address;
	uint8_t storage[CONTROL_PACKET];
};

static void start(struct world *w, const char *conf)
{
	int control[2], text[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	assert_int_equal(pipe(text), 0);
	assert_int_equal(write(text[1], conf, strlen(conf)), strlen(conf));
	close(text[1]);
	w->pid = fork();
	if (w->pid == 0) {
		close(control[0]);
		_exit(room_run(&front_plan, ROOM_FRONT, 3, control[1], text[0]));
	}
	close(control[1]);
	close(text[0]);
	w->control = control[0];
	const struct timeval patience = {.tv_sec = 10};
	assert_int_equal(
		setsockopt(w->control, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->ledger = -1;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	if (w->pid > 0) {
		(void)kill(w->pid, SIGKILL);
		(void)waitpid(w->pid, NULL, 0);
	}
	if (w->control >= 0)
		close(w->control);
	if (w->ledger >= 0)
		close(w->ledger);
	free(w);
	return 0;
}

static void say(struct world *w, enum control_type type, int descriptor)
{
	struct control_message m = {.type = type};
	if (type == CONTROL_ASK)
		m.text = view_of_string("status");
	if (descriptor >= 0) {
		m.descriptor_count = 1;
		m.descriptors[0] = descriptor;
	}
	assert_int_equal(control_send(w->control, &m), 0);
	if (descriptor >= 0)
		close(descriptor);
}

static struct control_message hear(struct world *w)
{
	struct control_message m;
	do
		assert_int_equal(control_receive(w->control, w->storage, &m), 0);
	while (m.type == CONTROL_LOST || m.type == CONTROL_BEAT); /* said now and then */
	return m;
}

static void give_doors(struct world *w)
{
	socklen_t size = sizeof(w->address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	w->address =
		(struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	assert_int_equal(bind(fd, (struct sockaddr *)&w->address, size), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&w->address, &size), 0);
	say(w, CONTROL_LISTEN, fd);
}

static void give_ledger(struct world *w)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	if (w->ledger >= 0)
		close(w->ledger);
	w->ledger = pair[0];
	say(w, CONTROL_CHANNEL, pair[1]);
}

static void start_ready(struct world *w)
{
	start(w, CONF);
	give_doors(w);
	give_ledger(w);
	assert_int_equal(hear(w).type, CONTROL_READY);
}

static int exit_status_of(struct world *w)
{
	int status = 0;
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	w->pid = 0;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int get_by(struct world *w, const char *path, const char *version, char *out, size_t size)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&w->address, sizeof(w->address)) < 0) {
		close(fd);
		return -1;
	}
	char text[200];
	int length =
		snprintf(text, sizeof(text), "GET %s HTTP/%s\r\nHost: x\r\n\r\n", path, version);
	assert_int_equal(send(fd, text, (size_t)length, MSG_NOSIGNAL), length);
	ssize_t got = recv(fd, out, size - 1, MSG_WAITALL);
	out[got > 0 ? got : 0] = '\0';
	close(fd);
	return 0;
}

static int get(struct world *w, const char *path, char *out, size_t size)
{
	return get_by(w, path, "1.0", out, size);
}

/* By a client that would keep the connection. Comes back when the other side has ended it. */
static int get_kept(struct world *w, const char *path, char *out, size_t size)
{
	return get_by(w, path, "1.1", out, size);
}

static void a_configuration_that_cannot_be_is_told_to_the_warden(void **state)
{
	struct world *w = *state;
	start(w, "[server]\ncache = many\n[issuer \"demo\"]\n");
	struct control_message m = hear(w);
	assert_int_equal(m.type, CONTROL_FAILED);
	assert_true(m.text.size > 0);
	assert_int_equal(exit_status_of(w), 1);
}

static void it_ends_with_the_wardens_end_of_the_control_socket(void **state)
{
	struct world *w = *state;
	start_ready(w);
	close(w->control);
	w->control = -1;
	assert_int_equal(exit_status_of(w), 0);
}

static void it_is_not_ready_before_it_has_doors_and_a_ledger(void **state)
{
	struct world *w = *state;
	start(w, CONF);
	give_doors(w);
	say(w, CONTROL_ASK, -1);
	assert_int_equal(hear(w).type, CONTROL_ANSWER);
	give_ledger(w);
	assert_int_equal(hear(w).type, CONTROL_READY);
}

static void a_terminals_signals_do_not_end_it_but_stop_does(void **state)
{
	struct world *w = *state;
	start_ready(w);
	assert_int_equal(kill(w->pid, SIGTERM), 0);
	assert_int_equal(kill(w->pid, SIGINT), 0);
	say(w, CONTROL_ASK, -1);
	assert_int_equal(hear(w).type, CONTROL_ANSWER);
	say(w, CONTROL_STOP, -1);
	assert_int_equal(exit_status_of(w), 0);
}

static void it_serves_health_and_readiness(void **state)
{
	struct world *w = *state;
	char reply[1000];
	start_ready(w);
	assert_int_equal(get(w, "/healthz", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "HTTP/1.1 200 OK\r\n"));
	assert_int_equal(get(w, "/readyz", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "HTTP/1.1 503 "));
	assert_non_null(strstr(reply, "the ledger is starting\n"));
}

static void order_drain(struct world *w, bool on)
{
	const struct control_message m = {.type = CONTROL_DRAIN, .index = on};
	assert_int_equal(control_send(w->control, &m), 0);
	say(w, CONTROL_ASK, -1); /* what comes after it was obeyed */
	assert_int_equal(hear(w).type, CONTROL_ANSWER);
}

static void while_it_drains_it_serves_and_says_that_it_is_not_ready(void **state)
{
	struct world *w = *state;
	char reply[1000];
	start_ready(w);
	order_drain(w, true);
	assert_int_equal(get(w, "/readyz", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "HTTP/1.1 503 "));
	assert_non_null(strstr(reply, "\r\n\r\ndraining\n"));
	assert_int_equal(get_kept(w, "/healthz", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(reply, "\r\nConnection: close\r\n"));
	order_drain(w, false);
	assert_int_equal(get(w, "/readyz", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "the ledger is starting\n"));
}

static void it_survives_the_loss_of_its_ledger_and_takes_a_new_one(void **state)
{
	struct world *w = *state;
	char reply[1000];
	start_ready(w);
	close(w->ledger);
	w->ledger = -1;
	int64_t until = clock_now().mono_us + 60 * SECOND_US;
	do
		assert_int_equal(get(w, "/readyz", reply, sizeof(reply)), 0);
	while (!strstr(reply, "restarted") && clock_now().mono_us < until);
	assert_non_null(strstr(reply, "the ledger is being restarted\n"));
	give_ledger(w);
	say(w, CONTROL_ASK, -1);
	assert_int_equal(hear(w).type, CONTROL_ANSWER);
	assert_int_equal(get(w, "/readyz", reply, sizeof(reply)), 0);
	assert_non_null(strstr(reply, "the ledger is starting\n"));
}

static void its_status_is_one_json_object(void **state)
{
	struct world *w = *state;
	char reply[1000];
	start_ready(w);
	assert_int_equal(get(w, "/", reply, sizeof(reply)), 0);
	say(w, CONTROL_ASK, -1);
	struct control_message m = hear(w);
	assert_int_equal(m.type, CONTROL_ANSWER);
	assert_memory_equal(m.text.data, "{\"room\":\"front\",\"index\":3,", 26);
	assert_int_equal(m.text.data[m.text.size - 1], '}');
	assert_non_null(memmem(m.text.data, m.text.size, ",\"requests\":1,", 14));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_configuration_that_cannot_be_is_told_to_the_warden),
		TEST(it_ends_with_the_wardens_end_of_the_control_socket),
		TEST(it_is_not_ready_before_it_has_doors_and_a_ledger),
		TEST(a_terminals_signals_do_not_end_it_but_stop_does),
		TEST(it_serves_health_and_readiness),
		TEST(while_it_drains_it_serves_and_says_that_it_is_not_ready),
		TEST(it_survives_the_loss_of_its_ledger_and_takes_a_new_one),
		TEST(its_status_is_one_json_object),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
