/* The control socket's end for the admin room: it may look, again and again, and do nothing. */
#include "unit.h"

#include "warden/control_socket.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct world {
	char folder[32], path[48];
	struct event_base *base;
	struct control_socket *cs;
	unsigned statuses, asks;
	bool strangers; /* whoever connects is a room */
	uint32_t ticket;
	char line[LIMIT_CONTROL_LINE + 1];
};

static bool is_room(void *context, pid_t pid)
{
	const struct world *w = context;
	return w->strangers && pid == getpid();
}

static void on_status(void *context)
{
	struct world *w = context;
	w->statuses++;
}

static void on_asked(void *context, uint32_t ticket, struct view line)
{
	struct world *w = context;
	w->asks++;
	w->ticket = ticket;
	memcpy(w->line, line.data, line.size);
	w->line[line.size] = '\0';
}

static int set_up(void **state)
{
	static const struct control_socket_ops ops = {
		.is_room = is_room, .status = on_status, .asked = on_asked};
	struct world *w = calloc(1, sizeof(*w));
	struct fault fault = {""};
	memcpy(w->folder, "/tmp/stillgood-test-XXXXXX", 27);
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->path, sizeof(w->path), "%s/sock", w->folder);
	w->base = event_base_new();
	assert_int_equal(control_socket_new(w->base, w->path, &ops, w, &w->cs, &fault), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	control_socket_free(w->cs);
	event_base_free(w->base);
	assert_int_equal(rmdir(w->folder), 0);
	free(w);
	return 0;
}

static int look_on(struct world *w)
{
	int fd = -1;
	assert_int_equal(control_socket_look_on(w->cs, &fd), 0);
	return fd;
}

static void say(struct world *w, int fd, const char *line)
{
	assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static bool readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	return poll(&poll_fd, 1, 0) == 1;
}

static const char *heard(struct world *w, int fd)
{
	static char text[256];
	while (!readable(fd))
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	ssize_t got = recv(fd, text, sizeof(text) - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void it_is_told_how_everything_is_again_and_again(void **state)
{
	struct world *w = *state;
	int fd = look_on(w);
	for (unsigned i = 1; i <= 3; i++) {
		say(w, fd, "status\n");
		assert_int_equal(w->statuses, i);
		control_socket_answer(w->cs, view_of_string("{}\n"));
		assert_string_equal(heard(w, fd), "{}\n");
	}
	say(w, fd, "explain A 01\n");
	assert_string_equal(w->line, "explain A 01");
	control_socket_reply(w->cs, w->ticket, view_of_string("{\"why\":1}"));
	assert_string_equal(heard(w, fd), "{\"why\":1}\n");
	close(fd);
}

/* Whoever takes over the admin room can change nothing (doc/design.md, The rooms). */
static void no_other_word_is_heard_from_it(void **state)
{
	struct world *w = *state;
	static const char *const words[] = {"drain\n",          "drain off\n", "reload\n",
					    "accept-history\n", "explain\n",   "explainA 01\n",
					    "lost\n",           "\n",          "STATUS\n",
					    " status\n",        "status \n"};
	int fd = look_on(w);
	for (size_t i = 0; i < array_size(words); i++) {
		say(w, fd, words[i]);
		assert_string_equal(heard(w, fd),
				    "{\"error\":\"this word is not for the admin room\"}\n");
	}
	/* Nor what it sends behind a word that is allowed. */
	say(w, fd, "status\ndrain\nreload\n");
	control_socket_answer(w->cs, view_of_string("{}\n"));
	assert_string_equal(heard(w, fd), "{}\n");
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	assert_false(readable(fd));
	assert_int_equal(w->asks, 0);
	close(fd);
}

/* An answer that does not come costs its deadline, not the stream; one that comes later is nobody's. */
static void an_answer_that_is_late_is_dropped(void **state)
{
	struct world *w = *state;
	int fd = look_on(w);
	say(w, fd, "explain A 01\n");
	uint32_t late = w->ticket;
	assert_string_equal(heard(w, fd), "{\"error\":\"there is no answer in time\"}\n");
	control_socket_reply(w->cs, late, view_of_string("{\"late\":1}"));
	say(w, fd, "explain A 02\n");
	control_socket_reply(w->cs, late, view_of_string("{\"late\":1}"));
	assert_false(readable(fd));
	control_socket_reply(w->cs, w->ticket, view_of_string("{\"now\":1}"));
	assert_string_equal(heard(w, fd), "{\"now\":1}\n");
	close(fd);
}

static void a_line_without_end_ends_it_and_a_new_one_takes_its_place(void **state)
{
	struct world *w = *state;
	char line[LIMIT_CONTROL_LINE + 1];
	int fd = look_on(w);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	say(w, fd, line);
	assert_string_equal(heard(w, fd), "");
	close(fd);
	fd = look_on(w);
	int next = look_on(w);
	assert_string_equal(heard(w, fd), ""); /* the former one has ended */
	say(w, next, "status\n");
	control_socket_answer(w->cs, view_of_string("{}\n"));
	assert_string_equal(heard(w, next), "{}\n");
	close(fd);
	close(next);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static int knock(struct world *w)
{
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(place.sun_path, w->path, strlen(w->path));
	assert_int_equal(connect(fd, (struct sockaddr *)&place, sizeof(place)), 0);
	(void)send(fd, "reload\n", 7, MSG_NOSIGNAL);
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	return fd;
}

/* doc/faults.md row 32: the ledger's user may own the socket. */
static void a_room_that_knocks_is_not_heard(void **state)
{
	struct world *w = *state;
	char octet;
	w->strangers = true;
	int fd = knock(w);
	ssize_t got = recv(fd, &octet, 1, MSG_DONTWAIT); /* it is closed already */
	assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
	close(fd);
	assert_int_equal(w->asks + w->statuses, 0);
	w->strangers = false;
	fd = knock(w);
	assert_int_equal(w->asks, 1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_told_how_everything_is_again_and_again),
		TEST(no_other_word_is_heard_from_it),
		TEST(a_room_that_knocks_is_not_heard),
		TEST(an_answer_that_is_late_is_dropped),
		TEST(a_line_without_end_ends_it_and_a_new_one_takes_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
