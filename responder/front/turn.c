#include "front/turn.h"

#include "base/result.h"

#include <sys/socket.h>

bool turn_is_full(const struct turn *turn)
{
	return turn->replies >= LIMIT_HTTP_PIPELINE || turn->bytes >= LIMIT_HTTP_TURN_BYTES;
}

uint8_t *turn_room(struct turn *turn)
{
	return turn->rooms[turn->replies];
}

void turn_put(struct turn *turn, struct view bytes)
{
	if (bytes.size == 0)
		return;
	turn->bytes += bytes.size;
	struct iovec *last = turn->count ? &turn->parts[turn->count - 1] : NULL;
	if (last && (const uint8_t *)last->iov_base + last->iov_len == bytes.data) {
		last->iov_len += bytes.size;
		return;
	}
	turn->parts[turn->count++] = (struct iovec){
		.iov_base = (void *)(uintptr_t)bytes.data,
		.iov_len = bytes.size,
	};
}

static void put_head(struct turn *turn, bool close, struct view head)
{
	if (!close) {
		turn_put(turn, head);
		return;
	}
	struct cursor c = cursor_of(head);
	turn_put(turn, cursor_take(&c, head.size - HTTP_HEAD_END));
	turn_put(turn, view_of_string(HTTP_CONNECTION_CLOSE));
	turn_put(turn, c.rest);
}

void turn_put_reply(struct turn *turn, const struct reply_style *style, struct view head,
		    struct view body)
{
	put_head(turn, style->close, head);
	if (!style->no_body)
		turn_put(turn, body);
	turn->replies++;
}

void turn_put_whole(struct turn *turn, struct view reply)
{
	turn_put(turn, reply);
	turn->replies++;
}

static ssize_t write_parts(const struct turn *turn, int fd)
{
	if (turn->count == 1)
		return send(fd, turn->parts[0].iov_base, turn->parts[0].iov_len, MSG_NOSIGNAL);
	struct msghdr message = {
		.msg_iov = (struct iovec *)(uintptr_t)turn->parts,
		.msg_iovlen = turn->count,
	};
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void keep_rest(const struct turn *turn, size_t sent, struct buffer *rest)
{
	for (unsigned i = 0; i < turn->count; i++) {
		struct cursor part =
			cursor_of(view_of(turn->parts[i].iov_base, turn->parts[i].iov_len));
		size_t gone = sent < part.rest.size ? sent : part.rest.size;
		(void)cursor_take(&part, gone);
		buffer_put_view(rest, part.rest);
		sent -= gone;
	}
}

static int write_or_keep(const struct turn *turn, int fd, struct buffer *rest)
{
	ssize_t sent = 0;
	if (rest->size == 0) {
		do
			sent = write_parts(turn, fd);
		while (sent < 0 && errno == EINTR);
		if (sent < 0 && errno != EAGAIN)
			return -errno;
	}
	keep_rest(turn, sent < 0 ? 0 : (size_t)sent, rest);
	return buffer_result(rest);
}

int turn_write(struct turn *turn, int fd, struct buffer *rest)
{
	int result = turn->count ? write_or_keep(turn, fd, rest) : 0;
	turn_reset(turn);
	return result;
}

void turn_reset(struct turn *turn)
{
	turn->count = 0;
	turn->replies = 0;
	turn->bytes = 0;
}
