#include "warden/rooms.h"

#include "base/clock.h"
#include "base/result.h"
#include "warden/spawn.h"

#include <signal.h>
#include <sys/wait.h>

#define START_TIMEOUT (60 * SECOND_US)
/* A room that is told to stop ends by itself when its time is over, and says what it cut off: on a busy machine
 * that may take a while. */
#define STOP_GRACE (5 * SECOND_US)

/* The ticket of a CONTROL_ASK for the status: an answer is known by it. */
#define TICKET_STATUS 0u

struct rooms {
	struct event_base *base;
	const struct conf *conf;
	const struct users *users;
	const struct rooms_ops *ops;
	void *context;
	bool stopping;
	unsigned generation; /* the present one */
	const struct conf *next_conf; /* NULL: there is no next one */
	const struct users *next_users;
	bool joined; /* it is connected */
	struct event *sweep; /* made active where rooms are gone */
	unsigned count, capacity;
	struct room **list;
	uint8_t packet[CONTROL_PACKET];
};

static const char *const state_names[] = {
	[ROOM_STARTING] = "starting", [ROOM_RUNNING] = "running", [ROOM_STOPPING] = "stopping",
	[ROOM_WAITING] = "waiting",   [ROOM_ENDED] = "ended",
};

const char *room_state_name(enum room_state state)
{
	return state_names[state];
}

bool room_alive(const struct room *room)
{
	return room->state == ROOM_STARTING || room->state == ROOM_RUNNING ||
	       room->state == ROOM_STOPPING;
}

bool rooms_have(const struct rooms *rooms, pid_t pid)
{
	for (unsigned i = 0; i < rooms->count; i++)
		if (pid != 0 && rooms->list[i]->pid == pid)
			return true;
	return false;
}

const char *room_user(const struct room *room)
{
	return room->rooms->users->of[room->kind].name;
}

/* ---- state ---- */

static void timer_set(struct room *room, int64_t delay_us)
{
	struct timeval delay = {.tv_sec = delay_us / SECOND_US, .tv_usec = delay_us % SECOND_US};
	(void)event_add(room->timer, &delay);
}

/* What each state waits for is in rooms.h; until when is here. */
static void room_set_state(struct room *room, enum room_state state, int64_t delay_us)
{
	room->state = state;
	(void)event_del(room->timer);
	switch (state) {
	case ROOM_STARTING:
		timer_set(room, START_TIMEOUT);
		break;
	case ROOM_RUNNING:
		break;
	case ROOM_STOPPING:
	case ROOM_WAITING:
		timer_set(room, delay_us);
		break;
	case ROOM_ENDED:
		break;
	}
}

static void room_report_end(struct room *room)
{
	if (!room->asked)
		return;
	room->asked = false;
	room->rooms->ops->reported(room->rooms->context, room);
}

/* The process is gone: nothing of it stays. */
static void room_release(struct room *room)
{
	if (room->readable)
		event_free(room->readable);
	room->readable = NULL;
	if (room->control >= 0)
		close(room->control);
	room->control = -1;
	room->pid = 0;
	room->answered = false;
	room->locks[0] = '\0';
	room->hangs = false;
}

static void room_discard(struct room *room)
{
	if (room->pid != 0) {
		(void)kill(room->pid, SIGKILL);
		(void)waitpid(room->pid, NULL, 0);
	}
	room_release(room);
}

/* ---- messages ---- */

void room_kill(struct room *room, const char *reason)
{
	if (room->pid == 0)
		return;
	log_error("%s is killed pid=%d: %s", room->name, (int)room->pid, reason);
	(void)kill(room->pid, SIGKILL);
}

void room_send(struct room *room, const struct control_message *message)
{
	if (!room_alive(room))
		return;
	int result = control_send(room->control, message);
	if (result == -EPIPE) /* it is dying: SIGCHLD tells */
		return;
	if (result < 0)
		room_kill(room, result == -EAGAIN ? "it does not read its control socket"
						  : strerror(-result));
}

