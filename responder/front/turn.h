/* The replies of one connection in one turn of the event loop, gathered for one write. Nothing is
 * copied that lives until the write: stored answers go out from where they are stored. */
#pragma once

#include "base/limits.h"
#include "http/reply.h"

#include <sys/uio.h>

/* A reply is at most head, "Connection: close", the head's end, body; and 100 Continue before it. */
#define TURN_PARTS (LIMIT_HTTP_PIPELINE * 5u)
/* A head and a short page for each reply. */
#define TURN_ROOM (HTTP_REPLY_HEAD_SIZE + 1024u)

/* Zero-initialised it is empty. */
struct turn {
	unsigned replies, count;
	size_t bytes;
	struct iovec parts[TURN_PARTS];
	uint8_t rooms[LIMIT_HTTP_PIPELINE][TURN_ROOM]; /* for what is written for one reply only */
};

struct reply_style {
	bool close; /* the connection ends with this reply */
	bool last; /* … and so does every other one: its door is closed */
	bool no_body; /* HEAD */
};

/* No more replies this turn. */
bool turn_is_full(const struct turn *turn);
/* TURN_ROOM octets for the reply that is put next. */
uint8_t *turn_room(struct turn *turn);
/* Bytes that are no reply by themselves (100 Continue). */
void turn_put(struct turn *turn, struct view bytes);
void turn_put_reply(struct turn *turn, const struct reply_style *style, struct view head,
		    struct view body);
/* A reply that is whole already (a refusal). */
void turn_put_whole(struct turn *turn, struct view reply);

/* Writes to the socket what it takes; the rest is appended to `rest`, and all of it where `rest` is
 * not empty. The turn is empty then. 0 or -errno: the connection is lost. */
must_check int turn_write(struct turn *turn, int fd, struct buffer *rest);
/* Empties it without writing. */
void turn_reset(struct turn *turn);
