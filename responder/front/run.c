/* The room that reads the network: HTTP, the answer cache, and the questions to the ledger. */
#include "front/client.h"
#include "front/connection.h"
#include "front/doors.h"
#include "front/ledger_link.h"
#include "front/status.h"
#include "room/priority.h"
#include "room/room.h"

/* What connections share (front.h), the ways in, and the way to the ledger. */
struct run {
	struct shell *shell;
	struct front *front;
	struct doors *doors;
	struct ledger_link *ledger;
	bool has_doors, has_ledger;
	int64_t doors_until_us; /* monotonic; when we stop */
};

/* ---- the way out ---- */

static bool run_query(void *context, const struct message_query *question)
{
	struct run *run = context;
	return ledger_link_query(run->ledger, question);
}

static bool run_affords(void *context, const struct moment *now)
{
	struct run *run = context;
	return client_may_ask(run->front, now);
}

static void run_deliver(void *context, struct flight_waiter *waiter, const struct answer *answer)
{
	struct moment now = clock_now();
	(void)context;
	connection_deliver(waiter, answer, &now);
}

/* ---- what the shell tells ---- */

static int run_listen(void *context, const int *descriptors, unsigned count, struct fault *fault)
{
	struct run *run = context;
	int result = doors_take(run->doors, descriptors, count);
	run->has_doors = true;
	return result < 0 ? fault_set(fault, result, "cannot listen: %s", strerror(-result)) : 0;
}

/* Answers that are stored, connections and who waits stay. */
static void run_commit(void *context, const struct conf *before, struct moment now)
{
	struct run *run = context;
	(void)before;
	(void)now;
	front_configure(run->front, run->shell->conf);
}

static void run_access_log(void *context, int fd)
{
	struct run *run = context;
	access_set_file(run->front->access, fd);
}

static void run_attached(void *context, struct peer ledger)
{
	struct run *run = context;
	(void)ledger;
	run->has_ledger = true;
	answers_ledger_connected(run->front->answers);
}

static void run_detached(void *context, struct peer ledger)
{
	struct run *run = context;
	(void)ledger;
	answers_ledger_lost(run->front->answers);
}

static int run_frame(void *context, struct peer ledger, uint8_t type, struct view payload)
{
	struct run *run = context;
	(void)ledger;
	return ledger_link_frame(run->ledger, run->front->answers, type, payload);
}

/* A front is of use once it can be asked and can ask. */
static bool run_ready(const void *context)
{
	const struct run *run = context;
	return run->has_doors && run->has_ledger;
}

static int64_t run_turn(void *context, struct moment now)
{
	struct run *run = context;
	connections_sweep(run->front, &now);
	access_flush(run->front->access);
	doors_resume(run->doors);
	if (run->shell->stopping && now.mono_us >= run->doors_until_us)
		doors_close(run->doors);
	return now.mono_us + WHEEL_TURN_US;
}

/* Once it stops there is no way back. */
static void run_drain(void *context, bool on)
{
	struct run *run = context;
	run->front->draining = on || run->shell->stopping;
}

/* The warden lets nobody new in (warden/listeners.h); whose handshake is under way still arrives. */
static void run_stop(void *context, struct moment now)
{
	struct run *run = context;
	int64_t wait = LIMIT_HTTP_LAST_CALL_MS * MILLISECOND_US;
	int64_t most = run->shell->conf->server.drain_timeout_us / 2;
	run->doors_until_us = now.mono_us + (wait < most ? wait : most);
	connections_drain(run->front, &now);
}

static size_t run_in_flight(const void *context)
{
	const struct run *run = context;
	return run->front->connection_count + doors_open(run->doors);
}

static void run_status(void *context, struct moment now, struct buffer *out)
{
	const struct run *run = context;
	status_write(run->front, run->shell->index, &now, out);
}

/* ---- life ---- */

static void run_close(void *context)
{
	struct run *run = context;
	doors_free(run->doors);
	connections_close(run->front);
	front_free(run->front);
	ledger_link_free(run->ledger);
	free(run);
}

/* Numbers of requests are nobody else's: of another front, or of this one before it was started anew.
 * 40 bits remain for counting. */
static uint64_t first_number(unsigned index)
{
	return (uint64_t)index << 56 | ((uint64_t)getpid() & 0xffff) << 40;
}

static int run_open(struct shell *shell, void **ret, struct fault *fault)
{
	static const struct answers_ops ops = {
		.query = run_query, .affords = run_affords, .deliver = run_deliver};
	struct run *run = calloc(1, sizeof(*run));
	if (!run)
		return fault_set(fault, -ENOMEM, "out of memory");
	run->shell = shell;
	int result = ledger_link_new(shell, &run->ledger);
	if (result == 0)
		result = front_new(shell->base, shell->conf, &ops, run, &run->front);
	if (result == 0)
		result = doors_new(run->front, &run->doors);
	if (result < 0) {
		run_close(run);
		return fault_set(fault, result, "cannot start: %s", strerror(-result));
	}
	run->front->last_request = first_number(shell->index);
	priority_prompt();
	*ret = run;
	return 0;
}

static unsigned run_processes(const struct conf *conf)
{
	return conf->server.fronts;
}

static void run_needs(const struct conf *conf, struct sandbox *needs)
{
	(void)conf;
	sandbox_calls(needs, CALLS_ACCEPT);
}

const struct room_plan front_plan = {
	.options = CONF_FRONT,
	.processes = run_processes,
	.open = run_open,
	.needs = run_needs,
	.close = run_close,
	.ready = run_ready,
	.drain = run_drain,
	.stop = run_stop,
	.in_flight = run_in_flight,
	.peers = ROOM_BIT(ROOM_LEDGER),
	.attached = run_attached,
	.detached = run_detached,
	.frame = run_frame,
	.takes = CONTROL_LISTEN,
	.take = run_listen,
	.commit = run_commit,
	.access_log = run_access_log,
	.turn = run_turn,
	.status = run_status,
};
