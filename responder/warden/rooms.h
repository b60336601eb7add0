/* The rooms that the warden keeps running: started, watched through their control sockets and
 * SIGCHLD, started again when they die.
 *
 *   STARTING ──READY──▶ RUNNING ──STOP──▶ STOPPING ──died──▶ ENDED
 *      │ died, hung        │ died
 *      ▼                   ▼
 *   WAITING (back-off) ──▶ STARTING
 *
 * A room that fails at its very first start is not started again: the whole start fails. */
#pragma once

#include "warden/backoff.h"
#include "warden/kind.h"
#include "warden/users.h"

#include "ipc/control.h"

#include <event2/event.h>
#include <sys/types.h>

enum room_state {
	ROOM_STARTING, /* waits for READY, for a minute */
	ROOM_RUNNING, /* waits for its death */
	ROOM_STOPPING, /* was told to stop; is killed after the drain time */
	ROOM_WAITING, /* died; started again when its delay is over */
	ROOM_ENDED, /* died, and stays so */
};

struct rooms;

struct room {
	struct rooms *rooms;
	enum room_kind kind;
	unsigned index;
	char name[ROOM_NAME_SIZE];

	enum room_state state;
	pid_t pid; /* 0 when no process exists */
	int control; /* -1 likewise */
	struct event *readable, *timer;
	int64_t started_mono_us;
	unsigned restarts;
	struct backoff backoff;
	bool was_ready; /* in this life or one before */
	char failed[256]; /* what it said in CONTROL_FAILED */

	bool asked; /* a report is being waited for */
	bool answered; /* `report` is the answer to the last question */
	struct buffer report; /* JSON text */
};

struct rooms_ops {
	/* Its process exists: what it needs can be sent. */
	void (*started)(void *context, struct room *room);
	void (*ready)(void *context, struct room *room);
	/* The very first start failed. */
	void (*failed)(void *context, struct room *room, const char *reason);
	/* After rooms_stop(): it is gone. */
	void (*ended)(void *context, struct room *room);
	/* An answer to rooms_ask() came, or will not come any more. */
	void (*reported)(void *context, struct room *room);
	/* It lives, but its channel is gone. */
	void (*lost)(void *context, struct room *room);
	/* The answer to room_ask(). */
	void (*replied)(void *context, uint32_t ticket, struct view text);
};

/* `conf` says how many of each, `users` whose rights they have; both must outlive the rooms. Nothing is started yet. 0 or -ENOMEM. */
must_check int rooms_new(struct event_base *base, const struct conf *conf,
			 const struct users *users, const struct rooms_ops *ops, void *context,
			 struct rooms **ret);
/* Kills what still runs and waits for it. */
void rooms_free(struct rooms *rooms);
DEFINE_CLEANUP(struct rooms, rooms_free)

/* In the order of the table (room/kinds.h). */
void rooms_start(struct rooms *rooms);
/* After SIGCHLD. */
void rooms_reap(struct rooms *rooms);
/* From here on no room is started again. Tells all rooms of a place to finish within the timeout; they
 * are killed a little after it. ended() follows for each, perhaps at once. */
void rooms_stop(struct rooms *rooms, enum room_place place, int64_t timeout_us);
/* The longest that stopping all places may take. */
int64_t rooms_stop_time(int64_t timeout_us);
bool rooms_ended(const struct rooms *rooms, enum room_place place);
bool rooms_running(const struct rooms *rooms); /* all of them */

/* Asks every room that has a process for its status. */
void rooms_ask(struct rooms *rooms);
/* Asks one room something else than its status: replied() follows with the same ticket, which is not 0,
 * unless the room dies. */
void room_ask(struct room *room, uint32_t ticket, struct view words);
bool rooms_asked(const struct rooms *rooms); /* at least one answer is missing */
/* Gives up on missing answers. */
void rooms_ask_end(struct rooms *rooms);

/* In the order of starting. */
struct room *rooms_at(struct rooms *rooms, unsigned position);
unsigned rooms_count(const struct rooms *rooms);
struct room *rooms_ledger(struct rooms *rooms);

/* Has a process to which messages can be sent. */
bool room_alive(const struct room *room);
/* A room that does not take its message counts as hung and is killed. */
void room_send(struct room *room, const struct control_message *message);
void room_kill(struct room *room, const char *reason);
const char *room_state_name(enum room_state state);
