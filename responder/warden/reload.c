#include "warden/reload.h"

#include "base/clock.h"
#include "conf/keep.h"
#include "signer/passphrase.h"
#include "warden/fingerprint.h"
#include "warden/inherited.h"
#include "warden/outcome.h"
#include "warden/proving.h"
#include "warden/spawn.h"
#include "warden/wiring.h"

#define ASK_S 1
#define PREPARE_S 30
#define COMMIT_S 30

enum reload_state {
	RELOAD_NONE, /* waits for somebody who asks */
	RELOAD_PROVING, /* for the findings of the proof */
	RELOAD_ASKING, /* for what the rooms say of issuers that are in trouble already */
	RELOAD_STARTING, /* for the next generation to run; each has a minute (rooms.c) */
	RELOAD_PREPARING, /* for all rooms to have built aside */
	RELOAD_COMMITTING, /* for those of a stage to have taken over */
	RELOAD_LEAVING, /* for the former generation to end */
};

struct reload {
	struct reload_parts parts;
	const struct reload_ops *ops;
	void *context;
	enum reload_state state;
	bool allowed, asked;
	unsigned ticket_count, waiting_count; /* of this one; of the one after it */
	uint32_t tickets[LIMIT_CONTROL_CLIENTS], waiting[LIMIT_CONTROL_CLIENTS];
	struct event *deadline;

	struct conf *now; /* what counts, where it is ours */
	struct fingerprint fingerprint; /* of what counts */
	/* Of the one that is on its way. */
	struct conf *next;
	struct fingerprint next_fingerprint;
	struct users users;
	struct listeners listeners, admin_listeners;
	struct outcome outcome;
	struct preflight preflight;
	struct proving *proving;
	unsigned stage;
};

static void reload_go(struct reload *r);

/* ---- state ---- */

/* Until when each state waits is here; for what, above. */
static void set_state(struct reload *r, enum reload_state state)
{
	static const time_t seconds[] = {[RELOAD_ASKING] = ASK_S,
					 [RELOAD_PREPARING] = PREPARE_S,
					 [RELOAD_COMMITTING] = COMMIT_S,
					 [RELOAD_LEAVING] = 0};
	const struct timeval patience = {.tv_sec = seconds[state]};
	r->state = state;
	(void)event_del(r->deadline);
	if (patience.tv_sec > 0)
		(void)event_add(r->deadline, &patience);
}

/* ---- the end of one ---- */

static void reply(struct reload *r, bool changed)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	outcome_tell(&r->outcome, changed, &text);
	for (unsigned i = 0; i < r->ticket_count; i++)
		r->ops->reply(r->context, r->tickets[i], buffer_view(&text));
	r->ticket_count = 0;
}

static void forget(struct reload *r)
{
	proving_free(r->proving);
	r->proving = NULL;
	listeners_close(&r->listeners);
	listeners_close(&r->admin_listeners);
	conf_free(r->next);
	r->next = NULL;
	outcome_deinit(&r->outcome);
}

static void finish(struct reload *r, bool changed)
{
	reply(r, changed);
	forget(r);
	set_state(r, RELOAD_NONE);
	r->ops->ended(r->context);
	reload_go(r);
}

/* ---- steps of the rooms ---- */

/* All but those of which there is a next generation. */
static bool takes_steps(const struct room *room)
{
	return room_counts(room) && room_alive(room) &&
	       room_place(room->kind) != ROOM_SERVES_LEDGER;
}

static void send_step(struct room *room, enum control_step step)
{
	room_send(room, &(struct control_message){.type = CONTROL_CONF, .kind = (uint8_t)step});
}

static void send_prepare(struct reload *r, struct room *room)
{
	cleanup(descriptor_closep) int fd = -1;
	room->step = 0;
	if (spawn_conf(room->kind, r->next, &fd) < 0)
		return; /* the time to prepare ends */
	room_send(room, &(struct control_message){.type = CONTROL_CONF,
						  .kind = CONTROL_PREPARE,
						  .descriptor_count = 1,
						  .descriptors = {fd}});
}