static void room_is_ready(struct room *room, struct view locks)
{
	if (room->state != ROOM_STARTING)
		return;
	(void)snprintf(room->locks, sizeof(room->locks), "%.*s", (int)locks.size,
		       (const char *)locks.data);
	room->was_ready = true;
	pulse_beat(&room->pulse);
	room_set_state(room, ROOM_RUNNING, 0);
	room->rooms->ops->ready(room->rooms->context, room);
}

static void room_has_failed(struct room *room, struct view reason)
{
	(void)snprintf(room->failed, sizeof(room->failed), "%.*s", (int)reason.size,
		       (const char *)reason.data);
	if (room->was_ready || room->rooms->stopping)
		log_error("%s failed: %s", room->name, room->failed);
	(void)kill(room->pid, SIGKILL); /* it has nothing more to do */
}

static void room_has_answered(struct room *room, uint32_t ticket, struct view text)
{
	if (ticket != TICKET_STATUS) {
		room->rooms->ops->replied(room->rooms->context, ticket, text);
		return;
	}
	buffer_reset(&room->report);
	buffer_put_view(&room->report, text);
	room->answered = buffer_result(&room->report) == 0;
	room_report_end(room);
}

/* The descriptor is the receiver's from here on. */
static void room_has_fetched(struct room *room, struct control_message *message)
{
	if (room->kind != ROOM_FETCHER) {
		control_message_close(message);
		room_kill(room, "it sent a message that only the fetcher sends");
		return;
	}
	message->descriptor_count = 0;
	room->rooms->ops->fetched(room->rooms->context, room, message->index, message->text,
				  message->descriptors[0]);
}

static void room_message(struct room *room, struct control_message *message)
{
	switch (message->type) {
	case CONTROL_READY:
		room_is_ready(room, message->text);
		break;
	case CONTROL_BEAT:
		pulse_beat(&room->pulse);
		break;
	case CONTROL_FAILED:
		room_has_failed(room, message->text);
		break;
	case CONTROL_ANSWER:
		room_has_answered(room, message->index, message->text);
		break;
	case CONTROL_CONF_DONE:
		room->step = message->kind;
		room->rooms->ops->stepped(room->rooms->context, room,
					  (enum control_step)message->kind, message->text);
		break;
	case CONTROL_ENDING:
		room->rooms->ops->ending(room->rooms->context, message->index, message->text);
		break;
	case CONTROL_FETCHED:
		room_has_fetched(room, message);
		break;
	case CONTROL_LOST:
		room->rooms->ops->lost(room->rooms->context, room);
		break;
	default:
		control_message_close(message);
		room_kill(room, "it sent a message that rooms never send");
		break;
	}
}

static void room_readable(evutil_socket_t fd, short what, void *argument)
{
	struct room *room = argument;
	struct control_message message;
	(void)what;
	int result = control_receive(fd, room->rooms->packet, &message);
	if (result == 0) {
		room_message(room, &message);
	} else if (result == -EPIPE) {
		(void)event_del(room->readable); /* SIGCHLD follows */
	} else if (result != -EAGAIN) {
		(void)event_del(room->readable);
		room_kill(room, "it sent a malformed message");
	}
}

/* ---- life and death ---- */

static int room_spawn(struct room *room)
{
	struct rooms *rooms = room->rooms;
	int result = spawn_room(
		room->kind, room->index, room->next ? rooms->next_conf : rooms->conf,
		room->next ? rooms->next_users : rooms->users, &room->pid, &room->control);
	if (result < 0)
		return result;
	room->readable =
		event_new(rooms->base, room->control, EV_READ | EV_PERSIST, room_readable, room);
	if (!room->readable || event_add(room->readable, NULL) < 0)
		return -ENOMEM; /* the child sees the end of its control socket */
	return 0;
}

