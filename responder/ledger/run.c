/* The process: start, the event loop's turns, the warden's words, the end. */
#include "ledger/ledger.h"

#include "ipc/control.h"
#include "ledger/edge.h"

#include <sys/prctl.h>

/* ---- turns ---- */

void edge_turn(struct edge *edge)
{
	event_active(edge->turn, EV_TIMEOUT, 0);
}

void edge_end(struct edge *edge, int status)
{
	edge->status = status;
	event_base_loopbreak(edge->base);
}

static void timer_set(struct edge *edge, struct moment now)
{
	int64_t next = ledger_next_timer(edge->ledger);
	if (next == INT64_MAX) {
		evtimer_del(edge->timer);
		return;
	}
	int64_t wait = next > now.mono_us ? next - now.mono_us : 0;
	struct timeval delay = {.tv_sec = wait / SECOND_US, .tv_usec = wait % SECOND_US};
	evtimer_add(edge->timer, &delay);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct edge *edge = context;
	struct moment now = clock_now();
	ledger_turn_end(edge->ledger, now);
	timer_set(edge, now);
	if (ledger_incomplete(edge->ledger)) {
		log_error("memory ran out while a change was applied, ending to load anew");
		edge_end(edge, 1);
	}
	if (edge->stopping && ledger_open(edge->ledger) == 0 && links_queued(edge) == 0)
		edge_end(edge, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct edge *edge = context;
	ledger_timer(edge->ledger, clock_now());
	edge_turn(edge);
}

/* While stopping: again and again until nothing is open, or the time is over. */
#define DRAIN_LOOK_US (20 * MILLISECOND_US)

static void on_drain(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct edge *edge = context;
	if (clock_now().mono_us >= edge->drain_until_us)
		edge_end(edge, 0);
	edge_turn(edge);
}

/* ---- the warden ---- */

static void tell(struct edge *edge, enum control_type type, const char *text, size_t size)
{
	struct control_message m = {.type = type, .text = view_of(text, size)};
	int result = control_send(edge->control_fd, &m);
	if (result < 0)
		log_warning("the warden was not told type=%d error=%d", (int)type, -result);
}

static void tell_status(struct edge *edge)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	ledger_status(edge->ledger, clock_now(), &text);
	if (buffer_result(&text) == 0)
		tell(edge, CONTROL_STATUS, (const char *)text.data, text.size);
}

static void stop(struct edge *edge)
{
	struct timeval look = {.tv_usec = DRAIN_LOOK_US};
	edge->stopping = true;
	edge->drain_until_us = clock_now().mono_us + edge->conf->server.drain_timeout_us;
	event_add(edge->drain, &look);
	edge_turn(edge);
}

static void connect_peer(struct edge *edge, struct control_message *m)
{
	bool front = m->type == CONTROL_FRONT;
	size_t most = front ? array_size(edge->fronts) : array_size(edge->signers);
	if (m->descriptor_count != 1 || m->index >= most)
		return; /* closed by our caller */
	m->descriptor_count = 0;
	if (front)
		links_connect_front(edge, m->index, m->descriptors[0]);
	else
		links_connect_signer(edge, m->index, m->descriptors[0]);
}

static void connect_verifier(struct edge *edge, struct control_message *m)
{
	m->descriptor_count = 0;
	links_connect_verifier(edge, m->descriptors[0]);
}

static void obey(struct edge *edge, struct control_message *m)
{
	switch (m->type) {
	case CONTROL_FRONT:
	case CONTROL_SIGNER:
		connect_peer(edge, m);
		break;
	case CONTROL_VERIFIER:
		connect_verifier(edge, m);
		break;
	case CONTROL_STOP:
		stop(edge);
		break;
	case CONTROL_STATUS_ASK:
		tell_status(edge);
		break;
	case CONTROL_LISTEN:
	case CONTROL_LEDGER:
	case CONTROL_READY:
	case CONTROL_FAILED:
	case CONTROL_STATUS:
		log_warning("the warden said something not meant for a ledger type=%d",
			    (int)m->type);
		break;
	}
}