static void abandon(struct reload *r)
{
	for (unsigned i = 0; i < rooms_count(r->parts.rooms); i++) {
		struct room *room = rooms_at(r->parts.rooms, i);
		if (r->state == RELOAD_PREPARING && takes_steps(room))
			send_step(room, CONTROL_ABANDON);
	}
	rooms_abandon(r->parts.rooms);
}

static void refuse(struct reload *r)
{
	abandon(r);
	finish(r, false);
}

/* ---- what changes, in its order ---- */

static bool same_addresses(const struct conf_listen *a, const struct conf_listen *b)
{
	bool same = a->count == b->count;
	for (unsigned i = 0; same && i < a->count; i++)
		same = strcmp(a->each[i], b->each[i]) == 0;
	return same;
}

static int load(struct reload *r)
{
	struct fault fault = {""};
	const struct conf *now = *r->parts.conf;
	int result = conf_load(now->path, &r->next, &fault);
	if (result == 0 && conf_keep(now, r->next, outcome_restart, &r->outcome) < 0)
		result = fault_set(&fault, -ENOMEM, "out of memory");
	if (result == 0) /* nobody sits at the terminal, and nobody may be kept waiting */
		result = passphrases_collect(r->next, false, &fault);
	if (result < 0) {
		outcome_refuse(&r->outcome, "%s", fault.text);
		return result;
	}
	r->outcome.other_database = strcmp(now->database.conninfo, r->next->database.conninfo) != 0;
	r->next_fingerprint = fingerprint_take(r->next, &r->fingerprint.key);
	users_find(r->next, &r->users);
	return 0;
}

static void proven(void *context, bool whole)
{
	struct reload *r = context;
	proving_free(r->proving);
	r->proving = NULL;
	if (!whole)
		outcome_refuse(&r->outcome,
			       "the configuration could not be proven: the process that "
			       "does it has ended");
	if (outcome_refused(&r->outcome) || !outcome_doubts(&r->outcome)) {
		set_state(r, RELOAD_STARTING);
		outcome_judge(&r->outcome);
	} else {
		set_state(r, RELOAD_ASKING);
		rooms_ask(r->parts.rooms);
	}
	reload_go(r);
}

static void begin(struct reload *r)
{
	r->asked = false;
	memcpy(r->tickets, r->waiting, sizeof(r->tickets));
	r->ticket_count = r->waiting_count;
	r->waiting_count = 0;
	outcome_init(&r->outcome);
	r->ops->began(r->context);
	set_state(r, RELOAD_PROVING);
	if (load(r) < 0 || fingerprint_same(&r->fingerprint, &r->next_fingerprint)) {
		finish(r, false);
		return;
	}
	r->preflight = (struct preflight){
		.users = &r->users, .found = outcome_take, .context = &r->outcome};
	if (proving_new(r->parts.base, r->parts.steps, r->next, &r->preflight, proven, r,
			&r->proving) == 0)
		return;
	outcome_refuse(&r->outcome, "the configuration could not be proven: out of resources");
	finish(r, false);
}

static int open_sockets(struct reload *r)
{
	struct fault fault = {""};
	const struct conf_server *now = &(*r->parts.conf)->server, *next = &r->next->server;
	int result = listeners_reopen(&next->listen, next->fronts, r->parts.listeners, &now->listen,
				      &r->listeners, &fault);
	if (result == 0 && next->admin_listen.count > 0)
		result = listeners_reopen(&next->admin_listen, 1, r->parts.admin_listeners,
					  &now->admin_listen, &r->admin_listeners, &fault);
	if (result < 0)
		outcome_refuse(&r->outcome, "%s", fault.text);
	return result;
}

static void start(struct reload *r)
{
	int result = open_sockets(r);
	if (result == 0 && rooms_prepare(r->parts.rooms, r->next, &r->users) < 0)
		outcome_refuse(&r->outcome, "out of memory");
}

static void prepare(struct reload *r)
{
	struct rooms *rooms = r->parts.rooms;
	set_state(r, RELOAD_PREPARING);
	for (unsigned i = 0; i < rooms_count(rooms); i++)
		if (takes_steps(rooms_at(rooms, i)))
			send_prepare(r, rooms_at(rooms, i));
	rooms_join(rooms); /* the ledger has been told before what they are for */
	for (unsigned i = 0; i < rooms_count(rooms); i++)
		if (rooms_at(rooms, i)->next)
			wiring_connect(rooms, rooms_at(rooms, i));
}

