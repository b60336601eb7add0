/* The room as a process: what it tells the warden, and how it ends. There is no database. */
#include "unit.h"

#include "ipc/control.h"
#include "room/room.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

static const char configuration[] = "[database]\n"
				    "conninfo = host=/nonexistent dbname=stillgood\n"
				    "[issuer \"A\"]\n"
				    "certificate = /nonexistent/ca.pem\n";

struct room {
	int control;
	pid_t pid;
};

static struct room room_start(const char *text)
{
	int pair[2], conf = memfd_create("conf", MFD_CLOEXEC);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(write(conf, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(lseek(conf, 0, SEEK_SET), 0);
	struct room room = {.control = pair[0], .pid = fork()};
	assert_true(room.pid >= 0);
	if (room.pid == 0) {
		close(pair[0]);
		exit(room_run(&ledger_plan, ROOM_LEDGER, 0, pair[1], conf));
	}
	close(pair[1]);
	close(conf);
	return room;
}

static enum control_type room_says(const struct room *room, uint8_t storage[CONTROL_PACKET],
				   struct control_message *ret)
{
	struct pollfd ready = {.fd = room->control, .events = POLLIN};
	do {
		assert_int_equal(poll(&ready, 1, 10000), 1);
		assert_int_equal(control_receive(room->control, storage, ret), 0);
	} while (ret->type == CONTROL_BEAT);
	return ret->type;
}

static void room_tell(const struct room *room, enum control_type type)
{
	struct control_message m = {.type = type};
	if (type == CONTROL_ASK)
		m.text = view_of_string("status");
	assert_int_equal(control_send(room->control, &m), 0);
}

static int room_status(const struct room *room)
{
	int status = -1;
	assert_int_equal(waitpid(room->pid, &status, 0), room->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_bad_configuration_is_told_and_ends_it(void **state)
{
	(void)state;
	uint8_t storage[CONTROL_PACKET];
	struct control_message m;
	struct room room = room_start("[database]\nconninof = x\n");
	assert_int_equal(room_says(&room, storage, &m), CONTROL_FAILED);
	assert_true(m.text.size > 0);
	assert_int_equal(room_status(&room), 1);
	close(room.control);
}

static void it_is_ready_without_a_database_and_ends_when_told(void **state)
{
	(void)state;
	uint8_t storage[CONTROL_PACKET];
	struct control_message m;
	struct room room = room_start(configuration);
	room_tell(&room, CONTROL_JOURNAL);
	assert_int_equal(room_says(&room, storage, &m), CONTROL_READY);
	room_tell(&room, CONTROL_ASK);
	assert_int_equal(room_says(&room, storage, &m), CONTROL_ANSWER);
	assert_int_equal(m.text.data[0], '{');
	assert_int_equal(m.text.data[m.text.size - 1], '}');
	assert_non_null(memmem(m.text.data, m.text.size, "\"evidence_age_ms\":null", 22));
	room_tell(&room, CONTROL_STOP);
	assert_int_equal(room_status(&room), 0);
	close(room.control);
}

static void it_ends_when_the_warden_is_gone(void **state)
{
	(void)state;
	uint8_t storage[CONTROL_PACKET];
	struct control_message m;
	struct room room = room_start(configuration);
	room_tell(&room, CONTROL_JOURNAL);
	assert_int_equal(room_says(&room, storage, &m), CONTROL_READY);
	close(room.control);
	assert_int_equal(room_status(&room), 0);
}

/* A new channel for a known index replaces the old one. */
static void a_front_is_told_why_it_is_not_ready(void **state)
{
	(void)state;
	uint8_t storage[CONTROL_PACKET], bytes[512];
	struct control_message m;
	int first[2], second[2];
	struct room room = room_start(configuration);
	room_tell(&room, CONTROL_JOURNAL);
	assert_int_equal(room_says(&room, storage, &m), CONTROL_READY);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, first), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, second), 0);
	struct control_message front = {.type = CONTROL_CHANNEL,
					.kind = ROOM_FRONT,
					.descriptor_count = 1,
					.descriptors = {first[1]}};
	assert_int_equal(control_send(room.control, &front), 0);
	close(first[1]);
	assert_true(read(first[0], bytes, sizeof(bytes)) > 0);
	front.descriptors[0] = second[1];
	assert_int_equal(control_send(room.control, &front), 0);
	close(second[1]);
	ssize_t got = read(second[0], bytes, sizeof(bytes));
	assert_true(got > 0);
	assert_non_null(memmem(bytes, (size_t)got, "no signer", 9));
	while ((got = read(first[0], bytes, sizeof(bytes))) > 0)
		;
	assert_int_equal(got, 0); /* the first one was closed */
	close(first[0]);
	close(second[0]);
	room_tell(&room, CONTROL_STOP);
	assert_int_equal(room_status(&room), 0);
	close(room.control);
}

/* This test in the place of a front, a signer or a verifier. */
static int give_peer(const struct room *room, enum room_kind kind)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	const struct control_message peer = {.type = CONTROL_CHANNEL,
					     .kind = (uint8_t)kind,
					     .descriptor_count = 1,
					     .descriptors = {pair[1]}};
	assert_int_equal(control_send(room->control, &peer), 0);
	close(pair[1]);
	return pair[0];
}

