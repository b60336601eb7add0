/* The shell of every room's process, with a room that does next to nothing: what the warden's and the
 * peers' words mean, right and wrong (room/room.h), and the end in order. */
#include "unit.h"

#include "ipc/channel.h"
#include "room/room.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define FRAME_HELLO 1 /* answered by the same */
#define FRAME_WORK 2 /* something is in flight from now on */
#define FRAME_DONE 3 /* it is done */

/* ---- a small room: it plays a signer that also takes listeners ---- */

struct small {
	struct shell *shell;
	unsigned attached, detached, turns, taken;
	size_t in_flight;
	int64_t built; /* of max_age: what a change of configuration builds aside … */
	int64_t age; /* … and takes over */
	uint32_t thinks_of; /* a ticket; 0: none */
};

static int small_open(struct shell *shell, void **ret, struct fault *fault)
{
	if (shell->conf->server.max_age_us == 0)
		return fault_set(fault, -EINVAL, "the roof leaks");
	struct small *small = calloc(1, sizeof(*small));
	small->shell = shell;
	*ret = small;
	return 0;
}

static void small_close(void *context)
{
	free(context);
}

static void small_attached(void *context, struct peer peer)
{
	struct small *small = context;
	small->attached += peer.kind == ROOM_LEDGER;
}

static void small_detached(void *context, struct peer peer)
{
	struct small *small = context;
	small->detached += peer.kind == ROOM_LEDGER;
}

static int small_frame(void *context, struct peer peer, uint8_t type, struct view payload)
{
	struct small *small = context;
	shell_turn(small->shell);
	if (type == FRAME_DONE && small->built)
		shell_prepared(small->shell);
	if (type == FRAME_HELLO)
		return shell_send(small->shell, peer, type, payload) ? 0 : -EBADMSG;
	small->in_flight = type == FRAME_WORK;
	return type == FRAME_WORK || type == FRAME_DONE ? 0 : -EBADMSG;
}

static int small_take(void *context, const int *descriptors, unsigned count, struct fault *fault)
{
	struct small *small = context;
	for (unsigned i = 0; i < count; i++)
		close(descriptors[i]);
	small->taken += count;
	return count > 3 ? fault_set(fault, -ENOSPC, "too many doors") : 0;
}

static int small_prepare(void *context, const struct conf *next, struct fault *fault)
{
	struct small *small = context;
	if (next->server.max_age_us == 0)
		return fault_set(fault, -EINVAL, "the new roof leaks");
	small->built = next->server.max_age_us;
	return next->server.strict_content_type ? ROOM_LATER : 0; /* told by a frame */
}

static void small_commit(void *context, const struct conf *before, struct moment now)
{
	struct small *small = context;
	(void)now;
	assert_true(before != small->shell->conf);
	assert_true(small->built == small->shell->conf->server.max_age_us);
	small->age = small->built;
	small->built = 0;
}

static void small_abandon(void *context)
{
	struct small *small = context;
	small->built = 0;
}

static int64_t small_turn(void *context, struct moment now)
{
	struct small *small = context;
	small->turns++;
	return small->turns < 3 ? now.mono_us : INT64_MAX;
}

static size_t small_in_flight(const void *context)
{
	const struct small *small = context;
	return small->in_flight;
}

static void small_status(void *context, struct moment now, struct buffer *out)
{
	const struct small *small = context;
	(void)now;
	buffer_printf(out,
		      "{\"attached\":%u,\"detached\":%u,\"taken\":%u,\"turns\":%u,\"built\":%d,"
		      "\"age\":%d}",
		      small->attached, small->detached, small->taken, small->turns,
		      (int)(small->built / SECOND_US), (int)(small->age / SECOND_US));
}

