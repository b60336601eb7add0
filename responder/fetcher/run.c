/* The room that makes connections to the outside: it fetches CRLs, and tells caches. It has no key, no credential,
 * no truth: what it brings is verified by others, and no answer waits for it. */
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "fetcher/follow.h"
#include "fetcher/purge_caches.h"
#include "net/resolver.h"
#include "net/transfer.h"
#include "room/room.h"

struct run {
	struct shell *shell;
	struct resolver *resolver;
	struct transfers *transfers;
	struct follow *follow;
	struct purge_caches *caches;
};

/* ---- what is followed ---- */

static bool hand_over(void *context, uint32_t ticket, const char *text, int fd)
{
	struct run *run = context;
	return shell_hand_over(run->shell, ticket, view_of_string(text), fd);
}

static void woken(void *context)
{
	struct run *run = context;
	shell_turn(run->shell);
}

static const struct follow_ops follow_ops = {.hand_over = hand_over, .woken = woken};

static void run_imported(void *context, uint32_t ticket, enum control_outcome outcome,
			 struct view text)
{
	struct run *run = context;
	follow_outcome(run->follow, ticket, outcome, text, clock_now());
}

static int64_t run_turn(void *context, struct moment now)
{
	struct run *run = context;
	if (run->shell->stopping)
		return INT64_MAX;
	int64_t caches = purge_caches_turn(run->caches, now);
	int64_t follow = follow_turn(run->follow, now); /* tells the alarms, too */
	return caches < follow ? caches : follow;
}

/* ---- life ---- */

static void run_close(void *context)
{
	struct run *run = context;
	follow_free(run->follow);
	purge_caches_free(run->caches);
	transfers_free(run->transfers);
	resolver_free(run->resolver);
	free(run);
}

/* Without it there is no https, which each source says that wants it: http goes on. */
static void read_trusted(const struct conf *conf, struct buffer *ret)
{
	struct fault fault = {""};
	const char *path = conf->server.fetch_ca_file;
	if (path && file_read(path, LIMIT_PEM_FILE, ret, &fault) < 0) {
		log_error("%s: nothing is fetched by https", fault.text);
		buffer_reset(ret);
	}
}

/* Both begin before the room is locked in: one is a process, the other a library. */
static int open_net(struct run *run, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer trusted = {0};
	int result = resolver_new(run->shell->base, &run->resolver);
	if (result < 0)
		return fault_set(fault, result, "cannot resolve names: %s", strerror(-result));
	read_trusted(run->shell->conf, &trusted);
	return transfers_new(run->shell->base, run->resolver, buffer_view(&trusted),
			     &run->transfers, fault);
}

static int run_open(struct shell *shell, void **ret, struct fault *fault)
{
	struct run *run = calloc(1, sizeof(*run));
	if (!run)
		return fault_set(fault, -ENOMEM, "out of memory");
	run->shell = shell;
	int result = open_net(run, fault);
	if (result == 0 &&
	    follow_new(shell->conf, run->transfers, &follow_ops, run, &run->follow) < 0)
		result = fault_set(fault, -ENOMEM, "out of memory");
	if (result == 0 &&
	    purge_caches_new(shell, run->transfers, follow_alarms(run->follow), &run->caches) < 0)
		result = fault_set(fault, -ENOMEM, "out of memory");
	if (result < 0) {
		run_close(run);
		return result;
	}
	shell_turn(shell);
	*ret = run;
	return 0;
}

static unsigned run_processes(const struct conf *conf)
{
	return conf_fetches(conf) ? 1 : 0;
}

/* The file is read before: here it stands so that another one is noticed. */
static void run_needs(const struct conf *conf, struct sandbox *needs)
{
	sandbox_calls(needs, CALLS_CONNECT | CALLS_HANDOVER);
	sandbox_reads(needs, conf->server.fetch_ca_file);
	purge_caches_needs(conf, needs);
}

/* ---- another configuration ---- */

static int run_prepare(void *context, const struct conf *next, struct fault *fault)
{
	struct run *run = context;
	return follow_prepare(run->follow, next) < 0 ? fault_set(fault, -ENOMEM, "out of memory")
						     : 0;
}

static bool same_file(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Whom it trusts it has read before it was locked in: of others the next process knows. */
static void run_commit(void *context, const struct conf *before, struct moment now)
{
	struct run *run = context;
	const struct conf *conf = run->shell->conf;
	follow_commit(run->follow, conf, now);
	if (purge_caches_commit(run->caches, before) < 0 ||
	    !same_file(conf->server.fetch_ca_file, before->server.fetch_ca_file) ||
	    shell_outdated(run->shell))
		shell_end(run->shell, 0);
}

static void run_abandon(void *context)
{
	struct run *run = context;
	follow_abandon(run->follow);
}

/* ---- questions of the operator ---- */

static void run_status(void *context, struct moment now, struct buffer *out)
{
	struct run *run = context;
	buffer_put_u8(out, '{');
	purge_caches_status(run->caches, now, out);
	buffer_put_u8(out, ',');
	follow_put_status(run->follow, now, out);
	buffer_put_u8(out, '}');
}

/* ---- from the ledger ---- */

static int run_frame(void *context, struct peer peer, uint8_t type, struct view payload)
{
	const struct run *run = context;
	(void)peer;
	return purge_caches_frame(run->caches, type, payload);
}

/* "fetch", "fetch ISSUER" */
static int run_command(void *context, uint32_t ticket, struct view words, struct moment now,
		       struct buffer *out)
{
	static const char word[] = "fetch";
	const size_t size = sizeof(word) - 1;
	struct run *run = context;
	(void)ticket;
	if (words.size < size || memcmp(words.data, word, size) != 0 ||
	    (words.size > size && words.data[size] != ' '))
		return -ENOENT;
	size_t skip = words.size > size ? size + 1 : size;
	struct view issuer = view_of(words.data + skip, words.size - skip);
	buffer_printf(out, "{\"fetching\":%u}", follow_now(run->follow, issuer, now));
	return 0;
}

const struct room_plan fetcher_plan = {
	.options = CONF_FETCHER,
	.processes = run_processes,
	.open = run_open,
	.needs = run_needs,
	.close = run_close,
	.peers = ROOM_BIT(ROOM_LEDGER),
	.frame = run_frame,
	.prepare = run_prepare,
	.commit = run_commit,
	.abandon = run_abandon,
	.turn = run_turn,
	.imported = run_imported,
	.status = run_status,
	.command = run_command,
};
