/* The room that makes connections to the outside: it fetches CRLs, and tells caches. It has no key, no credential,
 * no truth: what it brings is verified by others, and no answer waits for it. */
#include "base/log.h"
#include "net/resolver.h"
#include "net/transfer.h"
#include "room/room.h"

struct run {
	struct shell *shell;
	struct resolver *resolver;
	struct transfers *transfers;
};

static void run_close(void *context)
{
	struct run *run = context;
	transfers_free(run->transfers);
	resolver_free(run->resolver);
	free(run);
}

/* Both begin before the room is locked in: one is a process, the other a library. */
static int run_open(struct shell *shell, void **ret, struct fault *fault)
{
	struct run *run = calloc(1, sizeof(*run));
	if (!run)
		return fault_set(fault, -ENOMEM, "out of memory");
	run->shell = shell;
	int result = resolver_new(shell->base, &run->resolver);
	if (result < 0)
		(void)fault_set(fault, result, "cannot resolve names: %s", strerror(-result));
	else
		result = transfers_new(shell->base, run->resolver, (struct view){0},
				       &run->transfers, fault);
	if (result < 0) {
		run_close(run);
		return result;
	}
	*ret = run;
	return 0;
}

static unsigned run_processes(const struct conf *conf)
{
	return conf_fetches(conf) ? 1 : 0;
}

static void run_needs(const struct conf *conf, struct sandbox *needs)
{
	(void)conf;
	sandbox_calls(needs, CALLS_CONNECT);
}

static void run_status(void *context, struct moment now, struct buffer *out)
{
	(void)context;
	(void)now;
	buffer_put_string(out, "{}");
}

const struct room_plan fetcher_plan = {
	.options = CONF_FETCHER,
	.processes = run_processes,
	.open = run_open,
	.needs = run_needs,
	.close = run_close,
	.status = run_status,
};
