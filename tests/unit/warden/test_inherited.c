/* Sockets that the service manager hands over: taken only when they are meant for us, used for the address that they
 * are on, and left to the next instance (doc/faults.md row 46). */
#include "unit.h"

#include "made_conf.h"
#include "warden/address.h"
#include "warden/inherited.h"
#include "warden/listeners.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int bound(char text[32], bool listening)
{
	struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(place);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&place, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&place, &size), 0);
	if (listening)
		assert_int_equal(listen(fd, 8), 0);
	(void)snprintf(text, 32, "127.0.0.1:%u", ntohs(place.sin_port));
	return fd;
}

static struct conf *listening(const char *address, unsigned fronts)
{
	char text[512];
	(void)snprintf(text, sizeof(text), "[server]\nlisten = %s\nfronts = %u\n%s", address,
		       fronts, MADE_DATABASE MADE_ISSUER("A"));
	return made_conf(CONF_WARDEN, text);
}

/* As systemd does: from descriptor 3 on, and the environment says how many and for whom. */
static void hand_over(int fd, const char *pid, const char *count)
{
	char own[24];
	(void)snprintf(own, sizeof(own), "%ld", (long)getpid());
	if (fd != INHERITED_FIRST)
		assert_int_equal(dup2(fd, INHERITED_FIRST), INHERITED_FIRST);
	assert_int_equal(setenv("LISTEN_PID", pid ? pid : own, 1), 0);
	assert_int_equal(setenv("LISTEN_FDS", count, 1), 0);
	inherited_take();
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDS"));
}

/* What is taken is the process's for good, so each test has a process of its own. */
static void in_a_child(void (*test)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		test();
		_exit(0);
	}
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define must(condition)                                                          \
	do {                                                                     \
		if (!(condition)) {                                              \
			(void)fprintf(stderr, "%d: %s\n", __LINE__, #condition); \
			_exit(1);                                                \
		}                                                                \
	} while (0)

static bool same(int a, int b)
{
	struct stat one, other;
	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_ino == other.st_ino;
}

static bool connects(const char *address)
{
	struct sockaddr_storage place;
	socklen_t size;
	must(address_parse(address, &place, &size) == 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool done = connect(fd, (struct sockaddr *)&place, size) == 0;
	close(fd);
	return done;
}

static void use_and_leave(void)
{
	char address[32];
	int fd = bound(address, true);
	struct listeners listeners = {0};
	struct fault fault = {0};
	hand_over(fd, NULL, "1");
	cleanup(conf_freep) struct conf *conf = listening(address, 2);
	must(listeners_try(&conf->server.listen, &fault) == 0);
	must(listeners_open(&conf->server.listen, 2, &listeners, &fault) == 0);
	must(same(listeners_of(&listeners, 0)[0], INHERITED_FIRST));
	must(same(listeners_of(&listeners, 1)[0], INHERITED_FIRST));
	must(fcntl(listeners_of(&listeners, 1)[0], F_GETFD) == FD_CLOEXEC);
	must(fcntl(INHERITED_FIRST, F_GETFD) == FD_CLOEXEC);
	listeners_retire(&listeners);
	must(connects(address));
}

static void another_address(void)
{
	char theirs[32], ours[32];
	int fd = bound(theirs, true);
	close(bound(ours, false));
	struct listeners listeners = {0};
	struct fault fault = {0};
	hand_over(fd, NULL, "1");
	cleanup(conf_freep) struct conf *conf = listening(ours, 1);
	must(listeners_open(&conf->server.listen, 1, &listeners, &fault) == 0);
	must(!same(listeners_of(&listeners, 0)[0], INHERITED_FIRST));
	listeners_close(&listeners);
}

static void expect_none(const char *pid, const char *count, bool listening_too)
{
	char address[32];
	struct sockaddr_storage place;
	socklen_t size;
	int fd = bound(address, listening_too);
	hand_over(fd, pid, count);
	must(address_parse(address, &place, &size) == 0);
	must(inherited_on(&place, size) < 0);
	must(!inherited_is(fd));
}

static void of_another_process(void)
{
	expect_none("1", "1", true);
}
static void no_number_of_a_process(void)
{
	expect_none("", "1", true);
}
static void none(void)
{
	expect_none(NULL, "0", true);
}
static void no_count(void)
{
	expect_none(NULL, "1x", true);
}
static void a_negative_count(void)
{
	expect_none(NULL, "-1", true);
}
static void too_many(void)
{
	expect_none(NULL, "33", true);
}
static void far_too_many(void)
{
	expect_none(NULL, "99999999999999999999999", true);
}
static void one_that_does_not_listen(void)
{
	expect_none(NULL, "1", false);
}

static void what_is_handed_over_is_used_and_left_to_the_next(void **state)
{
	(void)state;
	in_a_child(use_and_leave);
}

static void an_address_that_is_not_handed_over_is_bound(void **state)
{
	(void)state;
	in_a_child(another_address);
}

static void what_is_not_for_us_is_not_taken(void **state)
{
	(void)state;
	in_a_child(of_another_process);
	in_a_child(no_number_of_a_process);
	in_a_child(none);
	in_a_child(no_count);
	in_a_child(a_negative_count);
	in_a_child(too_many);
	in_a_child(far_too_many);
	in_a_child(one_that_does_not_listen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_handed_over_is_used_and_left_to_the_next),
		cmocka_unit_test(an_address_that_is_not_handed_over_is_bound),
		cmocka_unit_test(what_is_not_for_us_is_not_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
