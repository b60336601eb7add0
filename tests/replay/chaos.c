/* Each seed makes one world and lets some hundreds of random things happen in it: revocations, holds
 * and releases (some in transactions that stay open), questions, imports of answers, late feeds and lookups, slow and
 * lost signers, restarts, an absent database, time. The oracle judges every answer. */
#include "chaos.h"

#include "alloc/alloc.h"
#include "base/siphash.h"
#include "world.h"

#define STEPS 400u
#define SHORT_STEPS 60u /* where each is run for every request for memory */
#define STEPS_AFTER 8u /* one was refused: what follows might read everything anew */
#define SERIALS 12u

struct chaos {
	struct world world;
	struct siphash_key key;
	uint64_t drawn;
	int64_t start; /* seconds */
};

static unsigned draw(struct chaos *c, unsigned below)
{
	c->drawn++;
	return (unsigned)(siphash(&c->key, view_of(&c->drawn, sizeof(c->drawn))) % below);
}

static struct serial a_serial(struct chaos *c)
{
	return (struct serial){.size = 1, .octets = {(uint8_t)(1 + draw(c, SERIALS))}};
}

/* The newest state, committed or not: what a writer would see once it has the row's lock. */
static const struct change *newest(const struct database *db, int32_t issuer,
				   const struct serial *serial)
{
	const struct change *change, *last = NULL;
	TAILQ_FOREACH(change, &db->log, log)
		if (!change->whole_issuer && change->record.issuer == issuer &&
		    view_equal(serial_view(&change->record.serial), serial_view(serial)))
			last = change;
	return last;
}

/* Half of the certificates end while the world lasts. */
static int64_t end_of(const struct chaos *c, const struct serial *serial)
{
	return serial->octets[0] % 2 ? TIME_NONE : c->start + 2 * serial->octets[0];
}

/* A move that the database's trigger allows; a row that an open transaction changed is locked. */
static void write_something(struct chaos *c, int transaction)
{
	struct world *w = &c->world;
	unsigned issuer = draw(c, w->issuer_count);
	struct serial serial = a_serial(c);
	const struct change *row = newest(&w->database, database_issuer_id(issuer), &serial);
	enum cert_status status = CERT_GOOD;
	enum revocation_reason reason = REASON_KEY_COMPROMISE;
	if (row && !row->committed)
		return;
	if (row && row->record.status == CERT_REVOKED)
		return;
	if (row && row->record.status == CERT_GOOD)
		status = draw(c, 3) ? CERT_HELD : draw(c, 2) ? CERT_WITHDRAWN : CERT_REVOKED;
	if (row && row->record.status == CERT_WITHDRAWN)
		status = draw(c, 2) ? CERT_GOOD : draw(c, 2) ? CERT_HELD : CERT_REVOKED;
	if (row && row->record.status == CERT_HELD)
		status = draw(c, 4) ? CERT_GOOD : CERT_REVOKED;
	if (status == CERT_HELD)
		reason = REASON_CERTIFICATE_HOLD;
	database_write(w, issuer, &serial, status, reason, transaction)->record.not_after =
		end_of(c, &serial);
}

static void a_transaction(struct chaos *c)
{
	int transaction = (int)draw(c, WORLD_TRANSACTIONS);
	if (c->world.database.open[transaction])
		database_end(&c->world, transaction, draw(c, 4) != 0);
	else
		write_something(c, transaction);
}

static void a_crl(struct chaos *c)
{
	static const int64_t lasts[] = {0, 2, 5, 3600, 3600};
	unsigned issuer = draw(c, c->world.issuer_count);
	if (draw(c, 4) == 0)
		database_poll_begins(&c->world);
	database_crl(&c->world, issuer, lasts[draw(c, array_size(lasts))] * SECOND_US);
	if (draw(c, 4) == 0)
		database_poll_begins(&c->world);
}

static const char *const algorithms[] = {"rsa", "ecdsa", "sha1"};