static void room_start(struct room *room)
{
	room->started_mono_us = clock_now().mono_us;
	room->failed[0] = '\0';
	room->step = 0;
	room->generation = room->rooms->generation + room->next;
	int result = room_spawn(room);
	if (result == 0) {
		room_set_state(room, ROOM_STARTING, 0);
		room->rooms->ops->started(room->rooms->context, room);
		return;
	}
	log_error("%s cannot be started: %s", room->name, strerror(-result));
	room_discard(room);
	room_set_state(room, ROOM_WAITING, backoff_after(&room->backoff, 0));
	if (!room->was_ready)
		room->rooms->ops->failed(room->rooms->context, room, strerror(-result));
}

static void describe_exit(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		(void)snprintf(text, size, "signal=%d", WTERMSIG(status));
	else
		(void)snprintf(text, size, "status=%d", WEXITSTATUS(status));
}

static void room_failed_first(struct room *room, const char *how)
{
	char reason[sizeof(room->failed) + 64];
	if (room->failed[0])
		(void)snprintf(reason, sizeof(reason), "%s: %s", room->name, room->failed);
	else
		(void)snprintf(reason, sizeof(reason), "%s ended before it was ready %s",
			       room->name, how);
	room_set_state(room, ROOM_ENDED, 0);
	room->rooms->ops->failed(room->rooms->context, room, reason);
}

static void room_restart_later(struct room *room, pid_t pid, const char *how)
{
	int64_t lived = clock_now().mono_us - room->started_mono_us;
	int64_t delay = backoff_after(&room->backoff, lived);
	log_warning("%s ended pid=%d %s restart_in=%dms", room->name, (int)pid, how,
		    (int)(delay / MILLISECOND_US));
	room->restarts++;
	room_set_state(room, ROOM_WAITING, delay);
	room->rooms->ops->died(room->rooms->context, room);
}

/* It goes from the list when nobody looks at it. */
static void room_gone(struct room *room)
{
	room_set_state(room, ROOM_ENDED, 0);
	event_active(room->rooms->sweep, EV_TIMEOUT, 0);
}

static void room_end(struct room *room, const char *how)
{
	if (how)
		log_debug("%s ended %s", room->name, how);
	if (room->leaving)
		room_gone(room);
	room_set_state(room, ROOM_ENDED, 0);
	room->rooms->ops->ended(room->rooms->context, room);
}

/* Of the next generation: nothing of it is started again. */
static void room_failed_next(struct room *room, const char *how)
{
	char reason[sizeof(room->failed) + 64];
	(void)snprintf(reason, sizeof(reason), "%s%s%s", room->name,
		       room->failed[0] ? ": " : " ended ", room->failed[0] ? room->failed : how);
	room_set_state(room, ROOM_ENDED, 0);
	room->rooms->ops->failed(room->rooms->context, room, reason);
}

/* No code of ours does that. */
static void room_was_caught(const struct room *room, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_error(
			"%s is killed pid=%d: it made a system call that it has no business with; "
			"the kernel's log names it",
			room->name, (int)room->pid);
}

static void room_died(struct room *room, int status)
{
	char how[32];
	pid_t pid = room->pid;
	describe_exit(status, how, sizeof(how));
	room_was_caught(room, status);
	room_release(room);
	room_report_end(room);
	if (room->rooms->stopping || room->leaving)
		room_end(room, how);
	else if (room->next)
		room_failed_next(room, how);
	else if (!room->was_ready)
		room_failed_first(room, how);
	else
		room_restart_later(room, pid, how);
}

static void room_timer(evutil_socket_t fd, short what, void *argument)
{
	struct room *room = argument;
	(void)fd;
	(void)what;
	if (room->state == ROOM_WAITING && room->rooms->stopping)
		room_end(room, NULL);
	else if (room->state == ROOM_WAITING)
		room_start(room);
	else if (room->state == ROOM_STARTING)
		room_kill(room, "it did not become ready");
	else if (room->state == ROOM_STOPPING)
		room_kill(room, "it did not stop in time");
}

