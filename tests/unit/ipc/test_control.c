/* The link between warden and rooms: packets with descriptors, and what must be refused. */
#include "unit.h"

#include "ipc/control.h"

#include "base/result.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>

static int ends[2];

static int setup(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

static int teardown(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static unsigned open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	assert_non_null(folder);
	unsigned count = 0;
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* A packet as a hostile peer would make it. */
static void send_raw(const void *data, size_t size, unsigned descriptors)
{
	union {
		struct cmsghdr align;
		uint8_t octets[CMSG_SPACE(64 * sizeof(int))];
	} space = {0};
	struct iovec part = {(void *)(uintptr_t)data, size};
	struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
	if (descriptors > 0) {
		packet.msg_control = space.octets;
		packet.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&packet);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
		for (unsigned i = 0; i < descriptors; i++)
			memcpy(CMSG_DATA(header) + i * sizeof(int), &ends[0], sizeof(int));
	}
	assert_int_equal(sendmsg(ends[0], &packet, MSG_NOSIGNAL), size);
}

static void expect_refused(const void *data, size_t size, unsigned descriptors)
{
	uint8_t storage[CONTROL_PACKET];
	struct control_message message;
	unsigned before = open_descriptors();
	send_raw(data, size, descriptors);
	assert_int_equal(control_receive(ends[1], storage, &message), -EBADMSG);
	assert_int_equal(open_descriptors(), before);
}

static void unknown_types_and_short_packets_are_refused(void **state)
{
	(void)state;
	expect_refused("\0\0\0\0\0\0", 6, 0);
	expect_refused("\xb\0\0\0\0\0", 6, 0);
	expect_refused("\x1f\0\0\0\0\0", 6, 0);
	expect_refused("\xff\0\0\0\0\0", 6, 0);
	expect_refused("\5\0\0\0\0", 5, 0);
	expect_refused("\5", 1, 0);
}

static void text_where_none_belongs_is_refused(void **state)
{
	(void)state;
	expect_refused("\5\0\0\0\0\0x", 7, 0);
}

static void unexpected_descriptors_are_refused_and_closed(void **state)
{
	(void)state;
	expect_refused("\5\0\0\0\0\0", 6, 1); /* STOP carries none */
	expect_refused("\x20\0\0\0\0\0", 6, 1); /* nor does READY */
	expect_refused("\2\0\0\0\0\0", 6, 2); /* CHANNEL carries one */
	expect_refused("\2\0\0\0\0\0", 6, 0);
	expect_refused("\1\0\0\0\0\0", 6, 0); /* LISTEN carries some */
	expect_refused("\x27\0\0\0\0\0", 6, 0); /* FETCHED carries one */
	expect_refused("\x27\0\0\0\0\0", 6, 2);
	expect_refused("\xa\1\0\0\0\0", 6, 1); /* IMPORTED none */
}

static void more_descriptors_than_fit_are_refused_and_closed(void **state)
{
	(void)state;
	expect_refused("\1\0\0\0\0\0", 6, CONTROL_DESCRIPTORS + 1);
	expect_refused("\1\0\0\0\0\0", 6, 64);
}

static void a_packet_too_long_is_refused(void **state)
{
	(void)state;
	static uint8_t packet[CONTROL_PACKET + 1] = {CONTROL_ANSWER};
	expect_refused(packet, sizeof(packet), 0);
	/* The packet after it is whole. */
	uint8_t storage[CONTROL_PACKET];
	struct control_message message;
	send_raw("\5\0\0\0\0\1", 6, 0);
	assert_int_equal(control_receive(ends[1], storage, &message), 0);
	assert_int_equal(message.type, CONTROL_STOP);
}

static void what_a_receiver_would_refuse_is_not_sent(void **state)
{
	(void)state;
	struct control_message message = {.type = CONTROL_CHANNEL};
	assert_int_equal(control_send(ends[0], &message), -EINVAL);
	message = (struct control_message){.type = CONTROL_STOP, .text = view_of("x", 1)};
	assert_int_equal(control_send(ends[0], &message), -EINVAL);
	message = (struct control_message){.type = 99};
	assert_int_equal(control_send(ends[0], &message), -EINVAL);
}

static void an_ended_peer_is_a_broken_pipe(void **state)
{
	(void)state;
	uint8_t storage[CONTROL_PACKET];
	struct control_message message = {.type = CONTROL_STOP};
	assert_int_equal(control_receive(ends[1], storage, &message), -EAGAIN);
	close(ends[0]);
	assert_int_equal(control_receive(ends[1], storage, &message), -EPIPE);
	assert_int_equal(control_send(ends[1], &message), -EPIPE);
	ends[0] = dup(ends[1]);
}

static void descriptors_arrive_open_and_close_on_exec(void **state)
{
	(void)state;
	int pipes[2];
	assert_int_equal(pipe(pipes), 0);
	struct control_message message = {.type = CONTROL_LISTEN,
					  .index = 0x01020304,
					  .descriptor_count = 2,
					  .descriptors = {pipes[0], pipes[1]}};
	assert_int_equal(control_send(ends[0], &message), 0);
	close(pipes[0]);
	close(pipes[1]);
	uint8_t storage[CONTROL_PACKET];
	struct control_message back;
	assert_int_equal(control_receive(ends[1], storage, &back), 0);
	assert_int_equal(back.type, CONTROL_LISTEN);
	assert_int_equal(back.index, 0x01020304);
	assert_int_equal(back.descriptor_count, 2);
	assert_int_equal(fcntl(back.descriptors[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(back.descriptors[1], "x", 1), 1);
	char octet;
	assert_int_equal(read(back.descriptors[0], &octet, 1), 1);
	control_message_close(&back);
	assert_int_equal(back.descriptor_count, 0);
}

static void text_comes_back_as_it_was(void **state)
{
	(void)state;
	static uint8_t text[CONTROL_PACKET - 6];
	memset(text, 'x', sizeof(text));
	struct control_message message = {.type = CONTROL_ANSWER, .text = view_of(text, 20000)};
	uint8_t storage[CONTROL_PACKET];
	struct control_message back;
	assert_int_equal(control_send(ends[0], &message), 0);
	assert_int_equal(control_receive(ends[1], storage, &back), 0);
	assert_view_equal(back.text, message.text);
	message.text.size = sizeof(text);
	assert_int_equal(control_send(ends[0], &message), 0);
	assert_int_equal(control_receive(ends[1], storage, &back), 0);
	assert_view_equal(back.text, message.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(unknown_types_and_short_packets_are_refused),
		TEST(text_where_none_belongs_is_refused),
		TEST(unexpected_descriptors_are_refused_and_closed),
		TEST(more_descriptors_than_fit_are_refused_and_closed),
		TEST(a_packet_too_long_is_refused),
		TEST(what_a_receiver_would_refuse_is_not_sent),
		TEST(an_ended_peer_is_a_broken_pipe),
		TEST(descriptors_arrive_open_and_close_on_exec),
		TEST(text_comes_back_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