static void an_offer(struct chaos *c)
{
	struct world *w = &c->world;
	struct world_algorithm both[2];
	unsigned first = draw(c, 2);
	for (unsigned i = 0; i < 2; i++)
		both[i] = world_algorithm(algorithms[(first + i) % 2]);
	world_signers_offer(w, draw(c, w->issuer_count), both, 1 + draw(c, 2));
}

/* P-17 */
static void wishes(struct chaos *c)
{
	struct world *w = &c->world;
	w->prefer_count = draw(c, 3);
	for (unsigned i = 0; i < w->prefer_count; i++)
		w->prefers[i] = world_algorithm(algorithms[draw(c, array_size(algorithms))]);
}

static bool is_presigned(const struct world *w, unsigned issuer)
{
	const struct conf_issuer *section = conf_issuer_named(w->conf, w->issuers[issuer].name);
	return section && section->source == SOURCE_PRESIGNED;
}

/* Of what the database says now; or a good of what is revoked for ever, or a forged one, past the importer. */
static void an_import(struct chaos *c, unsigned issuer, bool honest)
{
	struct world *w = &c->world;
	struct serial serial = a_serial(c);
	struct stored_wish wish = {
		.hash = draw(c, 4) ? OCSP_HASH_SHA1 : OCSP_HASH_SHA256,
		.life_us = (int64_t)(1 + draw(c, 20)) * SECOND_US,
	};
	if (!stored_says(w, issuer, &serial, &wish.says))
		return;
	bool final =
		wish.says.status == OCSP_REVOKED && wish.says.reason != REASON_CERTIFICATE_HOLD;
	wish.forged = !honest && draw(c, 8) == 0;
	if (!honest && final && draw(c, 3) == 0)
		wish.says = (struct ocsp_cert_status){.status = OCSP_GOOD,
						      .revoked_at = TIME_NONE,
						      .reason = REASON_NONE,
						      .invalidity_at = TIME_NONE};
	stored_import(w, issuer, &serial, &wish);
}

static void a_question(struct chaos *c)
{
	struct world *w = &c->world;
	unsigned issuers[3], count = draw(c, 8) ? 1 : 3, issuer = draw(c, w->issuer_count);
	if (is_presigned(w, issuer) && draw(c, 3) == 0)
		an_import(c, issuer, false);
	struct serial serials[3];
	for (unsigned i = 0; i < count; i++) {
		issuers[i] = issuer;
		serials[i] = a_serial(c);
	}
	wishes(c);
	(void)world_ask(w, draw(c, w->front_count), count, issuers, serials,
			draw(c, 4) ? OCSP_HASH_SHA1 : OCSP_HASH_SHA256, draw(c, 4) == 0);
}

static void the_feed(struct chaos *c)
{
	c->world.feed_on = draw(c, 3) != 0;
	if (c->world.database.up && draw(c, 2))
		database_poll(&c->world);
}

static void the_lookups(struct chaos *c)
{
	c->world.stored_held = draw(c, 3) == 0;
	if (!c->world.stored_held)
		stored_go(&c->world);
	c->world.lookups_held = draw(c, 2);
	if (!c->world.lookups_held)
		world_lookups_go(&c->world, draw(c, 2));
}

static void a_signer(struct chaos *c)
{
	struct world *w = &c->world;
	unsigned index = w->half * WORLD_SIGNERS + draw(c, w->signer_count);
	struct fake_signer *signer = &w->signers[index];
	if (draw(c, 6) == 0 && signer->attached)
		world_signer_detach(w, index);
	else if (!signer->attached)
		world_signer_attach(w, index);
	else if (signer->holds)
		world_signer_signs(w, index);
	else if (draw(c, 3) == 0)
		an_offer(c);
	else
		signer->holds = true;
}

static void a_restart(struct chaos *c)
{
	if (draw(c, 3) == 0)
		world_restart_ledger(&c->world);
	else
		world_restart_front(&c->world, draw(c, c->world.front_count));
}

static void the_database(struct chaos *c)
{
	if (c->world.database.up && draw(c, 3) == 0)
		database_down(&c->world);
	else if (!c->world.database.up)
		database_up(&c->world);
	else if (draw(c, 2))
		database_pause(&c->world, !c->world.database.paused);
}