/* A message may be on its way from a room that died right after sending it: CONTROL_FAILED. */
static void room_last_words(struct room *room)
{
	struct control_message message;
	while (control_receive(room->control, room->rooms->packet, &message) == 0) {
		if (message.type == CONTROL_FAILED)
			room_has_failed(room, message.text);
		control_message_close(&message);
	}
}

void rooms_reap(struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++) {
		struct room *room = rooms->list[i];
		int status;
		if (room->pid == 0 || waitpid(room->pid, &status, WNOHANG) != room->pid)
			continue;
		room_last_words(room);
		room_died(room, status);
	}
}

/* ---- all of them ---- */

void rooms_start(struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++)
		room_start(rooms->list[i]);
}

static void room_stop(struct room *room, int64_t timeout_us)
{
	switch (room->state) {
	case ROOM_STARTING:
	case ROOM_RUNNING:
		room_send(room, &(struct control_message){.type = CONTROL_STOP});
		room_set_state(room, ROOM_STOPPING, timeout_us + STOP_GRACE);
		break;
	case ROOM_WAITING:
		room_end(room, NULL);
		break;
	case ROOM_STOPPING:
	case ROOM_ENDED:
		break;
	}
}

void rooms_stop(struct rooms *rooms, enum room_place place, int64_t timeout_us)
{
	rooms->stopping = true;
	for (unsigned i = 0; i < rooms->count; i++)
		if (room_place(rooms->list[i]->kind) == place)
			room_stop(rooms->list[i], timeout_us);
}

int64_t rooms_stop_time(int64_t timeout_us)
{
	return ROOM_PLACES * (timeout_us + STOP_GRACE);
}

bool rooms_ended(const struct rooms *rooms, enum room_place place)
{
	for (unsigned i = 0; i < rooms->count; i++)
		if (room_place(rooms->list[i]->kind) == place &&
		    rooms->list[i]->state != ROOM_ENDED)
			return false;
	return true;
}

bool rooms_running(const struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++)
		if (room_counts(rooms->list[i]) && rooms->list[i]->state != ROOM_RUNNING)
			return false;
	return true;
}

/* ---- hanging ---- */

static int64_t room_patience(const struct room *room)
{
	const struct room_plan *plan = kind_plan(room->kind);
	int64_t patience = plan->patience ? plan->patience(room->rooms->conf) : 0;
	return patience > PULSE_PATIENCE_US ? patience : PULSE_PATIENCE_US;
}

/* False: its loop does not turn. One that stops is killed when its time is over. */
static bool room_look(struct room *room, int64_t elapsed_us)
{
	char reason[64];
	if (room->state != ROOM_RUNNING || room->hangs)
		return !room->hangs;
	if (!pulse_hangs(&room->pulse, room->pid, room_patience(room), elapsed_us))
		return room->pulse.silent_us < PULSE_DOUBT_US;
	room->hangs = true;
	(void)snprintf(reason, sizeof(reason), "its loop has not turned for %lldms",
		       (long long)(room->pulse.silent_us / MILLISECOND_US));
	room_kill(room, reason);
	return false;
}

bool rooms_look(struct rooms *rooms, int64_t elapsed_us)
{
	bool all = true;
	for (unsigned i = 0; i < rooms->count; i++)
		all = room_look(rooms->list[i], elapsed_us) && all;
	return all;
}

/* ---- questions ---- */

void room_ask(struct room *room, uint32_t ticket, struct view words)
{
	const struct control_message message = {
		.type = CONTROL_ASK, .index = ticket, .text = words};
	room_send(room, &message);
}

void rooms_ask(struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++) {
		struct room *room = rooms->list[i];
		room->answered = false;
		room->asked = room_alive(room);
		if (room->asked)
			room_ask(room, TICKET_STATUS, view_of_string("status"));
	}
}

