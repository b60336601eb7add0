/* One reader, one writer, no allocation a frame.
 *
 *   readable → one read() → every whole frame is given → drained()
 *   channel_send() → appended to `out`, the flush event is activated → it runs after the events
 *   that are active already, so that what they send leaves in the same write
 *
 * Both buffers are given back to the system when nothing has come for IDLE_SECONDS. */
#include "ipc/channel.h"

#include "base/limits.h"
#include "base/result.h"
#include "ipc/frame.h"

#include <sys/socket.h>

/* About forty answers of 1.5 kB a read; a fuller read doubles it. */
#define READ_LEAST 65536u
/* A frame over LIMIT_FRAME is refused from its header, so this holds every legal one. */
#define READ_MOST (FRAME_HEADER - 1 + LIMIT_FRAME)
/* After a jam: a queue above this is not worth keeping. */
#define OUT_KEEP (1u << 20)
#define IDLE_SECONDS 10

enum channel_state {
	CHANNEL_OPEN, /* waits for frames, and for the turn's end if something is queued */
	CHANNEL_FULL, /* the same, but the socket is full: waits until it is writable */
	CHANNEL_DEAF, /* the peer reads no more: gives what it had sent, waits for the end */
	CHANNEL_CUT, /* we gave the peer up; closed() is due at the turn's end */
	CHANNEL_CLOSED, /* closed() was called */
};

struct channel {
	int fd;
	enum channel_state state;
	const struct channel_ops *ops;
	void *context;
	struct event *readable, *writable, *flush;

	uint8_t *in; /* NULL while idle */
	size_t in_size, in_capacity;
	struct buffer out;
	size_t out_sent; /* first octets of `out` that the socket took */

	const char *reason; /* in state CUT: why */
	bool peer_ended; /* in state CLOSED: that is why */
	bool *freed; /* set while a callback runs: channel_free() tells the caller by it */
};

/* ---- state ---- */

static void channel_set_state(struct channel *ch, enum channel_state state, const char *reason)
{
	ch->state = state;
	switch (state) {
	case CHANNEL_OPEN:
		break;
	case CHANNEL_FULL:
		(void)event_add(ch->writable, NULL);
		break;
	case CHANNEL_DEAF:
		buffer_reset(&ch->out);
		ch->out_sent = 0;
		break;
	case CHANNEL_CUT:
		ch->reason = reason;
		(void)event_del(ch->readable);
		(void)event_del(ch->writable);
		event_active(ch->flush, EV_TIMEOUT, 0);
		break;
	case CHANNEL_CLOSED:
		(void)event_del(ch->readable);
		(void)event_del(ch->writable);
		(void)event_del(ch->flush);
		/* The owner may free the channel here: nothing touches it afterwards. */
		ch->ops->closed(ch->context, reason);
		break;
	}
}

static bool channel_usable(const struct channel *ch)
{
	return ch->state == CHANNEL_OPEN || ch->state == CHANNEL_FULL;
}

static bool channel_reading(const struct channel *ch)
{
	return channel_usable(ch) || ch->state == CHANNEL_DEAF;
}

/* ---- reading ---- */

/* Room for at least one more octet, and for the whole frame if its header is known. */
static bool channel_in_reserve(struct channel *ch, size_t wanted)
{
	if (wanted <= ch->in_capacity && ch->in_size < ch->in_capacity)
		return true;
	size_t capacity = ch->in_capacity ? ch->in_capacity * 2 : READ_LEAST;
	if (capacity > READ_MOST || capacity < wanted)
		capacity = READ_MOST;
	uint8_t *in = realloc(ch->in, capacity);
	if (!in)
		return false;
	ch->in = in;
	ch->in_capacity = capacity;
	return true;
}

static void channel_idle(struct channel *ch)
{
	if (ch->in_size == 0) {
		free(ch->in);
		ch->in = NULL;
		ch->in_capacity = 0;
	}
	if (ch->out.size == 0)
		buffer_deinit(&ch->out);
}

enum given { GIVEN_ALL, GIVEN_STOPPED, GIVEN_WRONG, GIVEN_FREED };

/* Every whole frame goes to the owner; an unfinished one moves to the front of the buffer. */
static enum given channel_give(struct channel *ch, size_t *wanted)
{
	bool freed = false;
	struct cursor bytes = cursor_of(view_of(ch->in, ch->in_size));
	uint8_t type;
	struct view payload;
	ch->freed = &freed;
	while (frame_take(&bytes, &type, &payload, wanted)) {
		int wrong = ch->ops->frame(ch->context, type, payload);
		if (freed)
			return GIVEN_FREED;
		if (wrong) {
			cursor_fail(&bytes);
			break;
		}
		if (!channel_reading(ch))
			break;
	}
	ch->freed = NULL;
	if (bytes.failed)
		return GIVEN_WRONG;
	if (!channel_reading(ch))
		return GIVEN_STOPPED;
	if (bytes.rest.size > 0)
		memmove(ch->in, bytes.rest.data, bytes.rest.size);
	ch->in_size = bytes.rest.size;
	return GIVEN_ALL;
}

static void channel_took(struct channel *ch)
{
	size_t wanted;
	switch (channel_give(ch, &wanted)) {
	case GIVEN_FREED:
	case GIVEN_STOPPED:
		return;
	case GIVEN_WRONG:
		channel_set_state(ch, CHANNEL_CLOSED, "the peer broke the protocol");
		return;
	case GIVEN_ALL:
		break;
	}
	if (!channel_in_reserve(ch, wanted)) {
		channel_set_state(ch, CHANNEL_CLOSED, "out of memory");
		return;
	}
	if (ch->ops->drained)
		ch->ops->drained(ch->context);
}