/* Until the ledger has closed it; what it says before that does not matter. */
static void expect_cut_off(int fd)
{
	uint8_t bytes[4096];
	ssize_t got;
	do
		got = read(fd, bytes, sizeof(bytes));
	while (got > 0);
	assert_true(got == 0 || errno == ECONNRESET);
	close(fd);
}

/* doc/faults.md row 32: no word of any kind gets more than the end of its channel; the ledger lives. */
static void a_compromised_peer_that_talks_nonsense_is_cut_off(void **state)
{
	(void)state;
	static const enum room_kind kinds[] = {ROOM_FRONT, ROOM_SIGNER, ROOM_VERIFIER};
	static const uint8_t huge[] = {0x7f, 0xff, 0xff, 0xff, 1};
	uint8_t storage[CONTROL_PACKET];
	struct control_message m;
	struct room room = room_start(configuration);
	room_tell(&room, CONTROL_JOURNAL);
	assert_int_equal(room_says(&room, storage, &m), CONTROL_READY);
	for (unsigned i = 0; i < array_size(kinds); i++) {
		for (unsigned type = 0; type < 256; type++) {
			const uint8_t frame[] = {0, 0, 0, 4, (uint8_t)type, 'k', 'e', 'y'};
			int fd = give_peer(&room, kinds[i]);
			(void)send(fd, frame, sizeof(frame), MSG_NOSIGNAL);
			expect_cut_off(fd);
		}
		int fd = give_peer(&room, kinds[i]);
		(void)send(fd, huge, sizeof(huge), MSG_NOSIGNAL);
		expect_cut_off(fd);
	}
	room_tell(&room, CONTROL_STOP);
	assert_int_equal(room_status(&room), 0);
	close(room.control);
}

/* The operator's words. */
static void check_words(const struct room *room, const char *words, const char *expected)
{
	uint8_t storage[CONTROL_PACKET];
	struct control_message m = {.type = CONTROL_ASK, .index = 7, .text = view_of_string(words)};
	assert_int_equal(control_send(room->control, &m), 0);
	assert_int_equal(room_says(room, storage, &m), CONTROL_ANSWER);
	assert_int_equal(m.index, 7);
	assert_view_equal(m.text, view_of_string(expected));
}

static void give_journal(const struct room *room, const int files[2])
{
	struct control_message m = {.type = CONTROL_JOURNAL,
				    .descriptor_count = 2,
				    .descriptors = {files[0], files[1]}};
	assert_int_equal(control_send(room->control, &m), 0);
}

/* I-10: it begins one where there is none, and goes on with it after a restart. */
static void it_writes_the_journal_that_the_warden_gives(void **state)
{
	(void)state;
	uint8_t storage[CONTROL_PACKET];
	struct control_message m;
	int files[2] = {memfd_create("a", MFD_CLOEXEC), memfd_create("b", MFD_CLOEXEC)};
	for (int i = 0; i < 2; i++) {
		struct room room = room_start(configuration);
		give_journal(&room, files);
		assert_int_equal(room_says(&room, storage, &m), CONTROL_READY);
		check_words(&room, "lost 0",
			    "{\"lost\":[],\"count\":0,\"next\":0,\"settled\":false}");
		check_words(&room, "accept-history 0", "{\"accepted\":0}");
		room_tell(&room, CONTROL_STOP);
		assert_int_equal(room_status(&room), 0);
		close(room.control);
	}
	off_t size = lseek(files[0], 0, SEEK_END);
	assert_true(size > 0);
	assert_int_equal(lseek(files[1], 0, SEEK_END), 0);
	close(files[0]);
	close(files[1]);
}

static void a_journal_in_one_file_ends_it(void **state)
{
	(void)state;
	uint8_t storage[CONTROL_PACKET];
	int file = memfd_create("a", MFD_CLOEXEC);
	struct room room = room_start(configuration);
	struct control_message m = {
		.type = CONTROL_JOURNAL, .descriptor_count = 1, .descriptors = {file}};
	assert_int_equal(control_send(room.control, &m), 0);
	assert_int_equal(room_says(&room, storage, &m), CONTROL_FAILED);
	assert_int_equal(room_status(&room), 1);
	close(room.control);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_configuration_is_told_and_ends_it),
		cmocka_unit_test(it_is_ready_without_a_database_and_ends_when_told),
		cmocka_unit_test(it_ends_when_the_warden_is_gone),
		cmocka_unit_test(it_writes_the_journal_that_the_warden_gives),
		cmocka_unit_test(a_journal_in_one_file_ends_it),
		cmocka_unit_test(a_front_is_told_why_it_is_not_ready),
		cmocka_unit_test(a_compromised_peer_that_talks_nonsense_is_cut_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
