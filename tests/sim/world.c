#include "world.h"

#include "ipc/messages.h"
#include "made_conf.h"
#include "ocsp/certificate.h"
#include "unit/ledger/made_stored.h"

#include <stdarg.h>

#define STEP_US (10 * MILLISECOND_US)
#define BEAT_US (100 * MILLISECOND_US)

uint32_t draw(struct chance *c, uint32_t below)
{
	c->drawn++;
	return (uint32_t)(siphash(&c->key, view_of(&c->drawn, sizeof(c->drawn))) % below);
}

void world_mix(struct world *w, uint64_t value)
{
	w->hash = (w->hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	w->hash ^= w->hash >> 29;
}

void world_broken(struct world *w, const char *invariant, const char *format, ...)
{
	va_list arguments;
	if (w->broken[0])
		return;
	va_start(arguments, format);
	(void)vsnprintf(w->broken, sizeof(w->broken), format, arguments);
	va_end(arguments);
	(void)snprintf(w->invariant, sizeof(w->invariant), "%s", invariant);
}

void world_trace(struct world *w, const char *format, ...)
{
	va_list arguments;
	if (!w->options.verbose)
		return;
	(void)printf("%9.3f  ", (double)(w->cluster.now_us - SIM_START_US) / 1e6);
	va_start(arguments, format);
	(void)vprintf(format, arguments);
	va_end(arguments);
	(void)putchar('\n');
}

/* ---- making ---- */

/* By the seed, so that a list of events needs nothing else to be repeated. */
static void options_draw(struct world *w, struct options *o)
{
	struct chance *c = &w->chance;
	o->instances = 1 + (draw(c, 3) == 0);
	o->fronts = 1 + draw(c, SIM_FRONTS);
	o->signers = 1 + draw(c, SIM_SIGNERS);
	o->issuers = 2 + draw(c, SIM_ISSUERS - 1);
	o->standbys = draw(c, 3);
	o->registered = draw(c, 6) ? UINT32_MAX : draw(c, 1u << SIM_ISSUERS);
	w->freshness_us = (draw(c, 3) ? 1 : 5) * SECOND_US;
	w->answer_timeout_us = 3 * SECOND_US;
	w->poll_interval_us = 50 * MILLISECOND_US;
}

char *world_issuer_name(unsigned issuer)
{
	static char names[SIM_ISSUERS][2] = {"A", "B", "C"};
	return names[issuer];
}

static void issuer_make(struct world *w, unsigned issuer)
{
	static const char *const strangers[SIM_ISSUERS] = {"D", "E", "F"};
	const char *name = world_issuer_name(issuer);
	struct certificate certificate;
	struct message_offer offer = {
		.issuer = issuer, .count = 1, .signers = view_of_string(name)};
	static const uint8_t algorithm[] = {0x06, 0x03, 0x2a, 1, 2};
	made_signing_certificate(&w->certificates[issuer], name);
	made_certificate(&w->another[issuer], strangers[issuer], strangers[issuer]);
	if (certificate_read(buffer_view(&w->certificates[issuer]), &certificate) != 0 ||
	    ocsp_issuer_init(&w->hashes[issuer], certificate.subject, certificate.key_bits) < 0)
		abort();
	offer.algorithms[0] = view_of(algorithm, sizeof(algorithm));
	for (int i = 0; i < OCSP_HASHES; i++)
		offer.key_hashes[i] = view_of(w->hashes[issuer].hashes[i].key,
					      ocsp_hash_size((enum ocsp_hash)(i + 1)));
	message_offer_write(&w->offers[issuer], &offer);
}

/* Of the option table, read once: worlds are many. */
static struct conf standard_conf;
static struct conf_issuer standard_section;

static void standards_read(void)
{
	static bool done;
	if (!done)
		standard_section = made_issuer(CONF_FRONT | CONF_LEDGER);
	if (!done)
		standard_conf = made_conf_of(CONF_FRONT | CONF_LEDGER, NULL, 0);
	done = true;
}

static void section_make(struct world *w, struct conf_issuer *section, unsigned issuer)
{
	static const int64_t validities[] = {8, 60, 3600, 8 * 3600};
	struct chance *c = &w->chance;
	*section = standard_section;
	section->name = world_issuer_name(issuer);
	section->validity_us = validities[draw(c, 4)] * SECOND_US;
	section->policy.complete = draw(c, 4) != 0;
	section->source = draw(c, 6) == 0 ? SOURCE_PRESIGNED : SOURCE_SIGNER;
	section->hold_releasable = draw(c, 8) != 0;
	section->extensions[EXTENSION_CERT_HASH] = draw(c, 8) == 0;
}

static void conf_make(struct instance *in)
{
	struct chance *c = &in->world->chance;
	struct conf *conf = &in->conf;
	*conf = standard_conf;
	conf->server.cache_size = 1u << 16;
	conf->server.answer_timeout_us = in->world->answer_timeout_us;
	conf->server.max_age_us = 300 * SECOND_US;
	conf->server.max_certids = LIMIT_CERTIDS;
	conf->server.known_size = draw(c, 3) ? 1u << 16 : 0;
	conf->database.poll_interval_us = in->world->poll_interval_us;
	conf->database.freshness_us = in->world->freshness_us;
	conf->database.on_lost_history = draw(c, 4) ? LOST_HISTORY_CONTINUE : LOST_HISTORY_STOP;
	conf->issuers = in->sections;
	conf->issuer_count = in->world->options.issuers;
	for (unsigned i = 0; i < conf->issuer_count; i++)
		section_make(in->world, &in->sections[i], i);
}

static const struct cluster_ops cluster_ops = {.became = oracle_became};

static void servers_make(struct world *w)
{
	w->cluster.ops = &cluster_ops;
	w->cluster.context = w;
	w->cluster.now_us = SIM_START_US;
	cluster_init(&w->cluster, w->options.registered & ((1u << w->options.issuers) - 1));
	w->cluster.servers[0].clock_us = SIM_CLOCK_US;
	for (unsigned i = 0; i < w->options.standbys; i++)
		(void)cluster_add_standby(&w->cluster, 0);
	(void)server_beat(&w->cluster, 0);
}

static void instances_make(struct world *w)
{
	for (unsigned i = 0; i < w->options.instances; i++) {
		struct instance *in = &w->instances[i];
		in->world = w;
		in->index = i;
		in->clock_us = in->clock_before_us = SIM_CLOCK_US;
		in->clock_set_us = INT64_MIN / 2;
		in->server = draw(&w->chance, 1 + w->options.standbys);
		conf_make(in);
		in->journal.kept = draw(&w->chance, 4) != 0;
		in->kept.on = draw(&w->chance, 4) != 0;
		in->conf.server.kept_answers = 65536;
		instance_make(in);
	}
}

void world_make(struct world *w, uint64_t seed, bool verbose)
{
	*w = (struct world){.chance.key = {.k0 = seed, .k1 = 1}};
	w->options.seed = seed;
	w->options.verbose = verbose;
	standards_read();
	world_random_reset(seed);
	options_draw(w, &w->options);
	for (unsigned i = 0; i < w->options.issuers; i++)
		issuer_make(w, i);
	servers_make(w);
	instances_make(w);
}

void world_end(struct world *w)
{
	for (unsigned i = 0; i < w->options.instances; i++)
		instance_end(&w->instances[i]);
	cluster_deinit(&w->cluster);
	for (unsigned i = 0; i < SIM_ISSUERS; i++) {
		buffer_deinit(&w->another[i]);
		buffer_deinit(&w->certificates[i]);
		buffer_deinit(&w->offers[i]);
		for (unsigned k = 0; k <= SIM_SERIALS; k++)
			free(w->truths[i][k].each);
	}
}

/* ---- time ---- */

static bool feed_due(const struct instance *in)
{
	const struct feed *f = &in->feed;
	bool read = f->state == FEED_POLLED && in->world->cluster.now_us >= f->long_until_us;
	return f->reload || f->state == FEED_LOADING || read ||
	       (f->state == FEED_AWAY && in->world->cluster.now_us >= f->retry_at_us) ||
	       (f->state == FEED_WAITING && in->world->cluster.now_us >= f->poll_at_us);
}

/* What goes by itself, unless it is held. */
static bool instance_moves(struct instance *in)
{
	bool moved = false;
	while (!(in->held & HELD_FEED) && feed_due(in) && feed_step(in))
		moved = true;
	while (!(in->held & HELD_LOOKUPS) && (lookup_step(in, 0) || fetch_step(in)))
		moved = true;
	for (unsigned i = 0; i < SIM_PIPES; i++)
		if (!(in->held & HELD_PIPE(i)) && pipe_deliver(in, i, 0))
			moved = true;
	for (unsigned i = 0; i < SIM_SIGNERS; i++)
		while (!(in->held & HELD_SIGNERS) && signer_sign(in, i))
			moved = true;
	turn_end(in);
	return moved;
}

void world_settle(struct world *w)
{
	for (unsigned i = 0; i < w->options.instances; i++)
		for (unsigned turns = 0; instance_moves(&w->instances[i]); turns++)
			if (turns == 10000) {
				world_broken(w, "check", "instance %u never comes to rest", i);
				break;
			}
}

static void servers_move(struct world *w)
{
	struct cluster *c = &w->cluster;
	const struct server *s = &c->servers[c->authority];
	if (!w->no_beats && (!s->beats || c->now_us - s->beat.true_us >= BEAT_US))
		(void)server_beat(c, c->authority);
	for (unsigned i = 0; i < SIM_SERVERS; i++)
		if (!c->servers[i].held)
			server_replay(c, i, SIZE_MAX);
}

void world_sleep(struct world *w, int64_t us)
{
	struct question *q;
	w->cluster.now_us += us;
	for (unsigned i = 0; i < w->options.instances; i++)
		TAILQ_FOREACH(q, &w->instances[i].questions, all)
			q->asked_us += us; /* nobody can blame it */
}

void world_time(struct world *w, int64_t us)
{
	int64_t end = w->cluster.now_us + us;
	int64_t longest = us > 40 * STEP_US ? 2 * STEP_US : STEP_US;
	while (w->cluster.now_us < end && !w->broken[0]) {
		int64_t left = end - w->cluster.now_us;
		for (unsigned i = 0; i < w->options.instances; i++)
			turn_end(&w->instances[i]);
		w->cluster.now_us += left < longest ? left : longest;
		servers_move(w);
		for (unsigned i = 0; i < w->options.instances; i++)
			instance_time(&w->instances[i]);
		world_settle(w);
	}
}
