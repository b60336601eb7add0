#include "calm.h"

#define YEAR_S (366 * INT64_C(86400))

static void end_transactions(struct world *w)
{
	struct cluster *c = &w->cluster;
	for (unsigned i = 0; i < SIM_TRANSACTIONS; i++) {
		(void)server_show(c, c->authority, i);
		if (i % 2 == 0)
			(void)server_commit(c, c->authority, i, false);
		(void)server_rollback(c, c->authority, i);
	}
}

static void mend_row(struct world *w, unsigned issuer, unsigned serial)
{
	struct cluster *c = &w->cluster;
	const struct change *row = c->servers[c->authority].rows[issuer][serial];
	if (!row || !row->bad || !server_begin(c, c->authority, 0))
		return;
	(void)server_write(c, c->authority, 0, issuer, serial, 7);
	(void)server_commit(c, c->authority, 0, false);
}

static void mend_servers(struct world *w)
{
	struct cluster *c = &w->cluster;
	server_start(c, c->authority);
	w->no_beats = false;
	for (unsigned i = 0; i < SIM_SERVERS; i++) {
		c->servers[i].clock_us = SIM_CLOCK_US;
		c->servers[i].held = c->servers[i].paused = c->servers[i].foreign = false;
	}
	end_transactions(w);
}

static void mend_rows(struct world *w)
{
	for (unsigned i = 0; i < w->options.issuers; i++)
		for (unsigned k = 0; k <= SIM_SERIALS; k++)
			mend_row(w, i, k);
	for (unsigned i = 0; i < w->options.issuers; i++)
		(void)server_register(&w->cluster, w->cluster.authority, i);
	for (unsigned i = 0; i < w->options.issuers; i++)
		(void)server_crl(&w->cluster, w->cluster.authority, i, 0, YEAR_S);
	for (unsigned i = 0; i < w->options.issuers; i++)
		for (unsigned k = 0; k < SIM_SERIALS; k++)
			stored_import(w, i, k, 0, IMPORT_HONEST, YEAR_S);
	w->mended = true;
}

/* Away from servers that nobody feeds any more. */
static void mend_route(struct instance *in)
{
	struct cluster *c = &in->world->cluster;
	const struct server *s = &c->servers[in->server];
	bool fed = in->server == c->authority ||
		   (s->alive && !s->primary && s->upstream == c->authority);
	if (!fed)
		in->server = c->authority;
	if (in->feed.server != in->server)
		feed_cut(in, "another server");
	if (in->fetch.server != in->server)
		fetch_cut(in);
	for (unsigned i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		if (in->lookups[i].server != in->server)
			lookup_cut(in, &in->lookups[i], "another server");
}

static void mend_instance(struct instance *in)
{
	in->held = 0;
	in->feed.long_until_us = 0;
	in->journal.broken = false;
	instance_clock(in, SIM_CLOCK_US);
	mend_route(in);
	ledger_start(in);
	for (unsigned i = 0; i < in->world->options.fronts; i++)
		front_start(&in->fronts[i]);
	for (unsigned i = 0; i < in->world->options.signers; i++) {
		signer_attach(in, i);
		in->signers[i].result = OCSP_SUCCESSFUL;
	}
}

/* Each certificate, at each front, with a nonce and without. */
static void ask_all(struct world *w)
{
	for (unsigned n = 0; n < w->options.instances * w->options.fronts; n++)
		for (unsigned k = 0; k < SIM_SERIALS * w->options.issuers; k++) {
			unsigned serial = k % SIM_SERIALS;
			ask(&w->instances[n / w->options.fronts], n % w->options.fronts,
			    k / SIM_SERIALS, 1, &serial, false, k % 2 != 0);
		}
}

static void must_be_ready(struct instance *in)
{
	struct moment now = instance_now(in);
	for (unsigned i = 0; i < in->world->options.fronts; i++) {
		const char *reason = answers_not_ready(in->fronts[i].answers, &now);
		if (reason && in->world->mended &&
		    (in->world->accepted ||
		     in->conf.database.on_lost_history == LOST_HISTORY_CONTINUE))
			world_broken(in->world, "I-8", "instance %u front %u is not ready: %s",
				     in->index, i, reason);
	}
	if (!TAILQ_EMPTY(&in->questions))
		world_broken(in->world, "I-7", "instance %u: questions stay open", in->index);
	if (ledger_open(in->ledger) > 0)
		world_broken(in->world, "I-8", "instance %u: the ledger keeps %zu questions",
			     in->index, ledger_open(in->ledger));
}

static void must_answer(struct world *w)
{
	w->calm_us = w->cluster.now_us;
	ask_all(w);
	world_time(w, w->answer_timeout_us);
	for (unsigned i = 0; i < w->options.instances; i++)
		must_be_ready(&w->instances[i]);
}

/* What a superuser deleted is noticed by a load. What is lost is accepted, and then everything is as the database says it. */
static void accept_all(struct world *w)
{
	for (unsigned i = 0; i < w->options.instances; i++)
		feed_cut(&w->instances[i], "to see what is lost");
	world_time(w, w->freshness_us);
	for (unsigned i = 0; i < w->options.instances; i++)
		accept_history(&w->instances[i]);
	world_time(w, w->freshness_us);
	w->accepted = true;
}

/* Who has read a server that was promoted beside the authority goes back to an older timeline only when told to. */
static void go_back_all(struct world *w)
{
	for (unsigned i = 0; i < w->options.instances; i++)
		if (ledger_replaced(w->instances[i].ledger))
			accept_history(&w->instances[i]);
	world_time(w, 2 * w->freshness_us + w->answer_timeout_us);
}

void calm(struct world *w)
{
	mend_servers(w);
	for (unsigned i = 0; i < w->options.instances; i++)
		mend_instance(&w->instances[i]);
	world_time(w, 2 * w->freshness_us + w->answer_timeout_us);
	go_back_all(w);
	w->calm = true;
	must_answer(w);
	mend_rows(w);
	world_time(w, w->freshness_us + SECOND_US);
	must_answer(w);
	accept_all(w);
	must_answer(w);
}