static void some_time(struct chaos *c)
{
	static const int64_t durations[] = {1, 10, 50, 200, 700, 3000};
	unsigned longest = draw(c, 10) ? 4 : array_size(durations);
	world_time_passes(&c->world, durations[draw(c, longest)] * MILLISECOND_US);
}

/* P-22, P-23, P-27, P-53 */
static void policies(struct chaos *c, struct conf_issuer *section)
{
	section->policy.unassigned = draw(c, 2) ? UNASSIGNED_UNKNOWN : UNASSIGNED_REVOKED;
	section->policy.complete = draw(c, 4) != 0;
	section->extensions[EXTENSION_CRL_ID] = draw(c, 2) != 0;
	section->policy.expired = draw(c, 2) ? EXPIRED_ANSWER : EXPIRED_UNAUTHORIZED;
	section->outlive = draw(c, 3) == 0;
	section->final_answers = draw(c, 6) == 0;
	section->profile = draw(c, 3) ? PROFILE_PRIVATE : PROFILE_LIGHTWEIGHT;
	section->source = draw(c, 4) ? SOURCE_SIGNER : SOURCE_PRESIGNED;
}

/* Promise 5: other options, another order, another signer; or what was prepared is forgotten. */
static void a_reload(struct chaos *c)
{
	struct world *w = &c->world;
	if (w->prepared) {
		if (draw(c, 4))
			world_commit(w);
		else
			world_abandon(w);
		return;
	}
	world_edit(w);
	struct conf_issuer *sections = w->edited->issuers, first = sections[0];
	if (draw(c, 3) == 0) {
		sections[0] = sections[1];
		sections[1] = first;
	}
	if (draw(c, 2))
		policies(c, &sections[draw(c, 2)]);
	w->issuers[draw(c, w->issuer_count)].signers += draw(c, 2);
	sections[0].validity_us = draw(c, 2) ? 8 * SECOND_US : 3600 * SECOND_US;
	world_prepare(w);
}

static void rare(struct chaos *c)
{
	if (draw(c, 8) == 0)
		database_revoke_issuer(&c->world, draw(c, c->world.issuer_count));
	else
		a_restart(c);
}

static void something(struct chaos *c)
{
	unsigned dice = draw(c, 100);
	if (dice < 40)
		a_question(c);
	else if (dice < 55)
		write_something(c, -1);
	else if (dice < 61)
		a_transaction(c);
	else if (dice < 64)
		a_crl(c);
	else if (dice < 78)
		some_time(c);
	else if (dice < 84)
		the_feed(c);
	else if (dice < 89)
		the_lookups(c);
	else if (dice < 95)
		a_signer(c);
	else if (dice < 97)
		the_database(c);
	else if (dice < 99 || c->world.prepared)
		a_reload(c);
	else
		rare(c);
	world_settle(&c->world);
}

static void prepare(struct chaos *c)
{
	struct world *w = &c->world;
	if (world_init(w) < 0)
		abort();
	c->start = wall_seconds(w->now.wall_us);
	(void)world_add_issuer(w, "A", true, true);
	(void)world_add_issuer(w, "B", true, true);
	w->front_count = 2;
	w->signer_count = 2;
	w->conf->database.freshness_us = 1 * SECOND_US;
	/* Half of the worlds have answers that live for seconds, so that they expire and refresh. */
	w->conf->issuers[0].validity_us = draw(c, 2) ? 8 * SECOND_US : 3600 * SECOND_US;
	policies(c, &w->conf->issuers[0]);
	w->conf->server.max_age_us = (int64_t)draw(c, 4) * SECOND_US;
	w->keeps = draw(c, 2);
	database_clock(w, draw(c, 2) ? 0 : ((int64_t)draw(c, 9) - 4) * SECOND_US);
	world_start(w);
}

