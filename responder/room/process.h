/* Private to this folder: one room's process. */
#pragma once

#include "ipc/channel.h"
#include "room/room.h"

struct process;

/* A channel to one peer. */
struct link {
	struct process *process;
	struct peer peer;
	struct channel *channel; /* NULL: not connected */
	bool lost; /* it was, and the other side has ended that */
};

struct process {
	struct shell shell; /* first: a shell's address is its process's */
	const struct room_plan *plan;
	enum room_kind kind;
	struct conf *conf;
	struct conf *next; /* while another configuration is prepared; NULL: none is */
	void *context; /* the plan's; NULL: not open */
	struct sandbox sandbox; /* what it has taken, and what holds since */
	int status; /* exit status */

	int control_fd;
	struct event *control;
	uint8_t packet[CONTROL_PACKET];
	bool ready; /* and told so */

	struct event *turn, *timer;
	bool turn_due;

	struct event *drain;
	int64_t drain_until_us; /* monotonic */
	bool fresh; /* a frame came since the last look */

	struct event *beat;
	int64_t beat_at_us; /* monotonic: when the next is due */

	struct event *missing; /* pending: a channel is lost */
	struct link *links[ROOM_KINDS]; /* room_slots() of each kind that is a peer; else NULL */
};

/* ---- loop.c ---- */
void loop_turn(evutil_socket_t fd, short what, void *process);

/* ---- links.c ---- */
must_check int links_new(struct process *p);
void links_free(struct process *p);
/* The channel of this peer, instead of a former one. Takes the descriptor over, on failure too.
 * 0, -ENOMEM, or -EINVAL: no peer of this room. */
must_check int links_connect(struct process *p, struct peer peer, int fd);
/* Calls `each` for those that are lost. False: there are none. */
bool links_lost(struct process *p, void (*each)(struct process *p, struct peer peer));
/* Octets that have not left yet. */
size_t links_queued(const struct process *p);

/* ---- tell.c: what the warden is told ---- */
void tell(struct process *p, const struct control_message *message);
/* Logs it, too. */
void tell_failed(struct process *p, const struct fault *fault);
/* READY, if it is so and was not said. */
void tell_ready(struct process *p);
/* That this channel is lost. */
void tell_lost(struct process *p, struct peer peer);
/* What became of a step towards another configuration; `fault` NULL: it is taken. */
void tell_step(struct process *p, enum control_step step, const struct fault *fault);

/* ---- orders.c: what the warden says ---- */
void orders_readable(evutil_socket_t fd, short what, void *process);

/* ---- reconfigure.c ---- */
/* 0, or -EBADMSG: not the next step. What is wrong with a configuration is no fault of the warden's: it
 * is told, and this one goes on. */
must_check int reconfigure(struct process *p, struct control_message *m);

/* ---- reconnect.c ---- */
/* How long a channel may be gone before a room asks for another: one whose peer has died comes by
 * itself. */
#define RECONNECT_LOOK_US SECOND_US
void reconnect_look(evutil_socket_t fd, short what, void *process);

/* ---- beat.c ---- */
#define BEAT_US (500 * MILLISECOND_US)
/* 0 or -ENOMEM. */
must_check int beat_begin(struct process *p);
void beat_tick(evutil_socket_t fd, short what, void *process);

/* ---- drain.c ---- */
void drain_begin(struct process *p);
void drain_look(evutil_socket_t fd, short what, void *process);
