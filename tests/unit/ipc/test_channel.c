/* Frames in order, many to a write, and peers that misbehave. The other end is a raw socket. */
#include "unit.h"

#include "ipc/channel.h"

#include "base/limits.h"
#include "base/result.h"

#include <fcntl.h>
#include <sys/socket.h>

struct fixture {
	struct event_base *base;
	struct channel *ch;
	int peer;

	unsigned frames, drains, closes;
	unsigned frames_at_drain;
	char reason[64];
	uint8_t types[4096];
	size_t sizes[4096];
	/* What frame() does besides counting. */
	bool refuse, free_in_frame, free_in_drained, echo;
};

static int on_frame(void *context, uint8_t type, struct view payload)
{
	struct fixture *f = context;
	f->types[f->frames % 4096] = type;
	f->sizes[f->frames % 4096] = payload.size;
	f->frames++;
	if (f->free_in_frame) {
		channel_free(f->ch);
		f->ch = NULL;
		return 0;
	}
	if (f->echo)
		assert_int_equal(channel_send(f->ch, type, payload), 0);
	return f->refuse ? -EBADMSG : 0;
}

static void on_drained(void *context)
{
	struct fixture *f = context;
	f->drains++;
	f->frames_at_drain = f->frames;
	if (f->free_in_drained) {
		channel_free(f->ch);
		f->ch = NULL;
	}
}

static void on_closed(void *context, const char *reason)
{
	struct fixture *f = context;
	f->closes++;
	(void)snprintf(f->reason, sizeof(f->reason), "%s", reason);
	channel_free(f->ch);
	f->ch = NULL;
}

static const struct channel_ops ops = {on_frame, on_drained, on_closed};

