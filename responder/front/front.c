#include "front/front.h"

#include "base/log.h"
#include "front/connection.h"
#include "front/doors.h"
#include "front/ledger_link.h"
#include "front/status.h"
#include "ipc/control.h"

#include <signal.h>
#include <sys/prctl.h>

struct front {
	unsigned index;
	int control_fd;
	int exit_status;
	bool has_doors, has_ledger, ready;
	int64_t drain_until_us; /* 0: not stopping */
	struct conf *conf;
	struct event_base *base;
	struct ledger_link *ledger;
	struct edge *edge;
	struct doors *doors;
	struct event *control, *sweep;
	struct buffer status;
	uint8_t packet[CONTROL_PACKET];
};

/* ---- the edge's way out ---- */

static bool front_query(void *context, const struct message_query *question)
{
	struct front *front = context;
	return ledger_link_query(front->ledger, question);
}

static void front_deliver(void *context, struct flight_waiter *waiter, const struct answer *answer)
{
	struct moment now = clock_now();
	(void)context;
	connection_deliver(waiter, answer, &now);
}

/* ---- the end ---- */

static void front_end(struct front *front, int exit_status)
{
	front->exit_status = exit_status;
	(void)event_base_loopbreak(front->base);
}

static void front_stop(struct front *front)
{
	if (front->drain_until_us)
		return;
	struct moment now = clock_now();
	front->drain_until_us = now.mono_us + front->conf->server.drain_timeout_us;
	doors_close(front->doors);
	connections_drain(front->edge, &now);
}

static void front_look_if_drained(struct front *front, const struct moment *now)
{
	unsigned left = front->edge->connection_count;
	if (left > 0 && now->mono_us < front->drain_until_us)
		return;
	if (left > 0)
		log_warning("stopping cuts connections off connections=%u", left);
	front_end(front, 0);
}

static void front_sweep(evutil_socket_t fd, short what, void *context)
{
	struct front *front = context;
	struct moment now = clock_now();
	(void)fd;
	(void)what;
	connections_sweep(front->edge, &now);
	if (front->drain_until_us)
		front_look_if_drained(front, &now);
	else
		doors_resume(front->doors);
}

/* ---- the warden's messages ---- */

static void front_say(struct front *front, enum control_type type, struct view text)
{
	struct control_message message = {.type = type, .index = front->index, .text = text};
	int r = control_send(front->control_fd, &message);
	if (r < 0 && r != -EPIPE)
		log_error("the control socket does not take a message: %s", strerror(-r));
}

static int front_listen(struct front *front, struct control_message *message)
{
	int r = 0;
	for (unsigned i = 0; i < message->descriptor_count && r == 0; i++) {
		r = doors_add(front->doors, message->descriptors[i]);
		message->descriptors[i] = -1;
	}
	front->has_doors = true;
	return r;
}

static int front_connect(struct front *front, struct control_message *message)
{
	int fd = message->descriptors[0];
	message->descriptors[0] = -1;
	front->has_ledger = true;
	return ledger_link_connect(front->ledger, fd);
}

static void front_report(struct front *front)
{
	struct moment now = clock_now();
	buffer_reset(&front->status);
	status_write(front->edge, front->index, &now, &front->status);
	if (buffer_result(&front->status) == 0)
		front_say(front, CONTROL_STATUS, buffer_view(&front->status));
}

static int front_obey(struct front *front, struct control_message *message)
{
	switch (message->type) {
	case CONTROL_LISTEN:
		return front->drain_until_us ? 0 : front_listen(front, message);
	case CONTROL_LEDGER:
		return front_connect(front, message);
	case CONTROL_STATUS_ASK:
		front_report(front);
		return 0;
	case CONTROL_STOP:
		front_stop(front);
		return 0;
	default:
		return -EBADMSG;
	}
}