bool rooms_asked(const struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++)
		if (rooms->list[i]->asked)
			return true;
	return false;
}

void rooms_ask_end(struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++)
		rooms->list[i]->asked = false;
}

struct room *rooms_at(struct rooms *rooms, unsigned position)
{
	return rooms->list[position];
}

unsigned rooms_count(const struct rooms *rooms)
{
	return rooms->count;
}

struct room *rooms_ledger(struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++)
		if (room_place(rooms->list[i]->kind) == ROOM_IS_THE_LEDGER)
			return rooms->list[i];
	return NULL;
}

struct room *rooms_fetcher(struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++)
		if (rooms->list[i]->kind == ROOM_FETCHER && room_alive(rooms->list[i]))
			return rooms->list[i];
	return NULL;
}

static void room_free(struct room *room)
{
	room_discard(room);
	if (room->timer)
		event_free(room->timer);
	buffer_deinit(&room->report);
	free(room);
}

/* In place of NULL: no memory. */
static struct room *room_new(struct rooms *rooms, enum room_kind kind, unsigned index)
{
	struct room *room = rooms->count < rooms->capacity ? calloc(1, sizeof(*room)) : NULL;
	if (!room)
		return NULL;
	*room = (struct room){
		.rooms = rooms, .kind = kind, .index = index, .state = ROOM_ENDED, .control = -1};
	room_name(kind, index, room->name);
	room->timer = event_new(rooms->base, -1, 0, room_timer, room);
	if (!room->timer) {
		room_free(room);
		return NULL;
	}
	rooms->list[rooms->count++] = room;
	return room;
}

/* Those that are gone for good. */
static void rooms_sweep(evutil_socket_t fd, short what, void *argument)
{
	struct rooms *rooms = argument;
	unsigned kept = 0;
	(void)fd;
	(void)what;
	for (unsigned i = 0; i < rooms->count; i++) {
		struct room *room = rooms->list[i];
		if (room->leaving && room->state == ROOM_ENDED)
			room_free(room);
		else
			rooms->list[kept++] = room;
	}
	rooms->count = kept;
}

/* Room for two generations and one that leaves. */
static int rooms_fill(struct rooms *rooms)
{
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++)
		rooms->capacity += 3 * room_most(kind);
	rooms->list = calloc(rooms->capacity, sizeof(struct room *));
	int result = rooms->list ? 0 : -ENOMEM;
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++)
		for (unsigned i = 0; result == 0 && i < kind_processes(kind, rooms->conf); i++)
			result = room_new(rooms, kind, i) ? 0 : -ENOMEM;
	return result;
}

/* ---- the next generation ---- */

bool room_counts(const struct room *room)
{
	return !room->next && !room->leaving;
}

bool room_joins(const struct room *room)
{
	return room_counts(room) || (room->next && room->rooms->joined);
}

unsigned room_slot(const struct room *room, const struct room *ledger)
{
	bool turns = room_place(room->kind) == ROOM_SERVES_LEDGER;
	unsigned half = turns ? (room->generation - ledger->generation) & 1 : 0;
	return half * room_most(room->kind) + room->index;
}

static void next_start(struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++)
		if (rooms->list[i]->next && rooms->next_conf)
			room_start(rooms->list[i]);
}

int rooms_prepare(struct rooms *rooms, const struct conf *conf, const struct users *users)
{
	int result = 0;
	rooms->next_conf = conf;
	rooms->next_users = users;
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++)
		for (unsigned i = 0; result == 0 && room_place(kind) == ROOM_SERVES_LEDGER &&
				     i < kind_processes(kind, conf);
		     i++) {
			struct room *room = room_new(rooms, kind, i);
			if (room)
				room->next = true;
			result = room ? 0 : -ENOMEM;
		}
	if (result == 0)
		next_start(rooms);
	else
		rooms_abandon(rooms);
	return result;
}

