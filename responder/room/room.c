/* The life of a room's process: start and end. */
#include "room/process.h"

#include "base/log.h"
#include "room/harden.h"

#include <sys/prctl.h>

/* ---- start ---- */

static int base_open(struct process *p)
{
	struct event_config *config = event_config_new();
	if (!config)
		return -ENOMEM;
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	p->shell.base = event_base_new_with_config(config);
	event_config_free(config);
	return p->shell.base ? 0 : -ENOMEM;
}

static int events_open(struct process *p)
{
	if (evutil_make_socket_nonblocking(p->control_fd) < 0)
		return -EIO;
	struct event_base *base = p->shell.base;
	p->control = event_new(base, p->control_fd, EV_READ | EV_PERSIST, orders_readable, p);
	p->drain = event_new(base, -1, EV_PERSIST, drain_look, p);
	p->missing = evtimer_new(base, reconnect_look, p);
	if (!p->control || !p->drain || !p->missing || event_add(p->control, NULL) < 0)
		return -ENOMEM;
	if (beat_begin(p) < 0)
		return -ENOMEM;
	if (!p->plan->turn)
		return 0;
	p->turn = event_new(base, -1, 0, loop_turn, p);
	p->timer = evtimer_new(base, loop_turn, p);
	return p->turn && p->timer ? 0 : -ENOMEM;
}

static int load(struct process *p, int conf_fd, struct fault *fault)
{
	int result = conf_load_descriptor(conf_fd, p->plan->options, &p->conf, fault);
	close(conf_fd);
	if (result < 0)
		return result;
	p->shell.conf = p->conf;
	log_set_level(p->conf->server.log_level);
	return 0;
}

static int start(struct process *p, struct fault *fault)
{
	int result = base_open(p);
	if (result == 0)
		result = links_new(p);
	if (result == 0)
		result = events_open(p);
	if (result < 0)
		return fault_set(fault, result, "cannot start: %s", strerror(-result));
	return p->plan->open(&p->shell, &p->context, fault);
}

/* From here on it can do what its work needs, and nothing else. */
static int lock_in(struct process *p, struct fault *fault)
{
	if (p->plan->needs)
		p->plan->needs(p->conf, &p->sandbox);
	return sandbox_enter(&p->sandbox, p->conf, fault);
}

/* ---- end ---- */

static void event_release(struct event *event)
{
	if (event)
		event_free(event);
}

static void process_free(struct process *p)
{
	if (!p)
		return;
	if (p->context)
		p->plan->close(p->context);
	links_free(p);
	event_release(p->control);
	event_release(p->turn);
	event_release(p->timer);
	event_release(p->drain);
	event_release(p->beat);
	event_release(p->missing);
	if (p->shell.base)
		event_base_free(p->shell.base);
	sandbox_deinit(&p->sandbox);
	conf_free(p->conf);
	conf_free(p->next);
	close(p->control_fd);
	free(p);
}
DEFINE_CLEANUP(struct process, process_free)

/* ---- all of it ---- */

/* What `ps -o comm` and `top` show, 15 characters at most. */
static void name_process(enum room_kind kind, unsigned index)
{
	char name[ROOM_NAME_SIZE], shown[16];
	room_name(kind, index, name);
	log_init(name, LOG_LEVEL_INFO); /* the configuration's level follows */
	if (room_most(kind) > 1)
		(void)snprintf(shown, sizeof(shown), "sg-%s%u", room_kind_name(kind), index);
	else
		(void)snprintf(shown, sizeof(shown), "sg-%s", room_kind_name(kind));
	(void)prctl(PR_SET_NAME, shown, 0, 0, 0);
}

static int process_run(struct process *p, int conf_fd)
{
	struct fault fault = {""};
	int result = harden_process();
	harden_signals();
	if (result < 0)
		(void)fault_set(&fault, result, "cannot give up privileges: %s", strerror(-result));
	if (result == 0)
		result = load(p, conf_fd, &fault);
	if (result == 0)
		result = start(p, &fault);
	if (result == 0)
		result = lock_in(p, &fault);
	if (result < 0) {
		tell_failed(p, &fault);
		return 1;
	}
	tell_ready(p);
	shell_turn(&p->shell);
	return event_base_dispatch(p->shell.base) < 0 ? 1 : p->status;
}

int room_run(const struct room_plan *plan, enum room_kind kind, unsigned index, int control_fd,
	     int conf_fd)
{
	name_process(kind, index);
	cleanup(process_freep) struct process *p = calloc(1, sizeof(*p));
	if (!p)
		return 1;
	p->plan = plan;
	p->kind = kind;
	p->shell.index = index;
	p->control_fd = control_fd;
	return process_run(p, conf_fd);
}
