/* The public sockets: refused with address and reason, never shared with a stranger. */
#include "unit.h"

#include "made_conf.h"
#include "warden/address.h"
#include "warden/listeners.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

static void what_is_no_address_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"",
					    "8080",
					    "127.0.0.1",
					    "127.0.0.1:",
					    "127.0.0.1:http",
					    "::1:8080",
					    "[::1]",
					    "[::1:8080",
					    "[]:8080",
					    ":8080",
					    "[1.2.3.4:80",
					    "1.2.3.4]:80",
					    "localhost:8080",
					    "1.2.3:x:80",
					    "300.1.1.1:80"};
	for (size_t i = 0; i < array_size(wrong); i++) {
		struct sockaddr_storage place;
		socklen_t size;
		assert_int_equal(address_parse(wrong[i], &place, &size), -EINVAL);
	}
}

static void both_families_are_read(void **state)
{
	(void)state;
	struct sockaddr_storage place;
	socklen_t size;
	assert_int_equal(address_parse("192.0.2.1:8080", &place, &size), 0);
	const struct sockaddr_in *four = (const struct sockaddr_in *)&place;
	assert_int_equal(size, sizeof(*four));
	assert_int_equal(four->sin_family, AF_INET);
	assert_int_equal(ntohs(four->sin_port), 8080);
	assert_int_equal(ntohl(four->sin_addr.s_addr), 0xc0000201);
	assert_int_equal(address_parse("[2001:db8::1]:80", &place, &size), 0);
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&place;
	assert_int_equal(size, sizeof(*six));
	assert_int_equal(six->sin6_family, AF_INET6);
	assert_int_equal(ntohs(six->sin6_port), 80);
}

/* A free port of this machine, bound by a stranger; its address as text. */
static int stranger(char text[32], int reuse, bool listening)
{
	struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(place);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &reuse, sizeof(reuse)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&place, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&place, &size), 0);
	if (listening)
		assert_int_equal(listen(fd, 1), 0);
	(void)snprintf(text, 32, "127.0.0.1:%u", ntohs(place.sin_port));
	return fd;
}

/* What the warden is given of "listen = FIRST, SECOND" for so many fronts. */
static struct conf *listening(const char *first, const char *second, unsigned fronts)
{
	char text[512];
	(void)snprintf(text, sizeof(text), "[server]\nlisten = %s%s%s\nfronts = %u\n%s", first,
		       *second ? ", " : "", second, fronts, MADE_DATABASE MADE_ISSUER("A"));
	return made_conf(CONF_WARDEN, text);
}

static void expect_in_use(int reuse)
{
	char address[32];
	int fd = stranger(address, reuse, true);
	cleanup(conf_freep) struct conf *conf = listening(address, "", 2);
	struct listeners listeners;
	struct fault fault;
	assert_int_equal(
		listeners_open(&conf->server.listen, conf->server.fronts, &listeners, &fault),
		-EADDRINUSE);
	assert_non_null(strstr(fault.text, address));
	assert_non_null(strstr(fault.text, "Address already in use"));
	close(fd);
}

static void a_port_in_use_is_refused_with_its_address(void **state)
{
	(void)state;
	expect_in_use(0);
}

/* With SO_REUSEPORT alone we would get half of the connections each. */
static void a_stranger_that_would_share_the_port_is_noticed(void **state)
{
	(void)state;
	expect_in_use(1);
}

static void an_address_of_another_machine_is_refused(void **state)
{
	(void)state;
	/* documentation: nobody has it */
	cleanup(conf_freep) struct conf *conf = listening("192.0.2.1:8080", "", 1);
	struct listeners listeners;
	struct fault fault;
	assert_int_equal(
		listeners_open(&conf->server.listen, conf->server.fronts, &listeners, &fault),
		-EADDRNOTAVAIL);
	assert_non_null(strstr(fault.text, "192.0.2.1:8080"));
}

static void each_front_gets_a_socket_of_each_address(void **state)
{
	(void)state;
	char first[32], second[32];
	close(stranger(first, 0, false));
	close(stranger(second, 0, false));
	cleanup(conf_freep) struct conf *conf = listening(first, second, 3);
	struct listeners listeners = {0};
	struct fault fault = {0};
	assert_int_equal(
		listeners_open(&conf->server.listen, conf->server.fronts, &listeners, &fault), 0);
	for (unsigned front = 0; front < 3; front++) {
		for (unsigned address = 0; address < 2; address++) {
			int fd = listeners_of(&listeners, front)[address];
			struct sockaddr_storage expected = {0}, actual = {0};
			socklen_t size = sizeof(actual), expected_size;
			assert_int_equal(address_parse(conf->server.listen.each[address], &expected,
						       &expected_size),
					 0);
			assert_int_equal(getsockname(fd, (struct sockaddr *)&actual, &size), 0);
			assert_int_equal(size, expected_size);
			assert_int_equal(((struct sockaddr_in *)&actual)->sin_port,
					 ((struct sockaddr_in *)&expected)->sin_port);
		}
	}
	listeners_close(&listeners);
	/* All of them are closed: the ports are free. */
	assert_int_equal(
		listeners_open(&conf->server.listen, conf->server.fronts, &listeners, &fault), 0);
	listeners_close(&listeners);
}

static int knock(const struct conf *conf)
{
	struct sockaddr_storage place;
	socklen_t size;
	assert_int_equal(address_parse(conf->server.listen.each[0], &place, &size), 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&place, size), -1);
	assert_int_equal(errno, EINPROGRESS);
	return fd;
}

static int outcome_of(int client)
{
	int error = 0;
	socklen_t size = sizeof(error);
	struct pollfd wait = {.fd = client, .events = POLLOUT};
	assert_int_equal(poll(&wait, 1, 60000), 1);
	assert_int_equal(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &size), 0);
	return error;
}

/* doc/faults.md row 46: who is in already is not reset, who is not is not let in to be reset. */
static void retired_sockets_keep_their_queue_and_let_nobody_in(void **state)
{
	(void)state;
	char address[32];
	close(stranger(address, 0, false));
	cleanup(conf_freep) struct conf *conf = listening(address, "", 1);
	struct listeners listeners = {0};
	struct fault fault = {0};
	assert_int_equal(listeners_open(&conf->server.listen, 1, &listeners, &fault), 0);
	int front = dup(listeners_of(&listeners, 0)[0]);
	int early = knock(conf);
	assert_int_equal(outcome_of(early), 0);
	listeners_retire(&listeners);
	assert_null(listeners.descriptors);
	int late = knock(conf);
	struct pollfd wait = {.fd = late, .events = POLLOUT};
	assert_int_equal(poll(&wait, 1, 300), 0); /* neither let in nor refused */
	int accepted = accept(front, NULL, NULL);
	assert_true(accepted >= 0);
	assert_int_equal(send(early, "?", 1, MSG_NOSIGNAL), 1);
	close(front);
	assert_int_equal(outcome_of(late), ECONNREFUSED);
	char octet;
	assert_int_equal(recv(accepted, &octet, 1, 0), 1);
	close(accepted);
	close(early);
	close(late);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(both_families_are_read),
		cmocka_unit_test(a_port_in_use_is_refused_with_its_address),
		cmocka_unit_test(a_stranger_that_would_share_the_port_is_noticed),
		cmocka_unit_test(an_address_of_another_machine_is_refused),
		cmocka_unit_test(retired_sockets_keep_their_queue_and_let_nobody_in),
		cmocka_unit_test(each_front_gets_a_socket_of_each_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
