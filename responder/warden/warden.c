/* The coordinator: the order in which things are started, what happens when a room comes, goes or
 * answers, and the order in which things end. */
#include "warden/warden.h"

#include "base/clock.h"
#include "warden/access_file.h"
#include "warden/alarm_log.h"
#include "warden/control_socket.h"
#include "warden/importer.h"
#include "warden/inherited.h"
#include "warden/journal_files.h"
#include "warden/listeners.h"
#include "warden/notify.h"
#include "warden/pulse.h"
#include "warden/reload.h"
#include "warden/renewals.h"
#include "warden/report.h"
#include "warden/rooms.h"
#include "warden/watchdog.h"
#include "warden/wiring.h"
#include "warden/words.h"

#include <inttypes.h>
#include <signal.h>
#include <time.h>

/* As long as a start may take. */
#define RELOAD_PATIENCE_S 420

enum warden_phase {
	WARDEN_STARTING, /* waits until every room was ready */
	WARDEN_SERVING, /* waits for a signal */
	WARDEN_LEAVING, /* told to stop: serves for drain_delay, so that load balancers can see it go */
	WARDEN_STOPPING, /* one place after the other: the rest still serves what is in flight */
	WARDEN_ENDED, /* the event loop ends */
};

struct warden {
	const struct conf *conf;
	enum warden_phase phase;
	enum room_place stopping; /* in this phase: waits for the end of these */
	bool draining; /* serves, and says that it should not be asked */
	int64_t draining_since_us; /* monotonic */
	bool failed;
	struct fault fault;
	int64_t started_at; /* seconds since 1970 */

	struct event_base *base;
	struct event *on_child, *on_term, *on_int;
	struct event *ask_timeout, *leave_timeout;
	struct event *look;
	int64_t looked_us; /* monotonic */
	struct watchdog watchdog;
	struct listeners listeners, admin_listeners;
	int access_log; /* its file; -1: standard error */
	struct event *on_usr1;
	struct journal_files journal;
	struct alarm_log alarm_log;
	struct control_socket *control_socket;
	struct users users;
	struct rooms *rooms;
	struct event *on_hup, *on_quit, *on_usr2;
	struct reload *reload;
	struct renewals *renewals;
	struct importer *importer;
};

/* ---- phases ---- */

static void warden_stop_place(struct warden *warden, enum room_place place)
{
	warden->phase = WARDEN_STOPPING;
	warden->stopping = place;
	if (place == ROOM_ASKS_LEDGER)
		listeners_retire(&warden->listeners);
	if (place == ROOM_LOOKS_ON)
		listeners_retire(&warden->admin_listeners);
	rooms_stop(warden->rooms, place, warden->conf->server.drain_timeout_us);
}

static void warden_end(struct warden *warden)
{
	warden->phase = WARDEN_ENDED;
	(void)event_base_loopbreak(warden->base);
}

/* Every process is there. Whether it may be asked depends on the database, too: /readyz. */
static void log_started(const struct warden *warden)
{
	cleanup(buffer_deinit) struct buffer addresses = {0};
	for (unsigned i = 0; i < warden->conf->server.listen.count; i++)
		buffer_printf(&addresses, "%s%s", i > 0 ? ", " : "",
			      warden->conf->server.listen.each[i]);
	log_info("started: listening on %.*s", (int)addresses.size, (const char *)addresses.data);
}

static void warden_has_started(struct warden *warden)
{
	warden->phase = WARDEN_SERVING;
	log_started(warden);
	notify("READY=1");
	reload_allow(warden->reload);
}

/* Each place ends before the next is told to: an answer in flight still finds ledger and signer. */
static void warden_stop_next(struct warden *warden)
{
	while (warden->phase == WARDEN_STOPPING && rooms_ended(warden->rooms, warden->stopping)) {
		if (warden->stopping + 1 == ROOM_PLACES)
			warden_end(warden);
		else
			warden_stop_place(warden, warden->stopping + 1);
	}
}

static void warden_stop(struct warden *warden)
{
	log_info("stopping");
	warden_stop_place(warden, 0);
	warden_stop_next(warden);
}

/* ---- draining: nobody new should come, and whoever does is served ---- */

static void send_drain(const struct warden *warden, struct room *room)
{
	const struct control_message message = {.type = CONTROL_DRAIN, .index = warden->draining};
	if (kind_plan(room->kind)->drain)
		room_send(room, &message);
}

