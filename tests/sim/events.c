#include "events.h"

#include "calm.h"

#include <inttypes.h>

#define EVENT_ROW(name, arguments, text) {#name, arguments, text},
static const struct {
	const char *name;
	unsigned arguments;
	const char *text;
} kinds[] = {EVENTS(EVENT_ROW)};

/* ---- arguments, as numbers that mean something ---- */

static unsigned number(const struct event *event, unsigned index, unsigned below)
{
	return (unsigned)((uint64_t)event->arguments[index] % below);
}

static struct instance *instance_of(struct world *w, const struct event *event)
{
	return &w->instances[number(event, 0, w->options.instances)];
}

static unsigned authority(const struct world *w)
{
	return w->cluster.authority;
}

static void run_ask(struct world *w, const struct event *event)
{
	unsigned first = number(event, 3, SIM_SERIALS);
	unsigned flags = (unsigned)event->arguments[4];
	unsigned serials[SIM_CERTIDS] = {first, (first + 1) % SIM_SERIALS,
					 (first + 2) % SIM_SERIALS};
	ask(instance_of(w, event), number(event, 1, w->options.fronts),
	    number(event, 2, w->options.issuers), flags & 4 ? 3 : 1, serials, flags & 1, flags & 2);
}

static void run_deliver(struct world *w, const struct event *event)
{
	(void)pipe_deliver(instance_of(w, event), number(event, 1, SIM_PIPES),
			   (size_t)event->arguments[2]);
}

static void run_change(struct world *w, const struct event *event)
{
	struct cluster *c = &w->cluster;
	unsigned place = 0;
	while (place < SIM_TRANSACTIONS && !server_begin(c, authority(w), place))
		place++;
	if (place == SIM_TRANSACTIONS)
		return;
	(void)server_write(c, authority(w), place, number(event, 0, w->options.issuers),
			   number(event, 1, SIM_SERIALS + 1), number(event, 2, 8));
	(void)server_commit(c, authority(w), place, false);
}

static void run_write(struct world *w, const struct event *event)
{
	(void)server_write(&w->cluster, authority(w), number(event, 0, SIM_TRANSACTIONS),
			   number(event, 1, w->options.issuers), number(event, 2, SIM_SERIALS + 1),
			   number(event, 3, 8));
}

/* ---- servers come and go ---- */

static void gone(struct world *w, unsigned server)
{
	server_crash(&w->cluster, server);
	sources_cut(w, server);
}

static void named(struct world *w, unsigned server)
{
	unsigned before = authority(w);
	if (before != server)
		gone(w, before);
	cluster_name(&w->cluster, server);
	for (unsigned i = 0; i < w->options.instances; i++)
		if (w->instances[i].server == before)
			w->instances[i].server = server;
}

static void run_promote(struct world *w, const struct event *event)
{
	unsigned server = number(event, 0, SIM_SERVERS);
	const struct server *s = &w->cluster.servers[server];
	if (!s->exists || s->primary || s->upstream != authority(w) || !s->alive)
		return;
	gone(w, authority(w));
	if (server_promote(&w->cluster, server))
		named(w, server);
}

static void run_name(struct world *w, const struct event *event)
{
	unsigned server = number(event, 0, SIM_SERVERS);
	const struct server *s = &w->cluster.servers[server];
	if (!s->exists || !s->primary || server == authority(w))
		return;
	named(w, server);
	server_start(&w->cluster, server);
}

static void run_rebuild(struct world *w, const struct event *event)
{
	unsigned server = cluster_rebuild(&w->cluster, authority(w), (uint32_t)event->arguments[0],
					  number(event, 1, SIM_ISSUERS));
	if (server < SIM_SERVERS)
		named(w, server);
}

static void run_route(struct world *w, const struct event *event)
{
	struct instance *in = instance_of(w, event);
	unsigned server = number(event, 1, SIM_SERVERS);
	const struct server *s = &w->cluster.servers[server];
	if (s->exists && s->alive &&
	    (server == authority(w) || (!s->primary && s->upstream == authority(w))))
		in->server = server;
}

static void run_clock(struct world *w, const struct event *event)
{
	instance_clock(instance_of(w, event), SIM_CLOCK_US + event->arguments[1]);
}

static void run_clocks(struct world *w, const struct event *event)
{
	for (unsigned i = 0; i < SIM_SERVERS; i++)
		w->cluster.servers[i].clock_us = SIM_CLOCK_US + event->arguments[0];
}

