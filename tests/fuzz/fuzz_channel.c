/* The octets of a compromised room through the real channel, twice: all at once and cut into pieces.
 * The frames must be the same, and so must be whether the channel closes; and one packet through the
 * warden's control link, which gives what could have been sent, or nothing.
 *
 *   octet 0: odd, a control packet; else  1 … 4  sizes of the pieces;  then what is sent */
#include "base/limits.h"
#include "ipc/channel.h"
#include "ipc/control.h"

#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#define HEAD_SIZE 5u
#define TYPE_REFUSED 0xff /* the receiver calls this a broken protocol */

struct room {
	struct channel *channel;
	struct buffer frames; /* all that came: type, size, payload */
	unsigned closed;
};

static int take_frame(void *context, uint8_t type, struct view payload)
{
	struct room *room = context;
	CHECK(!room->closed && payload.size <= LIMIT_FRAME);
	buffer_put_u8(&room->frames, type);
	buffer_put_u32(&room->frames, (uint32_t)payload.size);
	buffer_put_view(&room->frames, payload);
	return type == TYPE_REFUSED ? -EBADMSG : 0;
}

static void take_closed(void *context, const char *reason)
{
	struct room *room = context;
	CHECK(reason && *reason && room->closed == 0);
	room->closed++;
}

static void settle(struct event_base *base)
{
	for (unsigned i = 0; i < 3; i++)
		CHECK(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
}

static void run(const uint8_t *sizes, struct view octets, struct room *room)
{
	static const struct channel_ops ops = {.frame = take_frame, .closed = take_closed};
	struct event_base *base = event_base_new();
	int pair[2];
	CHECK(base &&
	      socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(channel_new(base, pair[1], &ops, room, &room->channel) == 0);
	for (unsigned i = 0; octets.size > 0 && !room->closed; i++) {
		size_t size = sizes ? (size_t)sizes[i % (HEAD_SIZE - 1)] + 1 : octets.size;
		ssize_t sent = send(pair[0], octets.data, size < octets.size ? size : octets.size,
				    MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN)
			break;
		if (sent > 0)
			octets = view_of(octets.data + sent, octets.size - (size_t)sent);
		settle(base);
	}
	close(pair[0]);
	settle(base);
	CHECK(room->closed == 1); /* the peer is gone, or was cut off */
	channel_free(room->channel);
	event_base_free(base);
}

static void run_both(const uint8_t *sizes, struct view octets)
{
	struct room whole = {0}, cut = {0};
	run(NULL, octets, &whole);
	run(sizes, octets, &cut);
	CHECK(view_equal(buffer_view(&whole.frames), buffer_view(&cut.frames)));
	buffer_deinit(&whole.frames);
	buffer_deinit(&cut.frames);
}

static void run_control(struct view packet)
{
	static uint8_t storage[CONTROL_PACKET], again[CONTROL_PACKET];
	struct control_message message, repeated;
	int pair[2];
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	if (packet.size > 0 && packet.size <= CONTROL_PACKET) {
		CHECK(send(pair[0], packet.data, packet.size, MSG_NOSIGNAL) ==
		      (ssize_t)packet.size);
		int result = control_receive(pair[1], storage, &message);
		CHECK(result == 0 || result == -EBADMSG);
		if (result == 0) {
			CHECK(message.descriptor_count == 0);
			CHECK(control_send(pair[0], &message) == 0);
			CHECK(control_receive(pair[1], again, &repeated) == 0);
			CHECK(repeated.type == message.type && repeated.kind == message.kind &&
			      repeated.index == message.index &&
			      view_equal(repeated.text, message.text));
		}
	}
	close(pair[0]);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] & 1)
		run_control(view_of(data + 1, size - 1));
	else if (size >= HEAD_SIZE)
		run_both(data + 1, view_of(data + HEAD_SIZE, size - HEAD_SIZE));
	return 0;
}
