/* One client's connection.
 *
 *   HEADER (of a listed proxy, where it sends one) ──▶ IDLE
 *
 *   IDLE ──first octet──▶ HEAD ──▶ BODY ──whole request──▶ (reply at once) ──▶ IDLE
 *                                             │ miss                │ the socket is full
 *                                             ▼                     ▼
 *                                          WAITING ──answer──▶   WRITING ──▶ IDLE
 *                                            │ ▲                    ▲
 *           the socket is full, from before: ▼ │ it took all        │ answer
 *                                          OWING ───────────────────┘
 *                                                  the last reply: ──▶ LINGERING ──▶ closed
 *
 * Requests are answered one after the other, so replies are in order by construction; those that
 * arrived together and need not wait share one write. Deadlines are absolute (P-47). An idle
 * connection holds no buffer.
 *
 * While the socket does not take what was answered already (WRITING, OWING), nothing is read and
 * nothing is parsed, and the write deadline runs from the moment when it stopped taking it, whatever
 * comes from the ledger meanwhile: a client that does not read holds one turn's replies and one
 * answer, until write_timeout (doc/faults.md row 48). */
#pragma once

#include "front/client.h"

/* Takes the descriptor and the client over, also on failure. 0 or -ENOMEM. */
must_check int connection_open(struct front *front, int fd, const struct client *client,
			       const struct moment *now);
void connection_free(struct connection *connection);

/* answers_ops.deliver of a front: the waiter is a connection's. */
void connection_deliver(struct flight_waiter *waiter, const struct answer *answer,
			const struct moment *now);
/* Closes a connection so that another may come: roughly the one that has been idle for the longest
 * time, else the one that has been sending its request for the longest time. False: there is none. */
bool connection_make_room(struct front *front);

/* Of all connections of a front. */
void connections_close(struct front *front);
/* Deadlines of connections and waiters; to be called every WHEEL_TURN_US. */
void connections_sweep(struct front *front, const struct moment *now);
/* From now on every connection ends with its next reply, idle ones after LIMIT_HTTP_LAST_CALL_MS. */
void connections_drain(struct front *front, const struct moment *now);
/* The same for those that came in by a door that is closed now (struct client). */
void connections_leave(struct front *front, uint32_t door, const struct moment *now);