static void warden_drain(struct warden *warden, bool on)
{
	if (on != warden->draining)
		log_info("%s", on ? "draining: /readyz says 503, and whoever asks is answered"
				  : "draining no more");
	if (on && !warden->draining)
		warden->draining_since_us = clock_now().mono_us;
	warden->draining = on;
	for (unsigned i = 0; i < rooms_count(warden->rooms); i++)
		send_drain(warden, rooms_at(warden->rooms, i));
}

/* ---- leaving ---- */

/* What an operator's drain has waited already counts. */
static int64_t leave_delay(const struct warden *warden)
{
	int64_t waited = warden->draining ? clock_now().mono_us - warden->draining_since_us : 0;
	int64_t delay = warden->conf->server.drain_delay_us;
	return warden->phase == WARDEN_SERVING && delay > waited ? delay - waited : 0;
}

/* The service manager's own patience may be shorter than what is configured. */
static void notify_stopping(const struct warden *warden, int64_t delay_us)
{
	char state[80];
	(void)snprintf(state, sizeof(state), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRId64,
		       delay_us + rooms_stop_time(warden->conf->server.drain_timeout_us));
	notify(state);
}

static void warden_leave(struct warden *warden)
{
	int64_t delay = leave_delay(warden);
	const struct timeval wait = {.tv_sec = delay / SECOND_US, .tv_usec = delay % SECOND_US};
	notify_stopping(warden, delay);
	reload_stop(warden->reload);
	if (delay == 0 || event_add(warden->leave_timeout, &wait) < 0) {
		warden_stop(warden);
		return;
	}
	warden->phase = WARDEN_LEAVING;
	log_info("told to stop: drains first for %" PRId64 "ms, a second signal skips that",
		 delay / MILLISECOND_US);
	warden_drain(warden, true);
}

static void on_leave_timeout(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	warden_stop(argument);
}

/* ---- what the rooms tell ---- */

static void send_listeners(struct warden *warden, struct room *room)
{
	const struct listeners *listeners =
		room->kind == ROOM_ADMIN ? &warden->admin_listeners : &warden->listeners;
	struct control_message message = {.type = CONTROL_LISTEN,
					  .descriptor_count = listeners->addresses};
	memcpy(message.descriptors, listeners_of(listeners, room->index),
	       message.descriptor_count * sizeof(int));
	room_send(room, &message);
}

/* The admin room gets its own end of the control socket, on which it may say two words. */
static void send_words(struct warden *warden, struct room *room)
{
	int theirs = -1;
	int result = control_socket_look_on(warden->control_socket, &theirs);
	if (result < 0) {
		room_kill(room, strerror(-result));
		return;
	}
	room_send(room, &(struct control_message){.type = CONTROL_WORDS,
						  .descriptor_count = 1,
						  .descriptors = {theirs}});
	close(theirs);
}

static void send_journal(struct warden *warden, struct room *ledger)
{
	struct control_message message = {.type = CONTROL_JOURNAL,
					  .descriptor_count = warden->journal.count};
	memcpy(message.descriptors, warden->journal.descriptors,
	       message.descriptor_count * sizeof(int));
	room_send(ledger, &message);
}

static void send_access_log(struct warden *warden, struct room *room)
{
	struct control_message message = {.type = CONTROL_ACCESS_LOG,
					  .descriptor_count = warden->access_log >= 0};
	message.descriptors[0] = warden->access_log;
	if (kind_plan(room->kind)->access_log)
		room_send(room, &message);
}

/* Whoever rotates it has moved it away: the fronts go on in a new one of its name. */
static void reopen_access_log(struct warden *warden)
{
	struct fault fault = {""};
	int fd = -1;
	if (access_file_open(&warden->conf->server, &fd, &fault) < 0) {
		log_error("%s: its lines go where they went before", fault.text);
		return;
	}
	if (warden->access_log >= 0)
		close(warden->access_log);
	warden->access_log = fd;
	for (unsigned i = 0; i < rooms_count(warden->rooms); i++)
		send_access_log(warden, rooms_at(warden->rooms, i));
}

static void on_started(void *context, struct room *room)
{
	struct warden *warden = context;
	if (kind_plan(room->kind)->takes == CONTROL_LISTEN)
		send_listeners(warden, room);
	if (kind_plan(room->kind)->takes == CONTROL_JOURNAL)
		send_journal(warden, room);
	if (warden->draining)
		send_drain(warden, room);
	if (kind_plan(room->kind)->words)
		send_words(warden, room);
	reload_room_started(warden->reload, room);
	send_access_log(warden, room);
	wiring_connect(warden->rooms, room);
}

