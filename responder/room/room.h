/* The shell of every room's process: what they all do alike, written once. A room brings a plan.
 *
 *   warden ──CHANNEL · LISTEN · JOURNAL · WORDS · CONF · ASK · DRAIN · STOP──▶ shell
 *                                                         shell ──READY · FAILED · ANSWER──▶ warden
 *                                          attached · frame · turn · …
 *                                                       ▼
 *                                                      plan ──shell_send()──▶ peers
 *
 * What is wrong means the same in every room:
 *   From the warden, whom all trust: a message that is malformed, that is not for this kind of room,
 *   or that cannot be carried out ends the process with status 1 and a line that says why. The warden
 *   starts it anew and gives it everything afresh; going on could mean to wait for ever for a channel
 *   that was in the lost message. The end of the link ends it with status 0: nobody needs it.
 *   From a peer, whom nobody trusts: a frame that is malformed or not for this room closes the channel
 *   (ipc/channel.h), and the room goes on. While both live the warden makes a new one after a second.
 *   Of our own: a frame that cannot be queued for want of memory would leave a hole in the stream,
 *   perhaps where a purge should be. It ends the process with status 1.
 *
 * STOP: no plan waits for what does not come. The process ends with status 0 as soon as nothing is in
 * flight, nothing is queued and no frame came for DRAIN_LOOK_US, at the latest after drain_timeout. */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "conf/conf.h"
#include "ipc/control.h"
#include "room/kinds.h"
#include "room/sandbox.h"

#include <event2/event.h>

/* What a plan's functions see of their process; theirs to read. */
struct shell {
	struct event_base *base;
	/* Of the options that its kind is given. A reload puts another one in its place, between two
	 * callbacks: look here each time, and keep no pointer into it beyond commit(). */
	const struct conf *conf;
	unsigned index;
	bool stopping;
};

struct peer {
	enum room_kind kind;
	unsigned index; /* below room_slots() */
};

#define ROOM_BIT(kind) (1u << (kind))

/* All run in the event loop, the context first. What is optional may be NULL. */
struct room_plan {
	/* ---- what the warden knows of it ---- */
	enum conf_room options; /* that it is given */
	bool sees_database; /* it is given PG* and HOME */
	/* How many processes; NULL: one. */
	unsigned (*processes)(const struct conf *conf);
	/* Optional: how long one turn of its loop may take, where that is more than others need. A room that
	 * is silent for longer is killed, and started anew (warden/pulse.h). */
	int64_t (*patience)(const struct conf *conf);

	/* ---- life ---- */
	/* Makes the room. 0 or -errno, with a fault and nothing left behind. */
	int (*open)(struct shell *shell, void **ret_context, struct fault *fault);
	void (*close)(void *context);
	/* What it needs of the system from then on, beyond its descriptors. Optional: nothing. */
	void (*needs)(const struct conf *conf, struct sandbox *needs);
	/* Optional: is it ready for work? Asked again after every message until it is. */
	bool (*ready)(const void *context);
	/* Optional: nobody new should come, but whoever does is served; false: that is over. */
	void (*drain)(void *context, bool on);
	/* Optional: begin no new work. */
	void (*stop)(void *context, struct moment now);
	/* Optional: how much is in flight. */
	size_t (*in_flight)(const void *context);

	/* ---- channels ---- */
	unsigned peers; /* ROOM_BIT() of those that it has channels with */
	/* Optional: a channel is there, and there was none, or detached() was called. */
	void (*attached)(void *context, struct peer peer);
	void (*detached)(void *context, struct peer peer);
	/* 0, or not: the peer broke the protocol. The payload is valid during the call. */
	int (*frame)(void *context, struct peer peer, uint8_t type, struct view payload);

	/* ---- descriptors: CONTROL_LISTEN or CONTROL_JOURNAL; 0: none ---- */
	enum control_type takes;
	/* Takes them over, on failure too. 0 or -errno. */
	int (*take)(void *context, const int *descriptors, unsigned count, struct fault *fault);