static void run_signer_says(struct world *w, const struct event *event)
{
	static const enum ocsp_result results[] = {OCSP_SUCCESSFUL, OCSP_TRY_LATER,
						   OCSP_INTERNAL_ERROR};
	instance_of(w, event)->signers[number(event, 1, SIM_SIGNERS)].result =
		results[number(event, 2, array_size(results))];
}

static void run_import(struct world *w, const struct event *event)
{
	stored_import(w, number(event, 0, w->options.issuers), number(event, 1, SIM_SERIALS),
		      number(event, 2, SIM_HASHES), (enum import)number(event, 3, IMPORTS),
		      event->arguments[4]);
}

static void run_server_event(struct world *w, const struct event *event)
{
	struct cluster *c = &w->cluster;
	unsigned place = number(event, 0, SIM_TRANSACTIONS), server = number(event, 0, SIM_SERVERS);
	switch (event->kind) {
	case EVENT_BEGIN:
		(void)server_begin(c, authority(w), place);
		break;
	case EVENT_REGISTER:
		(void)server_register(c, authority(w), number(event, 0, w->options.issuers));
		break;
	case EVENT_CRL:
		(void)server_crl(c, authority(w), number(event, 0, w->options.issuers),
				 number(event, 1, SIM_SERIALS), event->arguments[2]);
		break;
	case EVENT_PREPARE:
		(void)server_prepare(c, authority(w), place);
		break;
	case EVENT_COMMIT:
	case EVENT_WAIT:
		(void)server_commit(c, authority(w), place, event->kind == EVENT_WAIT);
		break;
	case EVENT_SHOW:
		(void)server_show(c, authority(w), place);
		break;
	case EVENT_ROLLBACK:
		(void)server_rollback(c, authority(w), place);
		break;
	case EVENT_BEATS:
		w->no_beats = event->arguments[0] == 0;
		break;
	case EVENT_STANDBY:
		(void)cluster_add_standby(c, authority(w));
		break;
	case EVENT_LAG:
		c->servers[server].held = event->arguments[1] != 0;
		break;
	case EVENT_REPLAY:
		server_replay(c, server, (size_t)event->arguments[1]);
		break;
	case EVENT_PAUSE:
		c->servers[server].paused = event->arguments[1] != 0;
		break;
	case EVENT_CRASH:
		gone(w, authority(w));
		break;
	case EVENT_START:
		server_start(c, authority(w));
		break;
	case EVENT_SAVE:
		server_save(c, authority(w));
		break;
	case EVENT_RESTORE:
		(void)server_restore(c, authority(w));
		break;
	case EVENT_DELETE:
		(void)server_delete(c, authority(w), number(event, 0, w->options.issuers),
				    number(event, 1, SIM_SERIALS));
		break;
	case EVENT_TRUNCATE:
		(void)server_truncate_log(c, authority(w));
		break;
	case EVENT_FOREIGN:
		c->servers[authority(w)].foreign = event->arguments[0] != 0;
		break;
	default:
		break;
	}
}

static void run_cut(struct instance *in, unsigned what)
{
	if (what == 0)
		feed_cut(in, "cut");
	else if (what == 1)
		lookups_cut(in, "cut");
	else if (what == 2)
		fetch_cut(in);
	else
		lookup_cut(in, &in->lookups[what - 3], "cut");
}

static void run_instance_event(struct world *w, const struct event *event)
{
	struct instance *in = instance_of(w, event);
	unsigned front = number(event, 1, w->options.fronts);
	unsigned signer = number(event, 1, w->options.signers);
	switch (event->kind) {
	case EVENT_TURN:
		turn_end(in);
		break;
	case EVENT_FEED:
		(void)feed_step(in);
		break;
	case EVENT_LONG:
		feed_long(in, event->arguments[1]);
		break;
	case EVENT_LOOKUP:
		(void)lookup_step(in, number(event, 1, LIMIT_LOOKUP_BATCHES));
		break;
	case EVENT_FETCH:
		(void)fetch_step(in);
		break;
	case EVENT_SIGN:
		(void)signer_sign(in, signer);
		break;
	case EVENT_HOLD:
		in->held = (uint32_t)event->arguments[1];
		break;
	case EVENT_CUT:
		run_cut(in, number(event, 1, 3 + LIMIT_LOOKUP_BATCHES));
		break;
	case EVENT_DIE:
		ledger_crash(in, event->arguments[1] != 0);
		break;
	case EVENT_LIVE:
		ledger_start(in);
		break;
	case EVENT_DAMAGE:
		journal_damage(in, (size_t)event->arguments[1]);
		break;
	case EVENT_ROT:
		kept_damage(in, (size_t)event->arguments[1]);
		break;
	case EVENT_DISK:
		in->journal.broken = event->arguments[1] != 0;
		break;
	case EVENT_ACCEPT:
		accept_history(in);
		break;
	case EVENT_FRONTDIE:
		front_crash(&in->fronts[front]);
		break;
	case EVENT_FRONTLIVE:
		front_start(&in->fronts[front]);
		break;
	case EVENT_SIGNERLOST:
		signer_lose(in, signer);
		break;
	case EVENT_SIGNERBACK:
		signer_attach(in, signer);
		break;
	default:
		break;
	}
}