static void mend(struct chaos *c)
{
	struct world *w = &c->world;
	if (!w->database.up)
		database_up(w);
	database_pause(w, false);
	w->feed_on = true;
	w->lookups_held = w->stored_held = false;
	for (unsigned i = 0; i < w->signer_count; i++) {
		unsigned index = w->half * WORLD_SIGNERS + i;
		if (!w->signers[index].attached)
			world_signer_attach(w, index);
		world_signer_signs(w, index);
	}
	world_time_passes(w, 10 * SECOND_US);
}

/* About a certificate that does not end. Where answers are signed beforehand there may be none. */
static bool is_answered(struct world *w, unsigned issuer)
{
	const struct serial serial = {.size = 1, .octets = {1}};
	struct question *q = world_ask(w, 0, 1, &issuer, &serial, OCSP_HASH_SHA1, true);
	world_time_passes(w, 100 * MILLISECOND_US);
	bool is_error = q->result == OCSP_INTERNAL_ERROR || q->result == OCSP_MALFORMED_REQUEST;
	return q->answered &&
	       (q->result == OCSP_SUCCESSFUL || (is_presigned(w, issuer) && !is_error));
}

static bool misses_an_issuer(const struct world *w)
{
	cleanup(buffer_deinit) struct buffer status = {0};
	ledger_status(w->ledger, w->now, &status);
	return memmem(status.data, status.size, "issuer_missing", 14);
}

/* As soon as there is memory again, and everything else too. */
static void must_be_whole(struct chaos *c)
{
	struct world *w = &c->world;
	alloc_serve();
	mend(c);
	if (misses_an_issuer(w)) /* while no row of them is told again */
		world_broken(w, "I-8, doc/faults.md row 28: an issuer stays unknown");
	for (unsigned i = 0; i < w->issuer_count; i++)
		database_crl(w, i, 3600 * SECOND_US);
	world_time_passes(w, 10 * SECOND_US);
	for (unsigned i = 0; i < w->issuer_count; i++)
		if (!is_answered(w, i))
			world_broken(w,
				     "I-8, doc/faults.md row 28: not whole with all memory again");
}

static int seed_run(uint64_t seed, unsigned steps)
{
	struct chaos *c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	c->key = (struct siphash_key){.k0 = seed, .k1 = 1};
	prepare(c);
	unsigned step = 0, end = steps;
	while (step < end && !c->world.broken[0]) {
		step++;
		something(c);
		if (end == steps && alloc_refused() && step + STEPS_AFTER < steps)
			end = step + STEPS_AFTER;
	}
	if (alloc_refused() && !c->world.broken[0])
		must_be_whole(c);
	int result = c->world.broken[0] ? 1 : 0;
	if (result)
		(void)fprintf(stderr, "seed %llu, step %u: %s\n", (unsigned long long)seed, step,
			      c->world.broken);
	world_deinit(&c->world);
	free(c);
	return result;
}

int chaos_run(uint64_t worlds, uint64_t seed)
{
	uint64_t next = seed ? seed : 1, end = seed ? seed + 1 : 1 + worlds;
	int result = 0;
	while (result == 0 && next < end)
		result = seed_run(next++, STEPS);
	(void)printf("%llu random worlds\n", (unsigned long long)(next - (seed ? seed : 1)));
	return result;
}

/* doc/faults.md row 28: each kind of request for memory is refused (alloc/alloc.h). */
static int refuse_each(uint64_t seed)
{
	alloc_watch();
	int result = seed_run(seed, SHORT_STEPS);
	while (result == 0 && alloc_refuse_next()) {
		result = seed_run(seed, SHORT_STEPS);
		if (result)
			alloc_tell();
	}
	alloc_serve();
	return result;
}

int chaos_refuse_memory(uint64_t seeds, uint64_t seed)
{
	int result = 0;
	for (uint64_t i = 0; result == 0 && i < seeds; i++)
		result = refuse_each(seed + i);
	(void)printf("%u worlds of %llu seeds, each without some memory; %u ways to ask for it\n",
		     alloc_refusals(), (unsigned long long)seeds, alloc_ways());
	return result == 0 && alloc_refusals() == 0 ? 1 : result;
}