static void on_control(evutil_socket_t fd, short what, void *context)
{
	(void)what;
	struct edge *edge = context;
	uint8_t storage[CONTROL_PACKET];
	struct control_message m = {0};
	int result = control_receive(fd, storage, &m);
	if (result == 0) {
		obey(edge, &m);
		control_message_close(&m);
	} else if (result != -EAGAIN && result != -EBADMSG) {
		edge_end(edge, 0); /* the warden is gone: nobody needs us */
	}
}

/* ---- start and end ---- */

static int events_new(struct edge *edge)
{
	edge->base = event_base_new();
	if (!edge->base)
		return -ENOMEM;
	if (evutil_make_socket_nonblocking(edge->control_fd) < 0)
		return -EIO;
	edge->turn = event_new(edge->base, -1, 0, on_turn, edge);
	edge->timer = evtimer_new(edge->base, on_timer, edge);
	edge->drain = event_new(edge->base, -1, EV_PERSIST, on_drain, edge);
	edge->control =
		event_new(edge->base, edge->control_fd, EV_READ | EV_PERSIST, on_control, edge);
	if (!edge->turn || !edge->timer || !edge->drain || !edge->control)
		return -ENOMEM;
	return event_add(edge->control, NULL) < 0 ? -ENOMEM : 0;
}

static int core_new(struct edge *edge)
{
	struct siphash_key key;
	int result = siphash_key_random(&key);
	if (result < 0)
		return result;
	return ledger_new(edge->conf, &key, &edge_ledger_ops, edge, &edge->ledger);
}

static int source_new(struct edge *edge)
{
	const struct conf_database *database = &edge->conf->database;
	struct db_settings settings = {
		.conninfo = database->conninfo,
		.poll_interval_us = database->poll_interval_us,
		.connect_timeout_us = database->connect_timeout_us,
		.query_timeout_us = database->query_timeout_us,
		.facts = conf_wants_facts(edge->conf),
	};
	return db_source_new(edge->base, &settings, &edge_source_ops, edge, &edge->source);
}

static int edge_start(struct edge *edge, int conf_fd, struct fault *fault)
{
	int result = conf_load_descriptor(conf_fd, CONF_LEDGER, &edge->conf, fault);
	if (result < 0)
		return result;
	log_set_level(edge->conf->server.log_level);
	result = events_new(edge);
	if (result == 0)
		result = core_new(edge);
	if (result == 0)
		result = source_new(edge);
	if (result < 0)
		return fault_set(fault, result, "the ledger cannot start: %s", strerror(-result));
	return 0;
}

static void event_release(struct event *event)
{
	if (event)
		event_free(event);
}

static void edge_deinit(struct edge *edge)
{
	db_source_free(edge->source);
	links_close(edge);
	ledger_free(edge->ledger);
	event_release(edge->turn);
	event_release(edge->timer);
	event_release(edge->drain);
	event_release(edge->control);
	if (edge->base)
		event_base_free(edge->base);
	conf_free(edge->conf);
	close(edge->control_fd);
}

int ledger_run(int control_fd, int conf_fd)
{
	cleanup(edge_deinit) struct edge edge = {.control_fd = control_fd};
	struct fault fault = {.text = ""};
	/* The configuration holds the database's password: no core dump, no debugger. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	int result = edge_start(&edge, conf_fd, &fault);
	close(conf_fd);
	if (result < 0) {
		log_error("%s", fault.text);
		tell(&edge, CONTROL_FAILED, fault.text, strlen(fault.text));
		return 1;
	}
	tell(&edge, CONTROL_READY, "", 0);
	edge_turn(&edge);
	if (event_base_dispatch(edge.base) < 0)
		return 1;
	return edge.status;
}