static bool all_prepared(const struct reload *r)
{
	for (unsigned i = 0; i < rooms_count(r->parts.rooms); i++) {
		const struct room *room = rooms_at(r->parts.rooms, i);
		if (takes_steps(room) && room->step != CONTROL_PREPARE)
			return false;
	}
	return true;
}

/* Signed requests must find somebody who verifies them, before and after: whoever passes them on comes
 * first where that is new, and last where it ends (P-15). */
static unsigned stage_of(const struct reload *r, const struct room *room)
{
	bool fronts_first = conf_verifies(*r->parts.conf);
	if (room_place(room->kind) == ROOM_IS_THE_LEDGER)
		return fronts_first ? 1 : 0;
	return room_place(room->kind) == ROOM_ASKS_LEDGER && fronts_first ? 0 : 1;
}

static void commit_stage(struct reload *r, unsigned stage)
{
	r->stage = stage;
	set_state(r, RELOAD_COMMITTING);
	for (unsigned i = 0; i < rooms_count(r->parts.rooms); i++) {
		struct room *room = rooms_at(r->parts.rooms, i);
		if (takes_steps(room) && room->step == CONTROL_PREPARE &&
		    stage_of(r, room) == stage)
			send_step(room, CONTROL_COMMIT);
	}
}

/* One that was started anew has the new configuration from the start. */
static bool stage_taken(const struct reload *r)
{
	for (unsigned i = 0; i < rooms_count(r->parts.rooms); i++) {
		const struct room *room = rooms_at(r->parts.rooms, i);
		if (takes_steps(room) && room->step == CONTROL_PREPARE &&
		    stage_of(r, room) == r->stage)
			return false;
	}
	return true;
}

static void take_listeners(struct reload *r, const struct conf_server *before)
{
	const struct conf_server *now = &(*r->parts.conf)->server;
	listeners_replace(r->parts.listeners, &before->listen, &now->listen);
	listeners_replace(r->parts.admin_listeners, &before->admin_listen, &now->admin_listen);
	inherited_tell_unused(now);
	*r->parts.listeners = r->listeners;
	*r->parts.admin_listeners = r->admin_listeners;
	r->listeners = r->admin_listeners = (struct listeners){0};
	for (unsigned i = 0; i < rooms_count(r->parts.rooms); i++) {
		struct room *room = rooms_at(r->parts.rooms, i);
		if (room_counts(room) && room_alive(room) && room->kind == ROOM_FRONT)
			r->ops->listen(r->context, room);
	}
}

/* From here on there is no way back, and none is needed. */
static void commit(struct reload *r)
{
	const struct conf *before = *r->parts.conf;
	struct conf *mine = r->now;
	bool other_admin =
		!same_addresses(&before->server.admin_listen, &r->next->server.admin_listen);
	set_state(r, RELOAD_COMMITTING); /* a room that begins here has nothing to prepare */
	*r->parts.conf = r->now = r->next;
	r->next = NULL;
	r->fingerprint = r->next_fingerprint;
	*r->parts.users = r->users;
	take_listeners(r, &before->server);
	rooms_commit(r->parts.rooms, r->parts.users, other_admin);
	log_set_level(r->now->server.log_level);
	conf_free(mine);
	commit_stage(r, 0);
}

/* ---- going on ---- */

/* Looks at what is known, and alone moves on. */
static void reload_go(struct reload *r)
{
	struct rooms *rooms = r->parts.rooms;
	if (r->state == RELOAD_NONE && r->asked && r->allowed)
		begin(r);
	if (r->state == RELOAD_STARTING && !rooms_preparing(rooms) && !outcome_refused(&r->outcome))
		start(r);
	if (r->state > RELOAD_PROVING && r->state < RELOAD_COMMITTING &&
	    outcome_refused(&r->outcome))
		refuse(r);
	if (r->state == RELOAD_STARTING && rooms_prepared(rooms))
		prepare(r);
	if (r->state == RELOAD_PREPARING && all_prepared(r))
		commit(r);
	while (r->state == RELOAD_COMMITTING && stage_taken(r)) {
		if (r->stage == 0) {
			commit_stage(r, 1);
			continue;
		}
		set_state(r, RELOAD_LEAVING);
		rooms_leave(rooms, r->now->server.drain_timeout_us);
	}
	if (r->state == RELOAD_LEAVING && rooms_left(rooms))
		finish(r, true);
}

