/* The rooms that the warden keeps running: started, watched through their control sockets and
 * SIGCHLD, started again when they die.
 *
 *   STARTING ──READY──▶ RUNNING ──STOP──▶ STOPPING ──died──▶ ENDED
 *      │ died, hung        │ died
 *      ▼                   ▼
 *   WAITING (back-off) ──▶ STARTING
 *
 * A room that fails at its very first start is not started again: the whole start fails.
 *
 * A reload makes a next generation of those that serve the ledger, beside the present one; then the next one
 * is the present one, and that of before leaves; or the next one is discarded (reload.c). */
#pragma once

#include "warden/backoff.h"
#include "warden/kind.h"
#include "warden/pulse.h"
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
	/* Of its configuration: of the one with which its process was started, of those that serve the
	 * ledger; the ledger counts by turns from its own (ledger/core.h). */
	unsigned generation;
	bool next; /* of a configuration that does not count yet */
	bool leaving; /* of one that counts no more */
	enum control_step
		step; /* that it has taken, of a configuration that is being prepared; 0: none */
	struct backoff backoff;
	struct pulse pulse; /* while it runs */
	bool hangs; /* and was killed for it */
	bool was_ready; /* in this life or one before */
	char locks[256]; /* what it said in CONTROL_READY; "" before */
	char failed[256]; /* what it said in CONTROL_FAILED */

	bool asked; /* a report is being waited for */
	bool answered; /* `report` is the answer to the last question */
	struct buffer report; /* JSON text */
};

struct rooms_ops {
	/* Its process exists: what it needs can be sent. */
	void (*started)(void *context, struct room *room);
	void (*ready)(void *context, struct room *room);
	/* The very first start failed; or, of the next generation, it has died. */
	void (*failed)(void *context, struct room *room, const char *reason);
	/* After rooms_stop(), or of one that was leaving: it is gone. */
	void (*ended)(void *context, struct room *room);
	/* It died, and is started again. */
	void (*died)(void *context, struct room *room);
	/* What became of a step towards another configuration; `why` empty: it is taken. */
	void (*stepped)(void *context, struct room *room, enum control_step step, struct view why);
	/* An answer to rooms_ask() came, or will not come any more. */
	void (*reported)(void *context, struct room *room);
	/* An issuer's last signer, by number, ends soon: "NOT_AFTER ISSUER". */
	void (*ending)(void *context, unsigned signer, struct view text);
	/* The fetcher has brought this: "KIND ISSUER". Takes the descriptor over. */
	void (*fetched)(void *context, struct room *room, uint32_t ticket, struct view text,
			int fd);
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
bool rooms_running(const struct rooms *rooms); /* all of the present generation */

/* ---- the next generation ---- */

/* Of these, which must live until rooms_commit() or rooms_abandon(), and from then on for as long as they
 * count; starts it. 0 or -ENOMEM, and then there is none. */
must_check int rooms_prepare(struct rooms *rooms, const struct conf *conf,
			     const struct users *users);
bool rooms_preparing(const struct rooms *rooms); /* there is one */
bool rooms_prepared(const struct rooms *rooms); /* all of it runs */
/* From here on rooms are connected with it too. */
void rooms_join(struct rooms *rooms);
/* It counts, and whatever is started from here on is of its configuration. That of before, and rooms of
 * which there are none or others now, leave: told so with rooms_leave(). */
void rooms_commit(struct rooms *rooms, const struct users *users, bool other_admin);
void rooms_leave(struct rooms *rooms, int64_t timeout_us);
bool rooms_left(const struct rooms *rooms);
/* Kills it. */
void rooms_abandon(struct rooms *rooms);
/* Does it belong to the present generation? */
bool room_counts(const struct room *room);
/* The place of its channel at the ledger. */
unsigned room_slot(const struct room *room, const struct room *ledger);
/* Is it to be connected? */
bool room_joins(const struct room *room);

/* So much time has passed since the last call: kills what hangs. False: it cannot be said that the
 * loops of all rooms turn. */
bool rooms_look(struct rooms *rooms, int64_t elapsed_us);

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
struct room *rooms_fetcher(struct rooms *rooms); /* NULL: none is alive */

/* Has a process to which messages can be sent. */
bool room_alive(const struct room *room);
/* A room that does not take its message counts as hung and is killed. */
void room_send(struct room *room, const struct control_message *message);
void room_kill(struct room *room, const char *reason);
/* Is this the process of one of them? */
bool rooms_have(const struct rooms *rooms, pid_t pid);
/* Whose rights it has. */
const char *room_user(const struct room *room);
const char *room_state_name(enum room_state state);