static void on_ready(void *context, struct room *room)
{
	struct warden *warden = context;
	if (room->restarts > 0)
		log_info("%s is back pid=%d", room->name, (int)room->pid);
	if (warden->phase == WARDEN_STARTING && rooms_running(warden->rooms))
		warden_has_started(warden);
	reload_room_changed(warden->reload);
}

static void on_failed(void *context, struct room *room, const char *reason)
{
	struct warden *warden = context;
	if (room->next) {
		reload_room_failed(warden->reload, reason);
		return;
	}
	if (!warden->failed)
		(void)fault_set(&warden->fault, 0, "%s", reason);
	warden->failed = true;
	warden_end(warden);
}

static void on_ended(void *context, struct room *room)
{
	struct warden *warden = context;
	(void)room;
	warden_stop_next(warden);
	reload_room_changed(warden->reload);
}

static void on_died(void *context, struct room *room)
{
	struct warden *warden = context;
	(void)room;
	reload_room_changed(warden->reload);
}

static void on_stepped(void *context, struct room *room, enum control_step step, struct view why)
{
	struct warden *warden = context;
	reload_room_stepped(warden->reload, room, step, why);
}

/* ---- status ---- */

static void answer_status(struct warden *warden)
{
	cleanup(buffer_deinit) struct buffer document = {0};
	(void)event_del(warden->ask_timeout);
	rooms_ask_end(warden->rooms);
	const struct report_instance instance = {.conf = warden->conf,
						 .rooms = warden->rooms,
						 .started_at = warden->started_at,
						 .draining = warden->draining,
						 .alarms = &warden->alarm_log.alarms};
	report_render(&instance, &document);
	control_socket_answer(warden->control_socket, buffer_view(&document));
}

static void on_reported(void *context, struct room *room)
{
	struct warden *warden = context;
	(void)room;
	if (rooms_asked(warden->rooms))
		return;
	answer_status(warden);
	reload_reported(warden->reload);
}

/* Where the ledger has died it makes all channels when it starts. */
static void on_lost(void *context, struct room *room)
{
	struct warden *warden = context;
	if (room_place(room->kind) != ROOM_IS_THE_LEDGER && warden->phase < WARDEN_STOPPING)
		wiring_connect(warden->rooms, room);
}

/* ---- words ---- */

static void warden_reply(struct warden *warden, uint32_t ticket, const char *text)
{
	control_socket_reply(warden->control_socket, ticket, view_of_string(text));
}

static void obey_drain(void *context, uint32_t ticket, struct view rest)
{
	struct warden *warden = context;
	bool on = rest.size == 0;
	if (!on && !view_equal(rest, view_of_string("off"))) {
		warden_reply(warden, ticket, "{\"error\":\"drain, or drain off\"}");
	} else if (warden->phase > WARDEN_SERVING) {
		warden_reply(warden, ticket, "{\"error\":\"it is stopping\"}");
	} else {
		warden_drain(warden, on);
		warden_reply(warden, ticket, on ? "{\"draining\":true}" : "{\"draining\":false}");
	}
}

static void obey_reload(void *context, uint32_t ticket, struct view rest)
{
	struct warden *warden = context;
	if (rest.size > 0)
		warden_reply(warden, ticket, "{\"error\":\"reload takes no more words\"}");
	else if (warden->phase > WARDEN_SERVING)
		warden_reply(warden, ticket, "{\"error\":\"it is stopping\"}");
	else
		reload_ask(warden->reload, ticket);
}

static void obey_fetch(void *context, uint32_t ticket, struct view rest)
{
	struct warden *warden = context;
	char words[LIMIT_ISSUER_NAME + 16];
	int size = snprintf(words, sizeof(words), "fetch%s%.*s", rest.size ? " " : "",
			    (int)rest.size, (const char *)rest.data);
	struct room *fetcher = rooms_fetcher(warden->rooms);
	if (!fetcher)
		warden_reply(warden, ticket,
			     "{\"error\":\"nothing is fetched: no issuer has crl or "
			     "crl_watch\"}");
	else if (size >= (int)sizeof(words))
		warden_reply(warden, ticket, "{\"error\":\"no issuer has so long a name\"}");
	else
		room_ask(fetcher, ticket, view_of(words, (size_t)size));
}