bool rooms_preparing(const struct rooms *rooms)
{
	return rooms->next_conf != NULL;
}

bool rooms_prepared(const struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++)
		if (rooms->list[i]->next && rooms->list[i]->state != ROOM_RUNNING)
			return false;
	return rooms->next_conf != NULL;
}

void rooms_join(struct rooms *rooms)
{
	rooms->joined = true;
}

void rooms_abandon(struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++) {
		struct room *room = rooms->list[i];
		if (!room->next)
			continue;
		room_discard(room);
		room->next = false;
		room->leaving = true;
		room_gone(room);
	}
	rooms->next_conf = NULL;
	rooms->joined = false;
}

/* A room outside of the generations that is one too many, or of which another one is wanted. */
static bool is_unwanted(const struct room *room, const struct conf *conf, bool other_admin)
{
	return room_place(room->kind) == ROOM_LOOKS_ON &&
	       ((other_admin && room->kind == ROOM_ADMIN) ||
		room->index >= kind_processes(room->kind, conf));
}

/* Those that only look on come and go with what they are for. */
static void start_wanted(struct rooms *rooms)
{
	for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++) {
		bool there =
			room_place(kind) != ROOM_LOOKS_ON || !kind_processes(kind, rooms->conf);
		for (unsigned i = 0; i < rooms->count; i++)
			there |= rooms->list[i]->kind == kind && room_counts(rooms->list[i]);
		struct room *room = there ? NULL : room_new(rooms, kind, 0);
		if (!room)
			continue;
		room->was_ready = true; /* it must not end the service */
		room_start(room);
	}
}

void rooms_commit(struct rooms *rooms, const struct users *users, bool other_admin)
{
	rooms->generation++;
	rooms->conf = rooms->next_conf;
	rooms->users = users;
	rooms->next_conf = NULL;
	rooms->joined = false;
	for (unsigned i = 0; i < rooms->count; i++) {
		struct room *room = rooms->list[i];
		bool former = room_place(room->kind) == ROOM_SERVES_LEDGER && !room->next;
		room->leaving |= former || is_unwanted(room, rooms->conf, other_admin);
		room->next = false;
		/* Nobody's answers need it; and what comes in its place takes its stream away. */
		if (room->leaving && room_place(room->kind) == ROOM_LOOKS_ON)
			room_stop(room, rooms->conf->server.drain_timeout_us);
	}
	start_wanted(rooms);
}

void rooms_leave(struct rooms *rooms, int64_t timeout_us)
{
	for (unsigned i = 0; i < rooms->count; i++)
		if (rooms->list[i]->leaving)
			room_stop(rooms->list[i], timeout_us);
}

bool rooms_left(const struct rooms *rooms)
{
	for (unsigned i = 0; i < rooms->count; i++)
		if (rooms->list[i]->leaving && rooms->list[i]->state != ROOM_ENDED)
			return false;
	return true;
}

int rooms_new(struct event_base *base, const struct conf *conf, const struct users *users,
	      const struct rooms_ops *ops, void *context, struct rooms **ret)
{
	cleanup(rooms_freep) struct rooms *rooms = calloc(1, sizeof(*rooms));
	if (!rooms)
		return -ENOMEM;
	rooms->base = base;
	rooms->conf = conf;
	rooms->users = users;
	rooms->ops = ops;
	rooms->context = context;
	rooms->sweep = event_new(base, -1, 0, rooms_sweep, rooms);
	int result = rooms->sweep ? rooms_fill(rooms) : -ENOMEM;
	if (result < 0)
		return result;
	*ret = rooms;
	rooms = NULL;
	return 0;
}

void rooms_free(struct rooms *rooms)
{
	if (!rooms)
		return;
	for (unsigned i = 0; i < rooms->count; i++)
		room_free(rooms->list[i]);
	if (rooms->sweep)
		event_free(rooms->sweep);
	free(rooms->list);
	free(rooms);
}