	/* ---- another configuration (doc/design.md, A reload) ---- */
	/* Optional: makes aside what takes its place; everything that can fail is done here. 0,
	 * ROOM_LATER (shell_prepared() follows, or nothing: the warden's patience ends) or -errno with a
	 * fault and nothing left behind. `next` lives until commit() or abandon(), and on after commit(). */
	int (*prepare)(void *context, const struct conf *next, struct fault *fault);
	/* Optional: takes it over, at once and as a whole; `before` ends when this returns. What holds no
	 * copy of an option needs neither. */
	void (*commit)(void *context, const struct conf *before, struct moment now);
	/* Optional: of a prepare() that was 0 or ROOM_LATER. */
	void (*abandon)(void *context);

	/* Optional, CONTROL_ACCESS_LOG: lines go there from now on. Takes it over; -1: standard error. */
	void (*access_log)(void *context, int fd);
	/* Optional, CONTROL_IMPORTED: what became of what shell_hand_over() gave, and a line about it. */
	void (*imported)(void *context, uint32_t ticket, enum control_outcome outcome,
			 struct view text);
	/* Optional, CONTROL_WORDS: a stream to the warden, instead of a former one: a line in, a line of
	 * JSON out (warden/control_socket.h). Takes it over, on failure too. 0 or -errno. */
	int (*words)(void *context, int fd, struct fault *fault);

	/* ---- time ---- */
	/* Optional: all that was ready has been handled (after shell_turn()), or the moment that it
	 * named has come. Gives the next such moment, monotonic; INT64_MAX: none. */
	int64_t (*turn)(void *context, struct moment now);

	/* ---- questions of the operator ---- */
	/* Appends a JSON object. */
	void (*status)(void *context, struct moment now, struct buffer *out);
	/* Optional: other words, which an operator typed: a wrong one is answered {"error":"…"}. 0;
	 * ROOM_LATER: shell_answer() follows, within the room's own deadline; or -ENOENT: it
	 * does not know the first of them. */
	int (*command)(void *context, uint32_t ticket, struct view words, struct moment now,
		       struct buffer *out);
};

/* A positive result of prepare() and of command(). */
#define ROOM_LATER 1

#define ROOM_PLAN(KIND, name, most, place) extern const struct room_plan name##_plan;
ROOMS(ROOM_PLAN)
#undef ROOM_PLAN

/* The process's whole life, on the link to the warden and the configuration that it was given. Takes
 * both descriptors over. Gives the exit status. */
int room_run(const struct room_plan *plan, enum room_kind kind, unsigned index, int control_fd,
	     int conf_fd);

/* Something happened: plan->turn() follows, once, after everything that is ready. */
void shell_turn(struct shell *shell);
/* Queues a frame. False: there is no channel to this peer now, or not any more: detached() comes, or
 * was called. */
bool shell_send(struct shell *shell, struct peer peer, uint8_t type, struct view payload);
/* The same; what could not be written leaves a hole, too. */
bool shell_send_buffer(struct shell *shell, struct peer peer, uint8_t type,
		       const struct buffer *payload);
/* What prepare() has put off is done. */
void shell_prepared(struct shell *shell);
/* The answer to a command that was not answered at once: a JSON object. Only once a ticket. */
void shell_answer(struct shell *shell, uint32_t ticket, struct view text);
/* Has a file that needs() names come new, or been replaced, since open()? Then this process cannot open it,
 * and the next one can. Says which. */
bool shell_outdated(struct shell *shell);
/* That an issuer's last signer, by number, ends soon, or has: "NOT_AFTER ISSUER". */
void shell_tell_ending(struct shell *shell, unsigned signer, struct view text);
/* Hands a sealed file of memory to the warden, "KIND ISSUER": imported() with the same ticket follows. False: it was
 * not taken. The descriptor stays the caller's. */
bool shell_hand_over(struct shell *shell, uint32_t ticket, struct view text, int fd);
/* Ends the process with this status, after the current callback. */
void shell_end(struct shell *shell, int status);