static const struct word words[] = {
	{.name = "drain", .obey = obey_drain},
	{.name = "fetch", .obey = obey_fetch},
	{.name = "reload", .patience_ms = RELOAD_PATIENCE_S * 1000L, .obey = obey_reload},
};

/* Of these the warden knows nothing. */
static void ask_ledger(struct warden *warden, uint32_t ticket, struct view line)
{
	static const char gone[] = "{\"error\":\"the ledger is not running\"}";
	struct room *ledger = rooms_ledger(warden->rooms);
	if (room_alive(ledger))
		room_ask(ledger, ticket, line);
	else
		warden_reply(warden, ticket, gone);
}

static void on_asked(void *context, uint32_t ticket, struct view line)
{
	struct warden *warden = context;
	struct view rest;
	const struct word *word = word_find(words, array_size(words), line, &rest);
	if (!word) {
		ask_ledger(warden, ticket, line);
		return;
	}
	if (word->patience_ms)
		control_socket_wait(warden->control_socket, ticket, word->patience_ms);
	word->obey(warden, ticket, rest);
}

static void on_replied(void *context, uint32_t ticket, struct view text)
{
	struct warden *warden = context;
	control_socket_reply(warden->control_socket, ticket, text);
}

static void on_ask_timeout(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	answer_status(argument);
}

static void on_status(void *context)
{
	struct warden *warden = context;
	const struct timeval patience = {.tv_sec = CONTROL_SOCKET_ASK_MS / 1000,
					 .tv_usec = CONTROL_SOCKET_ASK_MS % 1000 * 1000};
	(void)event_add(warden->ask_timeout, &patience);
	rooms_ask(warden->rooms);
	if (!rooms_asked(warden->rooms))
		answer_status(warden);
}

/* ---- hanging rooms ---- */

static void on_look(evutil_socket_t fd, short what, void *argument)
{
	struct warden *warden = argument;
	int64_t now_us = clock_now().mono_us;
	int64_t elapsed_us = pulse_elapsed(warden->looked_us, now_us);
	(void)fd;
	(void)what;
	warden->looked_us = now_us;
	if (rooms_look(warden->rooms, elapsed_us))
		watchdog_feed(&warden->watchdog, now_us);
}

/* ---- signals ---- */

static void on_child(evutil_socket_t signal_number, short what, void *argument)
{
	struct warden *warden = argument;
	(void)signal_number;
	(void)what;
	rooms_reap(warden->rooms);
	renewals_reap(warden->renewals);
	importer_reap(warden->importer);
}

static void on_stop(evutil_socket_t signal_number, short what, void *argument)
{
	struct warden *warden = argument;
	(void)signal_number;
	(void)what;
	(void)event_del(warden->leave_timeout);
	if (warden->phase < WARDEN_LEAVING)
		warden_leave(warden);
	else if (warden->phase == WARDEN_LEAVING)
		warden_stop(warden);
}

/* As SIGTERM, without the pause for load balancers. */
static void on_quit(evutil_socket_t signal_number, short what, void *argument)
{
	struct warden *warden = argument;
	(void)signal_number;
	(void)what;
	(void)event_del(warden->leave_timeout);
	if (warden->phase >= WARDEN_STOPPING)
		return;
	notify_stopping(warden, 0);
	warden_stop(warden);
}

/* Others start a new executable. */
static void on_usr2(evutil_socket_t signal_number, short what, void *argument)
{
	(void)signal_number;
	(void)what;
	(void)argument;
	log_info("SIGUSR2 changes nothing here: an upgrade is a restart");
}

static void on_usr1(evutil_socket_t signal_number, short what, void *argument)
{
	struct warden *warden = argument;
	(void)signal_number;
	(void)what;
	log_info("SIGUSR1: %s", warden->conf->server.access_log_file
					? "the file of the access log is opened again"
					: "there is no file of an access log");
	reopen_access_log(warden);
}

static int catch_signal(struct warden *warden, int number, event_callback_fn callback,
			struct event **ret)
{
	*ret = evsignal_new(warden->base, number, callback, warden);
	return *ret && event_add(*ret, NULL) == 0 ? 0 : -ENOMEM;
}

/* ---- reloads ---- */

static void on_hup(evutil_socket_t signal_number, short what, void *argument)
{
	struct warden *warden = argument;
	(void)signal_number;
	(void)what;
	if (warden->phase <= WARDEN_SERVING)
		reload_ask(warden->reload, 0);
}