static int small_command(void *context, uint32_t ticket, struct view word, struct moment now,
			 struct buffer *out)
{
	struct small *small = context;
	(void)now;
	if (view_equal(word, view_of_string("think"))) {
		small->thinks_of = ticket;
		return ROOM_LATER;
	}
	if (!view_equal(word, view_of_string("sing")))
		return -ENOENT;
	if (small->thinks_of)
		shell_answer(small->shell, small->thinks_of, view_of_string("{\"thought\":1}"));
	buffer_put_string(out, "{\"song\":\"la\"}");
	return 0;
}

static const struct room_plan plan = {
	.options = CONF_FRONT,
	.open = small_open,
	.close = small_close,
	.in_flight = small_in_flight,
	.peers = ROOM_BIT(ROOM_LEDGER),
	.attached = small_attached,
	.detached = small_detached,
	.frame = small_frame,
	.takes = CONTROL_LISTEN,
	.take = small_take,
	.prepare = small_prepare,
	.commit = small_commit,
	.abandon = small_abandon,
	.turn = small_turn,
	.status = small_status,
	.command = small_command,
};

/* ---- the warden's and the ledger's side ---- */

static struct {
	pid_t pid;
	int control, ledger;
	uint8_t storage[CONTROL_PACKET];
} w;

static void start(const char *text)
{
	int pair[2], conf = memfd_create("conf", MFD_CLOEXEC);
	assert_int_equal(write(conf, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(lseek(conf, 0, SEEK_SET), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	w.ledger = -1;
	w.pid = fork();
	assert_true(w.pid >= 0);
	if (w.pid == 0) {
		close(pair[0]);
		exit(room_run(&plan, ROOM_SIGNER, 3, pair[1], conf));
	}
	close(pair[1]);
	close(conf);
	w.control = pair[0];
	const struct timeval patience = {.tv_sec = 120};
	assert_int_equal(
		setsockopt(w.control, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
}

static struct control_message hear(enum control_type expected)
{
	struct control_message m;
	do
		assert_int_equal(control_receive(w.control, w.storage, &m), 0);
	while (m.type != expected &&
	       (m.type == CONTROL_LOST || m.type == CONTROL_BEAT)); /* said now and then */
	assert_int_equal(m.type, expected);
	return m;
}

static void start_ready(void)
{
	start("[server]\nmax_age = 1s\ndrain_timeout = 100ms\n[issuer \"A\"]\n");
	(void)hear(CONTROL_READY);
}

/* doc/faults.md row 44. */
static void it_says_that_its_loop_turns_and_nothing_while_it_does_not(void **state)
{
	(void)state;
	int status;
	start_ready();
	(void)hear(CONTROL_BEAT);
	(void)hear(CONTROL_BEAT);
	assert_int_equal(kill(w.pid, SIGSTOP), 0);
	assert_int_equal(waitpid(w.pid, &status, WUNTRACED), w.pid);
	struct control_message m;
	while (recv(w.control, w.storage, sizeof(w.storage), MSG_DONTWAIT) > 0)
		;
	struct pollfd silent = {.fd = w.control, .events = POLLIN};
	assert_int_equal(poll(&silent, 1, 1200), 0);
	assert_int_equal(kill(w.pid, SIGCONT), 0);
	m = hear(CONTROL_BEAT);
	assert_int_equal(m.descriptor_count, 0);
}

static void say(const struct control_message *m)
{
	assert_int_equal(control_send(w.control, m), 0);
}

static struct view ask(const char *word)
{
	say(&(struct control_message){
		.type = CONTROL_ASK, .index = 7, .text = view_of_string(word)});
	struct control_message m = hear(CONTROL_ANSWER);
	assert_int_equal(m.index, 7);
	return m.text;
}

static void give_ledger(void)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	say(&(struct control_message){.type = CONTROL_CHANNEL,
				      .kind = ROOM_LEDGER,
				      .descriptor_count = 1,
				      .descriptors = {pair[1]}});
	close(pair[1]);
	if (w.ledger >= 0)
		close(w.ledger);
	w.ledger = pair[0];
}

static void send_frame(uint8_t type)
{
	const uint8_t frame[] = {0, 0, 0, 2, type, 'x'};
	assert_int_equal(write(w.ledger, frame, sizeof(frame)), sizeof(frame));
}

/* The room has read all frames up to here. */
static void hello(void)
{
	uint8_t frame[6];
	send_frame(FRAME_HELLO);
	assert_int_equal(recv(w.ledger, frame, sizeof(frame), MSG_WAITALL), sizeof(frame));
	assert_int_equal(frame[4], FRAME_HELLO);
}

static bool ledger_ended(void)
{
	uint8_t octet;
	ssize_t got = read(w.ledger, &octet, 1);
	return got == 0 || (got < 0 && errno == ECONNRESET);
}

static int end(void)
{
	int status = -1;
	if (w.control >= 0)
		close(w.control);
	assert_int_equal(waitpid(w.pid, &status, 0), w.pid);
	if (w.ledger >= 0)
		close(w.ledger);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* It says why and ends with 1, while our end of the link is still open. */
static void expect_failure(const char *why)
{
	char text[FAULT_TEXT_SIZE] = "";
	struct control_message m = hear(CONTROL_FAILED);
	memcpy(text, m.text.data, m.text.size < sizeof(text) ? m.text.size : sizeof(text) - 1);
	if (!strstr(text, why))
		fail_msg("\"%s\" says nothing of \"%s\"", text, why);
	assert_int_equal(control_receive(w.control, w.storage, &m), -EPIPE);
	assert_int_equal(end(), 1);
}

/* ---- what is right ---- */

static void it_is_asked_and_answers(void **state)
{
	(void)state;
	start_ready();
	assert_view_equal(ask("sing"), view_of_string("{\"song\":\"la\"}"));
	assert_view_equal(ask("dance"), view_of_string("{\"error\":\"unknown command\"}"));
	give_ledger();
	hello();
	struct view status = ask("status");
	assert_non_null(memmem(status.data, status.size, "{\"attached\":1,\"detached\":0,", 27));
	assert_int_equal(end(), 0);
}

/* The loop goes on meanwhile, and the answer bears the ticket of its question. */
static void a_question_may_be_answered_later(void **state)
{
	(void)state;
	start_ready();
	const struct control_message think = {
		.type = CONTROL_ASK, .index = 41, .text = view_of_string("think")};
	const struct control_message sing = {
		.type = CONTROL_ASK, .index = 42, .text = view_of_string("sing")};
	assert_int_equal(control_send(w.control, &think), 0);
	assert_int_equal(control_send(w.control, &sing), 0);
	struct control_message m = hear(CONTROL_ANSWER);
	assert_int_equal(m.index, 41);
	assert_view_equal(m.text, view_of_string("{\"thought\":1}"));
	m = hear(CONTROL_ANSWER);
	assert_int_equal(m.index, 42);
	assert_int_equal(end(), 0);
}

static void a_new_channel_replaces_the_old(void **state)
{
	(void)state;
	start_ready();
	for (unsigned i = 0; i < 3; i++) {
		give_ledger();
		hello();
	}
	struct view status = ask("status");
	assert_non_null(memmem(status.data, status.size, "{\"attached\":3,\"detached\":2,", 27));
	assert_int_equal(end(), 0);
}

static unsigned turns(void)
{
	struct view status = ask("status");
	const char *at = memmem(status.data, status.size, "\"turns\":", 8);
	assert_non_null(at);
	return (unsigned)(at[8] - '0');
}

static void a_turn_is_taken_once_and_when_its_moment_comes(void **state)
{
	(void)state;
	start_ready();
	give_ledger();
	hello();
	/* One when it started, two because their moment had come, one for the frame, which may have
	 * come before one of the others; then none by itself. */
	while (turns() < 3)
		;
	assert_true(turns() <= 4);
	assert_int_equal(end(), 0);
}

static void descriptors_go_to_the_room(void **state)
{
	(void)state;
	start_ready();
	say(&(struct control_message){
		.type = CONTROL_LISTEN, .descriptor_count = 2, .descriptors = {0, 1}});
	struct view status = ask("status");
	assert_non_null(memmem(status.data, status.size, "\"taken\":2,", 10));
	assert_int_equal(end(), 0);
}

/* ---- what is wrong ---- */

static void a_room_that_cannot_open_says_why(void **state)
{
	(void)state;
	start("[server]\nmax_age = 0s\n[issuer \"A\"]\n");
	expect_failure("the roof leaks");
}

static void a_configuration_that_cannot_be_is_told(void **state)
{
	(void)state;
	start("[server]\nmaxage = 1s\n");
	expect_failure("max_age");
}

static void expect_refused(const struct control_message *m)
{
	start_ready();
	say(m);
	expect_failure("cannot do what the warden says");
}

static void a_message_for_another_kind_of_room_ends_it(void **state)
{
	(void)state;
	expect_refused(&(struct control_message){.type = CONTROL_JOURNAL});
	expect_refused(&(struct control_message){.type = CONTROL_READY});
	expect_refused(&(struct control_message){.type = CONTROL_CHANNEL,
						 .kind = ROOM_FRONT,
						 .descriptor_count = 1,
						 .descriptors = {0}});
	expect_refused(&(struct control_message){
		.type = CONTROL_CHANNEL, .kind = 200, .descriptor_count = 1, .descriptors = {0}});
	expect_refused(&(struct control_message){.type = CONTROL_CHANNEL,
						 .kind = ROOM_LEDGER,
						 .index = 1,
						 .descriptor_count = 1,
						 .descriptors = {0}});
}

static void a_malformed_message_ends_it(void **state)
{
	(void)state;
	static const char *const packets[] = {"\0\0\0\0\0\0", "\6\0", "\2\0\0\0\0\0",
					      "\x63\0\0\0\0\0"};
	static const size_t sizes[] = {6, 2, 6, 6};
	for (size_t i = 0; i < array_size(packets); i++) {
		start_ready();
		assert_int_equal(send(w.control, packets[i], sizes[i], MSG_NOSIGNAL), sizes[i]);
		expect_failure("cannot do what the warden says");
	}
}

static void what_cannot_be_carried_out_ends_it(void **state)
{
	(void)state;
	start_ready();
	say(&(struct control_message){
		.type = CONTROL_LISTEN, .descriptor_count = 4, .descriptors = {0, 0, 0, 0}});
	expect_failure("too many doors");
}

static void a_peer_that_breaks_the_protocol_loses_its_channel_only(void **state)
{
	(void)state;
	start_ready();
	give_ledger();
	hello();
	send_frame(99);
	assert_true(ledger_ended());
	struct view status = ask("status");
	assert_non_null(memmem(status.data, status.size, "{\"attached\":1,\"detached\":1,", 27));
	give_ledger(); /* a good one is served again */
	hello();
	assert_int_equal(end(), 0);
}

static void a_room_whose_channel_is_cut_asks_for_another(void **state)
{
	(void)state;
	start_ready();
	give_ledger();
	hello();
	send_frame(99);
	assert_true(ledger_ended());
	for (unsigned i = 0; i < 2; i++) { /* and again, while it gets none */
		struct control_message m = hear(CONTROL_LOST);
		assert_int_equal(m.kind, ROOM_LEDGER);
		assert_int_equal(m.index, 0);
	}
	give_ledger();
	hello();
	assert_int_equal(end(), 0);
}

/* ---- another configuration (promise 5) ---- */

static void give_conf(const char *text)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	say(&(struct control_message){.type = CONTROL_CONF,
				      .kind = CONTROL_PREPARE,
				      .descriptor_count = 1,
				      .descriptors = {fd}});
	close(fd);
}

static void take_step(enum control_step step)
{
	say(&(struct control_message){.type = CONTROL_CONF, .kind = (uint8_t)step});
}

/* `why` "": the step is taken. */
static void hear_step(enum control_step step, const char *why)
{
	struct control_message m = hear(CONTROL_CONF_DONE);
	assert_int_equal(m.kind, step);
	assert_int_equal(m.text.size > 0, *why != 0);
	if (*why)
		assert_non_null(memmem(m.text.data, m.text.size, why, strlen(why)));
}

static void expect_conf(unsigned built, unsigned age)
{
	char text[64];
	struct view status = ask("status");
	(void)snprintf(text, sizeof(text), "\"built\":%u,\"age\":%u}", built, age);
	assert_non_null(memmem(status.data, status.size, text, strlen(text)));
}

static void another_configuration_is_built_aside_and_taken_over(void **state)
{
	(void)state;
	start_ready();
	for (unsigned age = 2; age < 4; age++) {
		char text[64];
		(void)snprintf(text, sizeof(text), "[server]\nmax_age = %us\n[issuer \"A\"]\n",
			       age);
		give_conf(text);
		hear_step(CONTROL_PREPARE, "");
		expect_conf(age, age == 2 ? 0 : age - 1);
		take_step(CONTROL_COMMIT);
		hear_step(CONTROL_COMMIT, "");
		expect_conf(0, age);
	}
	assert_int_equal(end(), 0);
}

static void what_takes_longer_is_told_when_it_is_done(void **state)
{
	(void)state;
	start_ready();
	give_ledger();
	give_conf("[server]\nmax_age = 2s\nstrict_content_type = yes\n[issuer \"A\"]\n");
	expect_conf(2, 0);
	send_frame(FRAME_DONE);
	hear_step(CONTROL_PREPARE, "");
	take_step(CONTROL_COMMIT);
	hear_step(CONTROL_COMMIT, "");
	assert_int_equal(end(), 0);
}

static void a_configuration_that_is_abandoned_leaves_nothing(void **state)
{
	(void)state;
	start_ready();
	give_conf("[server]\nmax_age = 2s\n[issuer \"A\"]\n");
	hear_step(CONTROL_PREPARE, "");
	take_step(CONTROL_ABANDON);
	expect_conf(0, 0);
	take_step(CONTROL_ABANDON); /* there is none: nothing happens */
	give_conf("[server]\nmax_age = 3s\n[issuer \"A\"]\n");
	hear_step(CONTROL_PREPARE, "");
	assert_int_equal(end(), 0);
}

static void a_bad_configuration_is_told_and_the_old_one_stays(void **state)
{
	(void)state;
	start_ready();
	give_conf("[server]\nmaxage = 2s\n");
	hear_step(CONTROL_PREPARE, "max_age");
	give_conf("[server]\nmax_age = 0s\n[issuer \"A\"]\n");
	hear_step(CONTROL_PREPARE, "the new roof leaks");
	expect_conf(0, 0);
	give_conf("[server]\nmax_age = 2s\n[issuer \"A\"]\n");
	hear_step(CONTROL_PREPARE, "");
	assert_int_equal(end(), 0);
}

static void steps_out_of_their_order_end_it(void **state)
{
	(void)state;
	expect_refused(&(struct control_message){.type = CONTROL_CONF, .kind = CONTROL_COMMIT});
	expect_refused(&(struct control_message){.type = CONTROL_CONF, .kind = CONTROL_PREPARE});
	expect_refused(&(struct control_message){
		.type = CONTROL_CONF, .kind = 9, .descriptor_count = 1, .descriptors = {0}});
	start_ready();
	give_conf("[server]\nmax_age = 2s\n[issuer \"A\"]\n");
	hear_step(CONTROL_PREPARE, "");
	give_conf("[server]\nmax_age = 3s\n[issuer \"A\"]\n");
	expect_failure("cannot do what the warden says");
}

/* ---- the end ---- */

static void it_ends_with_the_wardens_end_of_the_link(void **state)
{
	(void)state;
	start_ready();
	give_ledger();
	send_frame(FRAME_WORK);
	hello();
	assert_int_equal(end(), 0);
}

static int end_by_itself(void)
{
	struct control_message m;
	assert_int_equal(control_receive(w.control, w.storage, &m), -EPIPE);
	return end();
}

static void stop_ends_it_when_nothing_is_in_flight(void **state)
{
	(void)state;
	start("[server]\nmax_age = 1s\ndrain_timeout = 10m\n[issuer \"A\"]\n");
	(void)hear(CONTROL_READY);
	give_ledger();
	send_frame(FRAME_WORK);
	hello();
	say(&(struct control_message){.type = CONTROL_STOP});
	(void)ask("status"); /* it goes on, also after it has looked again and again */
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 300000000}, NULL);
	(void)ask("status");
	send_frame(FRAME_DONE);
	assert_int_equal(end_by_itself(), 0);
}

static void stop_waits_no_longer_than_the_time_to_drain(void **state)
{
	(void)state;
	start_ready();
	give_ledger();
	send_frame(FRAME_WORK);
	hello();
	say(&(struct control_message){.type = CONTROL_STOP});
	assert_int_equal(end_by_itself(), 0);
}

static void no_descriptors_are_taken_after_the_order_to_stop(void **state)
{
	(void)state;
	int ends[2];
	char octet;
	start("[server]\nmax_age = 1s\ndrain_timeout = 10m\n[issuer \"A\"]\n");
	(void)hear(CONTROL_READY);
	give_ledger();
	send_frame(FRAME_WORK);
	hello();
	assert_int_equal(pipe(ends), 0);
	say(&(struct control_message){.type = CONTROL_STOP});
	say(&(struct control_message){
		.type = CONTROL_LISTEN, .descriptor_count = 1, .descriptors = {ends[1]}});
	close(ends[1]);
	assert_int_equal(read(ends[0], &octet, 1), 0); /* closed, not kept */
	close(ends[0]);
	struct view status = ask("status");
	assert_non_null(memmem(status.data, status.size, "\"taken\":0,", 10));
	send_frame(FRAME_DONE);
	assert_int_equal(end_by_itself(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_that_its_loop_turns_and_nothing_while_it_does_not),
		cmocka_unit_test(it_is_asked_and_answers),
		cmocka_unit_test(a_question_may_be_answered_later),
		cmocka_unit_test(a_new_channel_replaces_the_old),
		cmocka_unit_test(a_turn_is_taken_once_and_when_its_moment_comes),
		cmocka_unit_test(descriptors_go_to_the_room),
		cmocka_unit_test(a_room_that_cannot_open_says_why),
		cmocka_unit_test(a_configuration_that_cannot_be_is_told),
		cmocka_unit_test(a_message_for_another_kind_of_room_ends_it),
		cmocka_unit_test(a_malformed_message_ends_it),
		cmocka_unit_test(what_cannot_be_carried_out_ends_it),
		cmocka_unit_test(a_peer_that_breaks_the_protocol_loses_its_channel_only),
		cmocka_unit_test(a_room_whose_channel_is_cut_asks_for_another),
		cmocka_unit_test(another_configuration_is_built_aside_and_taken_over),
		cmocka_unit_test(what_takes_longer_is_told_when_it_is_done),
		cmocka_unit_test(a_configuration_that_is_abandoned_leaves_nothing),
		cmocka_unit_test(a_bad_configuration_is_told_and_the_old_one_stays),
		cmocka_unit_test(steps_out_of_their_order_end_it),
		cmocka_unit_test(it_ends_with_the_wardens_end_of_the_link),
		cmocka_unit_test(stop_ends_it_when_nothing_is_in_flight),
		cmocka_unit_test(stop_waits_no_longer_than_the_time_to_drain),
		cmocka_unit_test(no_descriptors_are_taken_after_the_order_to_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
