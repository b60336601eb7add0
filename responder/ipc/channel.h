/* A channel: one end of a Unix stream socket pair that carries frames in order.
 *
 *   frame = length of what follows (u32, big-endian) · type (u8) · payload
 *
 * Frames sent during one turn of the event loop leave in one write at its end. A peer that sends a
 * frame over LIMIT_FRAME, or lets more than LIMIT_CHANNEL_QUEUE bytes pile up, loses the channel. */
#pragma once

#include "base/bytes.h"

#include <event2/event.h>

struct channel;

struct channel_ops {
	/* One frame. Non-zero: the peer broke the protocol; the channel closes. The payload is valid
	 * during the call, or until it frees the channel. */
	int (*frame)(void *context, uint8_t type, struct view payload);
	/* The turn's frames have all been given: batch work goes out now. May be NULL. */
	void (*drained)(void *context);
	/* The peer is gone or was cut off; called once, never from within channel_send(). The owner
	 * frees the channel here or later. */
	void (*closed)(void *context, const char *reason);
};

/* Takes the descriptor over (on failure it stays the caller's) and makes it non-blocking; `ops` must
 * outlive the channel. 0 or -ENOMEM. */
must_check int channel_new(struct event_base *base, int fd, const struct channel_ops *ops,
			   void *context, struct channel **ret);
/* Frees at once, closes the descriptor; unsent frames are lost. NULL is fine. May be called from
 * within the channel's own callbacks. */
void channel_free(struct channel *ch);
DEFINE_CLEANUP(struct channel, channel_free)

/* Queues one frame; the payload is copied. 0; -EPIPE once closed; -ENOBUFS over the queue's limit
 * (and the channel closes); -EMSGSIZE; -ENOMEM. */
must_check int channel_send(struct channel *ch, uint8_t type, struct view payload);
/* Closed because the peer has ended its end: it died, or was told nonsense; either is told elsewhere. */
bool channel_peer_ended(const struct channel *ch);
/* Bytes queued and not yet written. */
size_t channel_queued(const struct channel *ch);