static void on_reload_began(void *context)
{
	struct timespec now = {0};
	char state[96];
	(void)context;
	/* Of the clock that the service manager looks at, too. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		       (long long)now.tv_sec * SECOND_US + now.tv_nsec / 1000);
	log_info("reloading");
	notify(state);
}

static void on_reload_listen(void *context, struct room *room)
{
	send_listeners(context, room);
}

static void on_reload_reply(void *context, uint32_t ticket, struct view text)
{
	struct warden *warden = context;
	control_socket_reply(warden->control_socket, ticket, text);
}

static void on_reload_ended(void *context)
{
	(void)context;
	notify("READY=1");
}

static const struct reload_ops reload_ops = {
	.began = on_reload_began,
	.listen = on_reload_listen,
	.reply = on_reload_reply,
	.ended = on_reload_ended,
};

static int catch_signals(struct warden *warden)
{
	int result = catch_signal(warden, SIGCHLD, on_child, &warden->on_child);
	if (result == 0)
		result = catch_signal(warden, SIGTERM, on_stop, &warden->on_term);
	if (result == 0)
		result = catch_signal(warden, SIGINT, on_stop, &warden->on_int);
	if (result == 0)
		result = catch_signal(warden, SIGHUP, on_hup, &warden->on_hup);
	if (result == 0)
		result = catch_signal(warden, SIGUSR1, on_usr1, &warden->on_usr1);
	if (result == 0)
		result = catch_signal(warden, SIGQUIT, on_quit, &warden->on_quit);
	if (result == 0)
		result = catch_signal(warden, SIGUSR2, on_usr2, &warden->on_usr2);
	return result;
}

/* ---- life ---- */

/* While it serves: at the start it is early enough when all runs. */
static void on_ending(void *context, unsigned signer, struct view text)
{
	struct warden *warden = context;
	if (warden->phase == WARDEN_SERVING)
		renewals_hear(warden->renewals, warden->conf, &warden->users, signer, text);
}

static void on_renewed(void *context)
{
	struct warden *warden = context;
	if (warden->phase == WARDEN_SERVING)
		reload_ask(warden->reload, 0);
}

static void on_fetched(void *context, struct room *room, uint32_t ticket, struct view text, int fd)
{
	struct warden *warden = context;
	const struct delivery delivery = {
		.from = room->pid, .ticket = ticket, .text = text, .fd = fd};
	importer_take(warden->importer, warden->conf, &warden->users, &delivery);
}

/* Another process of its kind knows nothing of it. */
static void on_imported(void *context, pid_t from, uint32_t ticket, enum control_outcome outcome,
			struct view line)
{
	struct warden *warden = context;
	for (unsigned i = 0; i < rooms_count(warden->rooms); i++) {
		struct room *room = rooms_at(warden->rooms, i);
		if (room_alive(room) && room->pid == from)
			room_send(room, &(struct control_message){.type = CONTROL_IMPORTED,
								  .kind = (uint8_t)outcome,
								  .index = ticket,
								  .text = line});
	}
}

static const struct rooms_ops rooms_ops = {
	.started = on_started,
	.ready = on_ready,
	.failed = on_failed,
	.ended = on_ended,
	.died = on_died,
	.stepped = on_stepped,
	.reported = on_reported,
	.ending = on_ending,
	.fetched = on_fetched,
	.lost = on_lost,
	.replied = on_replied,
};
static bool is_room(void *context, pid_t pid)
{
	const struct warden *warden = context;
	return warden->rooms && rooms_have(warden->rooms, pid);
}

static const struct control_socket_ops control_socket_ops = {
	.is_room = is_room, .status = on_status, .asked = on_asked};

static int warden_open_loop(struct warden *warden)
{
	static const struct timeval look = {.tv_usec = PULSE_LOOK_US};
	warden->base = event_base_new();
	if (!warden->base)
		return fault_set(&warden->fault, -ENOMEM, "cannot make an event loop");
	warden->ask_timeout = event_new(warden->base, -1, 0, on_ask_timeout, warden);
	warden->leave_timeout = event_new(warden->base, -1, 0, on_leave_timeout, warden);
	warden->look = event_new(warden->base, -1, EV_PERSIST, on_look, warden);
	if (!warden->ask_timeout || !warden->leave_timeout || !warden->look ||
	    event_add(warden->look, &look) < 0 || catch_signals(warden) < 0)
		return fault_set(&warden->fault, -ENOMEM, "cannot watch signals");
	return 0;
}

static int warden_open_journal(struct warden *warden)
{
	int result = journal_files_open(&warden->conf->server, &warden->journal, &warden->fault);
	if (result == JOURNAL_FILES_UNUSABLE) {
		alarms_raise(&warden->alarm_log.alarms, ALARM_JOURNAL, "", clock_now(),
			     "%s: what is known to be revoked is remembered until the end only",
			     warden->fault.text);
		return 0;
	}
	if (warden->users.separate)
		journal_files_give(&warden->journal, &warden->users.of[ROOM_LEDGER]);
	return result;
}

/* Everything that can be refused, before anything is started. */
static int warden_open(struct warden *warden)
{
	int result = warden_open_loop(warden);
	users_find(warden->conf, &warden->users);
	if (result == 0 && alarm_log_open(warden->base, &warden->alarm_log) < 0)
		result = fault_set(&warden->fault, -ENOMEM, "out of memory");
	if (result == 0)
		result = control_socket_new(warden->base, warden->conf->server.control_socket,
					    &control_socket_ops, warden, &warden->control_socket,
					    &warden->fault);
	if (result == 0)
		result = listeners_open(&warden->conf->server.listen, warden->conf->server.fronts,
					&warden->listeners, &warden->fault);
	if (result == 0 && warden->conf->server.admin_listen.count > 0)
		result = listeners_open(&warden->conf->server.admin_listen, 1,
					&warden->admin_listeners, &warden->fault);
	if (result == 0)
		result = access_file_open(&warden->conf->server, &warden->access_log,
					  &warden->fault);
	if (result == 0)
		inherited_tell_unused(&warden->conf->server);
	if (result == 0)
		result = warden_open_journal(warden);
	if (result == 0 && rooms_new(warden->base, warden->conf, &warden->users, &rooms_ops, warden,
				     &warden->rooms) < 0)
		result = fault_set(&warden->fault, -ENOMEM, "out of memory");
	return result;
}

static int warden_open_reload(struct warden *warden, const struct preflight_step *steps)
{
	const struct reload_parts parts = {
		.base = warden->base,
		.steps = steps,
		.conf = &warden->conf,
		.rooms = warden->rooms,
		.users = &warden->users,
		.listeners = &warden->listeners,
		.admin_listeners = &warden->admin_listeners,
	};
	int result = reload_new(&parts, &reload_ops, warden, &warden->reload);
	if (result == 0)
		result = renewals_new(warden->base, on_renewed, warden, &warden->renewals);
	if (result == 0)
		result = importer_new(warden->base, on_imported, warden, &warden->importer);
	return result < 0 ? fault_set(&warden->fault, result, "out of memory") : 0;
}

static void event_release(struct event *event)
{
	if (event)
		event_free(event);
}

static void warden_close(struct warden *warden)
{
	renewals_free(warden->renewals);
	importer_free(warden->importer);
	rooms_free(warden->rooms);
	reload_free(warden->reload);
	control_socket_free(warden->control_socket);
	listeners_close(&warden->listeners);
	listeners_close(&warden->admin_listeners);
	journal_files_close(&warden->journal);
	alarm_log_close(&warden->alarm_log);
	event_release(warden->on_child);
	event_release(warden->on_term);
	event_release(warden->on_int);
	event_release(warden->on_hup);
	event_release(warden->on_usr1);
	if (warden->access_log >= 0)
		close(warden->access_log);
	event_release(warden->on_quit);
	event_release(warden->on_usr2);
	event_release(warden->ask_timeout);
	event_release(warden->leave_timeout);
	event_release(warden->look);
	if (warden->base)
		event_base_free(warden->base);
}

int warden_run(const struct conf *conf, const struct preflight_step *steps)
{
	cleanup(warden_close) struct warden warden = {.conf = conf,
						      .access_log = -1,
						      .watchdog = watchdog_of_environment(),
						      .started_at =
							      wall_seconds(clock_now().wall_us)};
	if (warden_open(&warden) < 0 || warden_open_reload(&warden, steps) < 0) {
		log_error("%s", warden.fault.text);
		return 1;
	}
	rooms_start(warden.rooms);
	if (!warden.failed)
		(void)event_base_dispatch(warden.base);
	if (warden.failed) {
		log_error("not started: %s", warden.fault.text);
		return 1;
	}
	log_info("ended");
	return 0;
}