static void channel_end(struct channel *ch, int error)
{
	const char *reason =
		ch->in_size ? "the peer ended in the middle of a frame" : "the peer ended";
	ch->peer_ended = !error || error == ECONNRESET;
	if (!ch->peer_ended)
		reason = "reading failed";
	channel_set_state(ch, CHANNEL_CLOSED, reason);
}

/* One read a turn: a peer that never stops writing gets its share of the loop and no more. */
static void channel_readable(evutil_socket_t fd, short what, void *argument)
{
	struct channel *ch = argument;
	if (!(what & EV_READ)) {
		channel_idle(ch);
		return;
	}
	if (!channel_in_reserve(ch, 0)) {
		channel_set_state(ch, CHANNEL_CLOSED, "out of memory");
		return;
	}
	ssize_t got = read(fd, ch->in + ch->in_size, ch->in_capacity - ch->in_size);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		channel_end(ch, got < 0 ? errno : 0);
		return;
	}
	ch->in_size += (size_t)got;
	channel_took(ch);
}

/* ---- writing ---- */

static void channel_written(struct channel *ch, size_t size)
{
	ch->out_sent += size;
	if (ch->out_sent < ch->out.size)
		return;
	ch->out_sent = 0;
	if (ch->out.capacity > OUT_KEEP)
		buffer_deinit(&ch->out);
	buffer_reset(&ch->out);
}

static void channel_write_failed(struct channel *ch, int error)
{
	if (error == EAGAIN)
		channel_set_state(ch, CHANNEL_FULL, NULL);
	else if (error == EPIPE || error == ECONNRESET)
		channel_set_state(ch, CHANNEL_DEAF, NULL);
	else
		channel_set_state(ch, CHANNEL_CLOSED, "writing failed");
}

static void channel_write(struct channel *ch)
{
	while (ch->out.size > ch->out_sent) {
		ssize_t sent = send(ch->fd, ch->out.data + ch->out_sent,
				    ch->out.size - ch->out_sent, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0) {
			channel_write_failed(ch, errno);
			return;
		}
		channel_written(ch, (size_t)sent);
	}
	channel_set_state(ch, CHANNEL_OPEN, NULL);
}

static void channel_writable(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	channel_write(argument);
}

static void channel_flush(evutil_socket_t fd, short what, void *argument)
{
	struct channel *ch = argument;
	(void)fd;
	(void)what;
	if (ch->state == CHANNEL_CUT)
		channel_set_state(ch, CHANNEL_CLOSED, ch->reason);
	else if (ch->state == CHANNEL_OPEN)
		channel_write(ch);
}

/* What the socket took makes way once it is the larger part: each octet moves at most once. */
static void channel_out_compact(struct channel *ch)
{
	if (ch->out_sent <= ch->out.size / 2)
		return;
	buffer_consume(&ch->out, ch->out_sent);
	ch->out_sent = 0;
}

int channel_send(struct channel *ch, uint8_t type, struct view payload)
{
	if (payload.size >= LIMIT_FRAME)
		return -EMSGSIZE;
	if (!channel_usable(ch))
		return -EPIPE;
	size_t size = FRAME_HEADER + payload.size;
	if (channel_queued(ch) + size > LIMIT_CHANNEL_QUEUE) {
		channel_set_state(ch, CHANNEL_CUT, "the peer does not read");
		return -ENOBUFS;
	}
	if (ch->out.size + size > ch->out.capacity)
		channel_out_compact(ch);
	if (!buffer_reserve(&ch->out, size)) {
		ch->out.failed = false; /* the queue itself is whole */
		return -ENOMEM;
	}
	if (ch->out.size == 0)
		event_active(ch->flush, EV_TIMEOUT, 0);
	frame_put(&ch->out, type, payload);
	return 0;
}

bool channel_peer_ended(const struct channel *ch)
{
	return ch->peer_ended;
}

size_t channel_queued(const struct channel *ch)
{
	return ch->out.size - ch->out_sent;
}

/* ---- life ---- */

int channel_new(struct event_base *base, int fd, const struct channel_ops *ops, void *context,
		struct channel **ret)
{
	cleanup(channel_freep) struct channel *ch = calloc(1, sizeof(*ch));
	if (!ch)
		return -ENOMEM;
	ch->fd = -1;
	ch->ops = ops;
	ch->context = context;
	ch->readable = event_new(base, fd, EV_READ | EV_PERSIST, channel_readable, ch);
	ch->writable = event_new(base, fd, EV_WRITE, channel_writable, ch);
	ch->flush = event_new(base, -1, 0, channel_flush, ch);
	if (!ch->readable || !ch->writable || !ch->flush ||
	    evutil_make_socket_nonblocking(fd) < 0 ||
	    event_add(ch->readable, &(struct timeval){.tv_sec = IDLE_SECONDS}) < 0)
		return -ENOMEM;
	ch->fd = fd;
	*ret = ch;
	ch = NULL;
	return 0;
}

static void event_release(struct event *event)
{
	if (event)
		event_free(event);
}

void channel_free(struct channel *ch)
{
	if (!ch)
		return;
	if (ch->freed)
		*ch->freed = true;
	event_release(ch->readable);
	event_release(ch->writable);
	event_release(ch->flush);
	if (ch->fd >= 0)
		close(ch->fd);
	free(ch->in);
	buffer_deinit(&ch->out);
	free(ch);
}