static void front_control(evutil_socket_t fd, short what, void *context)
{
	struct front *front = context;
	struct control_message message = {0};
	(void)what;
	int r = control_receive(fd, front->packet, &message);
	if (r == -EAGAIN)
		return;
	if (r == -EPIPE) { /* the warden is gone, and nobody would ever stop us */
		front_end(front, 0);
		return;
	}
	if (r == 0)
		r = front_obey(front, &message);
	control_message_close(&message);
	if (r < 0) {
		log_error("cannot do what the warden says: %s", strerror(-r));
		front_end(front, 1);
		return;
	}
	if (!front->ready && front->has_doors && front->has_ledger) {
		front->ready = true;
		front_say(front, CONTROL_READY, (struct view){0});
	}
}

/* ---- life ---- */

static int front_open_base(struct front *front)
{
	struct event_config *config = event_config_new();
	if (!config)
		return -ENOMEM;
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	front->base = event_base_new_with_config(config);
	event_config_free(config);
	return front->base ? 0 : -ENOMEM;
}

static int front_open_events(struct front *front)
{
	const struct timeval turn = {.tv_usec = WHEEL_TURN_US};
	if (evutil_make_socket_nonblocking(front->control_fd) < 0)
		return -errno;
	front->control = event_new(front->base, front->control_fd, EV_READ | EV_PERSIST,
				   front_control, front);
	front->sweep = event_new(front->base, -1, EV_PERSIST, front_sweep, front);
	if (!front->control || !front->sweep || event_add(front->control, NULL) < 0 ||
	    event_add(front->sweep, &turn) < 0)
		return -ENOMEM;
	return 0;
}

/* Numbers of requests are nobody else's: of another front, or of this one before it was started anew.
 * 40 bits remain for counting. */
static uint64_t first_number(unsigned index)
{
	return (uint64_t)index << 56 | ((uint64_t)getpid() & 0xffff) << 40;
}

static int front_open(struct front *front)
{
	static const struct answers_ops ops = {.query = front_query, .deliver = front_deliver};
	int r = front_open_base(front);
	if (r == 0)
		r = ledger_link_new(front->base, &front->ledger);
	if (r == 0)
		r = edge_new(front->base, front->conf, &ops, front, &front->edge);
	if (r == 0)
		r = doors_new(front->edge, &front->doors);
	if (r < 0)
		return r;
	front->edge->last_request = first_number(front->index);
	ledger_link_set_answers(front->ledger, front->edge->answers);
	return front_open_events(front);
}

static void front_close(struct front *front)
{
	if (front->control)
		event_free(front->control);
	if (front->sweep)
		event_free(front->sweep);
	doors_free(front->doors);
	connections_close(front->edge);
	edge_free(front->edge);
	ledger_link_free(front->ledger);
	if (front->base)
		event_base_free(front->base);
	conf_free(front->conf);
	buffer_deinit(&front->status);
	close(front->control_fd);
	free(front);
}

/* The warden decides when a room ends; a terminal's Ctrl-C reaches it too. */
static void ignore_signals(void)
{
	static const int ignored[] = {SIGPIPE, SIGTERM, SIGINT, SIGHUP};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	for (size_t i = 0; i < array_size(ignored); i++)
		(void)sigaction(ignored[i], &ignore, NULL);
}

static int front_load(struct front *front, int conf_fd, struct fault *fault)
{
	int r = conf_load_descriptor(conf_fd, CONF_FRONT, &front->conf, fault);
	close(conf_fd);
	if (r < 0)
		return r;
	log_set_level(front->conf->server.log_level);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fault_set(fault, -errno, "cannot give up new privileges: %s",
				 strerror(errno));
	r = front_open(front);
	return r < 0 ? fault_set(fault, r, "cannot start: %s", strerror(-r)) : 0;
}

int front_run(int control_fd, int conf_fd, unsigned index)
{
	struct front *front = calloc(1, sizeof(*front));
	if (!front)
		return 1;
	char name[32];
	(void)snprintf(name, sizeof(name), "front %u", index);
	log_init(name, LOG_LEVEL_INFO);
	ignore_signals();
	front->control_fd = control_fd;
	front->index = index;
	struct fault fault = {0};
	if (front_load(front, conf_fd, &fault) < 0) {
		front_say(front, CONTROL_FAILED, view_of_string(fault.text));
		front->exit_status = 1;
	} else {
		(void)event_base_dispatch(front->base);
	}
	int exit_status = front->exit_status;
	front_close(front);
	return exit_status;
}