static void (*const runs[EVENT_KINDS])(struct world *w, const struct event *event) = {
	[EVENT_ASK] = run_ask,
	[EVENT_DELIVER] = run_deliver,
	[EVENT_CHANGE] = run_change,
	[EVENT_WRITE] = run_write,
	[EVENT_REGISTER] = run_server_event,
	[EVENT_BEGIN] = run_server_event,
	[EVENT_CRL] = run_server_event,
	[EVENT_PREPARE] = run_server_event,
	[EVENT_COMMIT] = run_server_event,
	[EVENT_WAIT] = run_server_event,
	[EVENT_SHOW] = run_server_event,
	[EVENT_ROLLBACK] = run_server_event,
	[EVENT_BEATS] = run_server_event,
	[EVENT_STANDBY] = run_server_event,
	[EVENT_LAG] = run_server_event,
	[EVENT_REPLAY] = run_server_event,
	[EVENT_PAUSE] = run_server_event,
	[EVENT_CRASH] = run_server_event,
	[EVENT_START] = run_server_event,
	[EVENT_PROMOTE] = run_promote,
	[EVENT_NAME] = run_name,
	[EVENT_SAVE] = run_server_event,
	[EVENT_RESTORE] = run_server_event,
	[EVENT_REBUILD] = run_rebuild,
	[EVENT_DELETE] = run_server_event,
	[EVENT_TRUNCATE] = run_server_event,
	[EVENT_FOREIGN] = run_server_event,
	[EVENT_CLOCK] = run_clock,
	[EVENT_CLOCKS] = run_clocks,
	[EVENT_ROUTE] = run_route,
	[EVENT_SIGNERSAYS] = run_signer_says,
	[EVENT_IMPORT] = run_import,
};

void event_run(struct world *w, const struct event *event)
{
	w->events++;
	world_mix(w, (uint64_t)event->kind + 64);
	if (w->options.verbose) {
		(void)printf("%9.3f  ", (double)(w->cluster.now_us - SIM_START_US) / 1e6);
		event_write(stdout, event);
	}
	if (event->kind == EVENT_TIME)
		world_time(w, event->arguments[0]);
	else if (event->kind == EVENT_SLEEP)
		world_sleep(w, event->arguments[0]);
	else if (event->kind == EVENT_SETTLE)
		world_settle(w);
	else if (event->kind == EVENT_CALM)
		calm(w);
	else if (runs[event->kind])
		runs[event->kind](w, event);
	else
		run_instance_event(w, event);
	world_mix(w, (uint64_t)w->cluster.now_us);
}

const char *event_name(enum event_kind kind)
{
	return kinds[kind].name;
}

void event_write(FILE *file, const struct event *event)
{
	(void)fputs(kinds[event->kind].name, file);
	for (unsigned i = 0; i < kinds[event->kind].arguments; i++)
		(void)fprintf(file, " %" PRId64, event->arguments[i]);
	(void)fputc('\n', file);
}

void events_explain(void)
{
	for (unsigned i = 0; i < EVENT_KINDS; i++)
		(void)printf("%-11s %s\n", kinds[i].name, kinds[i].text);
}

bool event_read(const char *line, struct event *ret)
{
	size_t size = strcspn(line, " \n");
	for (unsigned i = 0; i < EVENT_KINDS; i++) {
		if (strlen(kinds[i].name) != size || memcmp(kinds[i].name, line, size) != 0)
			continue;
		*ret = (struct event){.kind = (enum event_kind)i};
		char *at = (char *)line + size;
		for (unsigned k = 0; k < kinds[i].arguments; k++)
			ret->arguments[k] = strtoll(at, &at, 10);
		return true;
	}
	return false;
}
