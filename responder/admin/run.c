/* The room that shows how the instance is: metrics, health, the page for people. It sees no key, no
 * database and no channel to the other rooms; all it can learn is what the warden answers on its stream
 * to two words (window.h), and it can change nothing. */
#include "admin/hour.h"
#include "admin/visitors.h"
#include "base/log.h"
#include "room/room.h"

/* How often paused doors are tried again, and how everything is is noted for the page. */
#define LOOK_US SECOND_US

struct run {
	struct shell *shell;
	struct window *window;
	struct visitors *visitors;
	struct hour *hour;
	struct question look;
	int64_t look_at_us; /* monotonic */
	bool has_doors;
};

/* It cannot go on blind; the warden starts it anew and gives it everything afresh. */
static void run_lost(void *context, const char *reason)
{
	struct run *run = context;
	if (run->shell->stopping)
		return;
	log_error("ending: the stream to the warden is lost: %s", reason);
	shell_end(run->shell, 1);
}

static int run_listen(void *context, const int *descriptors, unsigned count, struct fault *fault)
{
	struct run *run = context;
	int result = visitors_listen(run->visitors, descriptors, count);
	run->has_doors = true;
	return result < 0 ? fault_set(fault, result, "cannot listen: %s", strerror(-result)) : 0;
}

static int run_words(void *context, int fd, struct fault *fault)
{
	struct run *run = context;
	int result = window_connect(run->window, fd);
	return result < 0 ? fault_set(fault, result, "out of memory") : 0;
}

static bool run_ready(const void *context)
{
	const struct run *run = context;
	return run->has_doors && window_connected(run->window);
}

static void run_stop(void *context, struct moment now)
{
	struct run *run = context;
	(void)now;
	visitors_close_doors(run->visitors);
}

static size_t run_in_flight(const void *context)
{
	const struct run *run = context;
	return visitors_counts(run->visitors).open;
}

static void run_looked(void *context, struct view text)
{
	struct run *run = context;
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *document = NULL;
	if (tokener)
		document = json_tokener_parse_ex(tokener, (const char *)text.data, (int)text.size);
	if (json_object_is_type(document, json_type_object))
		hour_take(run->hour, document, clock_now());
	json_object_put(document);
	if (tokener)
		json_tokener_free(tokener);
}

/* One that is not answered yet is not asked again. */
static void run_look(struct run *run)
{
	run->look.answered = run_looked;
	run->look.context = run;
	if (window_connected(run->window) && !run->look.asked)
		(void)!window_ask(run->window, &run->look, view_of_string("status"));
}

static int64_t run_turn(void *context, struct moment now)
{
	struct run *run = context;
	if (run->shell->stopping)
		return INT64_MAX;
	visitors_resume(run->visitors);
	if (now.mono_us >= run->look_at_us) {
		run->look_at_us = now.mono_us + LOOK_US;
		run_look(run);
	}
	return run->look_at_us;
}

static void run_status(void *context, struct moment now, struct buffer *out)
{
	const struct run *run = context;
	struct visitors_counts counts = visitors_counts(run->visitors);
	(void)now;
	buffer_printf(out,
		      "{\"connections\":%u,\"accepted\":%llu,\"requests\":%llu,\"refused\":%llu}",
		      counts.open, (unsigned long long)counts.accepted,
		      (unsigned long long)counts.requests, (unsigned long long)counts.refused);
}

static void run_close(void *context)
{
	struct run *run = context;
	visitors_free(run->visitors);
	if (run->window)
		window_forget(run->window, &run->look);
	window_free(run->window);
	hour_free(run->hour);
	free(run);
}

static int run_open(struct shell *shell, void **ret, struct fault *fault)
{
	static const struct window_ops ops = {.lost = run_lost};
	struct run *run = calloc(1, sizeof(*run));
	if (!run)
		return fault_set(fault, -ENOMEM, "out of memory");
	run->shell = shell;
	int result = window_new(shell->base, &ops, run, &run->window);
	if (result == 0)
		result = hour_new(&run->hour);
	if (result == 0)
		result = visitors_new(shell->base, &shell->conf, run->window, run->hour,
				      &run->visitors);
	if (result < 0) {
		run_close(run);
		return fault_set(fault, result, "out of memory");
	}
	*ret = run;
	return 0;
}

static unsigned run_processes(const struct conf *conf)
{
	return conf->server.admin_listen.count > 0 ? 1 : 0;
}

static void run_needs(const struct conf *conf, struct sandbox *needs)
{
	(void)conf;
	sandbox_calls(needs, CALLS_ACCEPT);
}

const struct room_plan admin_plan = {
	.options = CONF_ADMIN,
	.processes = run_processes,
	.open = run_open,
	.needs = run_needs,
	.close = run_close,
	.ready = run_ready,
	.stop = run_stop,
	.in_flight = run_in_flight,
	.takes = CONTROL_LISTEN,
	.take = run_listen,
	.words = run_words,
	.turn = run_turn,
	.status = run_status,
};