static void open_pair(struct fixture *f, int type)
{
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
	f->base = event_base_new();
	f->peer = ends[1];
	assert_int_equal(fcntl(f->peer, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(channel_new(f->base, ends[0], &ops, f, &f->ch), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	open_pair(f, SOCK_STREAM);
	*state = f;
	return 0;
}

/* A packet is a write: what one recv() gives left in one. */
static int setup_packets(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	open_pair(f, SOCK_SEQPACKET);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	channel_free(f->ch);
	if (f->peer >= 0)
		close(f->peer);
	event_base_free(f->base);
	free(f);
	return 0;
}

static void turn(struct fixture *f)
{
	assert_true(event_base_loop(f->base, EVLOOP_NONBLOCK) >= 0);
}

static void peer_sends(struct fixture *f, const void *data, size_t size)
{
	assert_int_equal(send(f->peer, data, size, MSG_NOSIGNAL), size);
}

static void peer_ends(struct fixture *f)
{
	close(f->peer);
	f->peer = -1;
}

static const uint8_t zeros[LIMIT_FRAME + 1];

static void a_peer_that_ends_is_reported_once(void **state)
{
	struct fixture *f = *state;
	peer_ends(f);
	turn(f);
	turn(f);
	assert_int_equal(f->closes, 1);
	assert_string_equal(f->reason, "the peer ended");
}

static void an_end_in_the_middle_of_a_frame_gives_no_frame(void **state)
{
	struct fixture *f = *state;
	peer_sends(f, "\0\0\0\5\7ab", 7);
	turn(f);
	peer_ends(f);
	turn(f);
	assert_int_equal(f->frames, 0);
	assert_int_equal(f->closes, 1);
	assert_string_equal(f->reason, "the peer ended in the middle of a frame");
}

static void frames_sent_before_the_end_are_given(void **state)
{
	struct fixture *f = *state;
	/* Our own writes fail, what the peer wrote before it ended still counts. */
	peer_sends(f, "\0\0\0\1\7", 5);
	peer_ends(f);
	assert_int_equal(channel_send(f->ch, 1, view_of(zeros, 10)), 0);
	turn(f);
	turn(f);
	assert_int_equal(f->frames, 1);
	assert_int_equal(f->closes, 1);
}

static void an_empty_frame_is_refused(void **state)
{
	struct fixture *f = *state;
	peer_sends(f, "\0\0\0\0\7", 5);
	turn(f);
	assert_int_equal(f->frames, 0);
	assert_int_equal(f->closes, 1);
	assert_string_equal(f->reason, "the peer broke the protocol");
}

static void an_oversize_frame_is_refused_by_its_header(void **state)
{
	struct fixture *f = *state;
	const uint32_t length = LIMIT_FRAME + 1;
	const uint8_t head[] = {0, (uint8_t)(length >> 16), (uint8_t)(length >> 8),
				(uint8_t)length};
	peer_sends(f, head, sizeof(head));
	turn(f);
	assert_int_equal(f->closes, 1);
}

static void garbage_closes_the_channel(void **state)
{
	struct fixture *f = *state;
	peer_sends(f, "GET / HTTP/1.1\r\n\r\n", 18);
	turn(f);
	assert_int_equal(f->frames, 0);
	assert_int_equal(f->closes, 1);
}

static void a_frame_that_the_owner_refuses_closes_the_channel(void **state)
{
	struct fixture *f = *state;
	f->refuse = true;
	peer_sends(f, "\0\0\0\1\7\0\0\0\1\7", 10);
	turn(f);
	assert_int_equal(f->frames, 1);
	assert_int_equal(f->drains, 0);
	assert_int_equal(f->closes, 1);
}

static void a_peer_that_does_not_read_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct view half = view_of(zeros, LIMIT_FRAME / 2);
	int result = 0;
	unsigned sent = 0;
	for (; result == 0 && sent < 2000; sent++) {
		result = channel_send(f->ch, 1, half);
		if (result == 0)
			turn(f);
	}
	assert_int_equal(result, -ENOBUFS);
	assert_true(channel_queued(f->ch) <= LIMIT_CHANNEL_QUEUE);
	assert_true(sent > LIMIT_CHANNEL_QUEUE / LIMIT_FRAME);
	assert_int_equal(f->closes, 0); /* never from within channel_send() */
	assert_int_equal(channel_send(f->ch, 1, half), -EPIPE);
	turn(f);
	assert_int_equal(f->closes, 1);
	assert_string_equal(f->reason, "the peer does not read");
}

static void a_payload_over_the_limit_is_not_sent(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(channel_send(f->ch, 1, view_of(zeros, LIMIT_FRAME)), -EMSGSIZE);
	assert_int_equal(channel_queued(f->ch), 0);
	assert_int_equal(channel_send(f->ch, 1, view_of(zeros, LIMIT_FRAME - 1)), 0);
}

static void the_channel_may_be_freed_within_frame(void **state)
{
	struct fixture *f = *state;
	f->free_in_frame = true;
	peer_sends(f, "\0\0\0\1\7\0\0\0\1\7", 10);
	turn(f);
	assert_int_equal(f->frames, 1);
	assert_int_equal(f->drains, 0);
	assert_int_equal(f->closes, 0);
}

static void the_channel_may_be_freed_within_drained(void **state)
{
	struct fixture *f = *state;
	f->free_in_drained = true;
	peer_sends(f, "\0\0\0\1\7", 5);
	turn(f);
	assert_int_equal(f->drains, 1);
}

static void frames_are_given_whole_at_every_split(void **state)
{
	struct fixture *f = *state;
	const uint8_t bytes[] = "\0\0\0\1\1\0\0\0\4\2abc\0\0\0\2\3d";
	for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
		peer_sends(f, bytes + i, 1);
		turn(f);
	}
	assert_int_equal(f->frames, 3);
	assert_memory_equal(f->types, "\1\2\3", 3);
	assert_int_equal(f->sizes[1], 3);
	assert_int_equal(f->closes, 0);
}

static void the_frames_of_one_read_come_before_one_drained(void **state)
{
	struct fixture *f = *state;
	peer_sends(f, "\0\0\0\1\1\0\0\0\1\2\0\0\0\1\3\0\0", 17);
	turn(f);
	assert_int_equal(f->frames, 3);
	assert_int_equal(f->drains, 1);
	assert_int_equal(f->frames_at_drain, 3);
}

static void the_frames_of_one_turn_leave_in_one_write(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(channel_send(f->ch, (uint8_t)i, view_of(zeros, 10)), 0);
	assert_int_equal(channel_queued(f->ch), 200 * 15);
	turn(f);
	uint8_t packet[8192];
	assert_int_equal(recv(f->peer, packet, sizeof(packet), 0), 200 * 15);
	assert_int_equal(recv(f->peer, packet, sizeof(packet), 0), -1);
	assert_int_equal(errno, EAGAIN);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(packet[i * 15 + 4], (uint8_t)i);
	assert_int_equal(channel_queued(f->ch), 0);
}

static void replies_to_one_read_leave_in_one_write(void **state)
{
	struct fixture *f = *state;
	f->echo = true;
	static const uint8_t frame[5] = {0, 0, 0, 1, 7};
	uint8_t frames[50 * 5];
	for (size_t i = 0; i < sizeof(frames); i++)
		frames[i] = frame[i % 5];
	peer_sends(f, frames, sizeof(frames));
	turn(f);
	uint8_t packet[8192];
	assert_int_equal(recv(f->peer, packet, sizeof(packet), 0), sizeof(frames));
	assert_memory_equal(packet, frames, sizeof(frames));
}

/* Frames of many sizes through a socket that is full again and again: nothing lost, all in order. */
static void order_is_kept_through_a_full_socket(void **state)
{
	struct fixture *f = *state;
	struct fixture *reader = calloc(1, sizeof(*reader));
	reader->base = f->base;
	assert_int_equal(channel_new(f->base, f->peer, &ops, reader, &reader->ch), 0);
	f->peer = -1;
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(
			channel_send(f->ch, (uint8_t)i, view_of(zeros, (i * 7919u) % LIMIT_FRAME)),
			0);
	assert_int_equal(channel_send(f->ch, 44, view_of(zeros, LIMIT_FRAME - 1)), 0);
	for (unsigned i = 0; i < 100000 && reader->frames < 301; i++)
		turn(f);
	assert_int_equal(reader->frames, 301);
	for (unsigned i = 0; i < 300; i++) {
		assert_int_equal(reader->types[i], (uint8_t)i);
		assert_int_equal(reader->sizes[i], (i * 7919u) % LIMIT_FRAME);
	}
	assert_int_equal(reader->sizes[300], LIMIT_FRAME - 1);
	assert_int_equal(channel_queued(f->ch), 0);
	channel_free(reader->ch);
	free(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_peer_that_ends_is_reported_once),
		TEST(an_end_in_the_middle_of_a_frame_gives_no_frame),
		TEST(frames_sent_before_the_end_are_given),
		TEST(an_empty_frame_is_refused),
		TEST(an_oversize_frame_is_refused_by_its_header),
		TEST(garbage_closes_the_channel),
		TEST(a_frame_that_the_owner_refuses_closes_the_channel),
		TEST(a_peer_that_does_not_read_is_cut_off),
		TEST(a_payload_over_the_limit_is_not_sent),
		TEST(the_channel_may_be_freed_within_frame),
		TEST(the_channel_may_be_freed_within_drained),
		TEST(frames_are_given_whole_at_every_split),
		TEST(the_frames_of_one_read_come_before_one_drained),
		TEST(order_is_kept_through_a_full_socket),
		cmocka_unit_test_setup_teardown(the_frames_of_one_turn_leave_in_one_write,
						setup_packets, teardown),
		cmocka_unit_test_setup_teardown(replies_to_one_read_leave_in_one_write,
						setup_packets, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