static void on_deadline(evutil_socket_t fd, short what, void *argument)
{
	struct reload *r = argument;
	(void)fd;
	(void)what;
	if (r->state == RELOAD_ASKING) {
		reload_reported(r);
		return;
	}
	for (unsigned i = 0; i < rooms_count(r->parts.rooms); i++) {
		struct room *room = rooms_at(r->parts.rooms, i);
		if (r->state == RELOAD_PREPARING && takes_steps(room) &&
		    room->step != CONTROL_PREPARE)
			outcome_refuse(&r->outcome, "%s has not prepared itself in time",
				       room->name);
		else if (r->state == RELOAD_COMMITTING && takes_steps(room) &&
			 room->step == CONTROL_PREPARE)
			room_kill(room, "it does not take over the configuration");
	}
	reload_go(r);
}

/* ---- for the warden ---- */

void reload_ask(struct reload *r, uint32_t ticket)
{
	r->asked = true;
	if (ticket != 0 && r->waiting_count < LIMIT_CONTROL_CLIENTS)
		r->waiting[r->waiting_count++] = ticket;
	reload_go(r);
}

void reload_allow(struct reload *r)
{
	r->allowed = true;
	reload_go(r);
}

void reload_stop(struct reload *r)
{
	static const char stopping[] = "it is stopping";
	r->allowed = false;
	if (r->state != RELOAD_NONE && r->state < RELOAD_COMMITTING) {
		outcome_refuse(&r->outcome, stopping);
		abandon(r);
		reply(r, false);
		forget(r);
	} else if (r->state != RELOAD_NONE) {
		reply(r, true);
	}
	set_state(r, RELOAD_NONE);
	for (unsigned i = 0; i < r->waiting_count; i++)
		r->ops->reply(r->context, r->waiting[i],
			      view_of_string("{\"error\":\"it is stopping\"}"));
	r->waiting_count = 0;
}

void reload_room_started(struct reload *r, struct room *room)
{
	if (r->state == RELOAD_PREPARING && takes_steps(room))
		send_prepare(r, room);
}

void reload_room_changed(struct reload *r)
{
	reload_go(r);
}

void reload_room_failed(struct reload *r, const char *reason)
{
	if (r->state != RELOAD_STARTING && r->state != RELOAD_PREPARING)
		return;
	outcome_refuse(&r->outcome, "%s", reason);
	reload_go(r);
}

void reload_room_stepped(struct reload *r, struct room *room, enum control_step step,
			 struct view why)
{
	if (why.size > 0 && step == CONTROL_PREPARE && r->state == RELOAD_PREPARING)
		outcome_refuse(&r->outcome, "%s: %.*s", room->name, (int)why.size,
			       (const char *)why.data);
	reload_go(r);
}

void reload_reported(struct reload *r)
{
	if (r->state != RELOAD_ASKING)
		return;
	for (unsigned i = 0; i < rooms_count(r->parts.rooms); i++) {
		const struct room *room = rooms_at(r->parts.rooms, i);
		if (room->answered)
			outcome_excuse(&r->outcome, buffer_view(&room->report));
	}
	outcome_judge(&r->outcome);
	set_state(r, RELOAD_STARTING);
	reload_go(r);
}

int reload_new(const struct reload_parts *parts, const struct reload_ops *ops, void *context,
	       struct reload **ret)
{
	struct siphash_key key;
	int result = siphash_key_random(&key);
	struct reload *r = result == 0 ? calloc(1, sizeof(*r)) : NULL;
	if (!r)
		return result < 0 ? result : -ENOMEM;
	r->parts = *parts;
	r->ops = ops;
	r->context = context;
	r->deadline = event_new(parts->base, -1, 0, on_deadline, r);
	if (!r->deadline) {
		free(r);
		return -ENOMEM;
	}
	r->fingerprint = fingerprint_take(*parts->conf, &key);
	*ret = r;
	return 0;
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	forget(r);
	conf_free(r->now);
	event_free(r->deadline);
	free(r);
}
