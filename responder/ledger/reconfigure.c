/* Another configuration (promise 5): what it needs is built aside, and then everything that points into the
 * present one points into it, at once. Nothing of that can fail.
 *
 * The fence sees to the rest: every open question is marked and decided again, by what counts now. What a
 * signer of before still makes is taken back, and given to one of those that come with the configuration. */
#include "ledger/reconfigure.h"

#include "cache/cache.h"
#include "ledger/binding.h"
#include "ledger/decide.h"
#include "ledger/forgets.h"
#include "ledger/fronts.h"
#include "ledger/known.h"
#include "ledger/readiness.h"
#include "ledger/sections.h"
#include "ledger/signing.h"
#include "ledger/state.h"
#include "ledger/verifying.h"

struct next {
	const struct conf *conf;
	struct offers *offers;
	struct sections *sections;
	struct known *known; /* NULL: of the same size */
	/* Of each section of before: the one that says the same of the same issuer, or NULL. */
	const struct conf_issuer *heirs[];
};

/* ---- aside ---- */

int ledger_prepare(struct ledger *l, const struct conf *conf)
{
	size_t heirs = l->conf->issuer_count * sizeof(const struct conf_issuer *);
	struct next *next = calloc(1, sizeof(*next) + heirs);
	check(!l->next);
	l->next = next;
	if (!next)
		return -ENOMEM;
	next->conf = conf;
	next->offers = offers_new(conf);
	next->sections = sections_new(conf);
	int result = next->offers && next->sections ? 0 : -ENOMEM;
	if (result == 0 && conf->server.known_size != l->conf->server.known_size)
		result = known_new(conf->server.known_size, &next->known);
	if (result < 0)
		ledger_abandon(l);
	return result;
}

bool ledger_prepared(const struct ledger *l)
{
	return l->next && offers_whole(l->next->offers);
}

void ledger_abandon(struct ledger *l)
{
	if (!l->next)
		return;
	offers_free(l->next->offers);
	sections_free(l->next->sections);
	known_free(l->next->known);
	free(l->next);
	l->next = NULL;
}

struct offers *reconfigure_offers(const struct ledger *l, unsigned signer)
{
	if (signer / LIMIT_SIGNERS == l->half)
		return l->offers;
	return l->next ? l->next->offers : NULL;
}

/* ---- who stays the same ---- */

static bool is_same(const struct ledger *l, unsigned section, unsigned heir)
{
	const struct next *next = l->next;
	const struct conf_issuer *before = &l->conf->issuers[section];
	bool ages = before->profile == PROFILE_LIGHTWEIGHT && /* RFC 9919, 7.1 (times.c) */
		    l->conf->server.max_age_us != next->conf->server.max_age_us;
	return !ages && conf_issuer_same(before, &next->conf->issuers[heir], CONF_LEDGER) &&
	       offers_same_signers(l->offers, section, next->offers, heir);
}

static void find_heirs(struct ledger *l)
{
	for (unsigned i = 0; i < l->conf->issuer_count; i++) {
		const struct conf_issuer *named =
			conf_issuer_named(l->next->conf, l->conf->issuers[i].name);
		bool same = named && is_same(l, i, (unsigned)(named - l->next->conf->issuers));
		l->next->heirs[i] = same ? named : NULL;
	}
}

/* Whoever is answered as unknown depends on which sections there are, and on the one that answers. */
static bool unknown_same(const struct ledger *l)
{
	const struct conf *before = l->conf, *after = l->next->conf;
	const struct conf_issuer *one = conf_default_issuer(before);
	const struct conf_issuer *other = conf_default_issuer(after);
	for (unsigned i = 0; i < after->issuer_count; i++)
		if (!conf_issuer_named(before, after->issuers[i].name))
			return false;
	return one ? other && l->next->heirs[one - before->issuers] == other : !other;
}

static const struct conf_issuer *heir_of(const struct ledger *l, const struct conf_issuer *section)
{
	if (binding_is_of_unknown(l, section))
		return unknown_same(l) ? section : NULL;
	return l->next->heirs[section - l->conf->issuers];
}

/* ---- taking it over ---- */

static void purge_issuer(struct ledger *l, int32_t id)
{
	fronts_purge(l, &(struct message_purge){.scope = PURGE_ISSUER, .issuer = id});
	forgets_issuer(l, id);
}

static void purge_changed(struct ledger *l)
{
	for (unsigned i = 1; i <= issuers_count(l->issuers); i++) {
		const struct issuer *issuer = issuers_by_id(l->issuers, (int32_t)i);
		if (issuer->section && !heir_of(l, issuer->section))
			purge_issuer(l, issuer->record.id);
	}
	if (!unknown_same(l))
		purge_issuer(l, ISSUER_UNKNOWN);
}

static void end_verifying(struct ledger *l)
{
	struct question *q = question_first(l, QUESTION_VERIFYING);
	for (; q; q = TAILQ_NEXT(q, place))
		if (!q->section)
			verifying_end(l, q);
}

/* Everything points into `next` now, which holds nothing any more. */
static void replace(struct ledger *l, struct next *next)
{
	offers_replace(l, next->offers);
	sections_replace(l, next->sections, next->conf);
	l->conf = next->conf;
	issuers_configure(l->issuers, l->conf);
	binding_configure(l);
	readiness_configure(l);
	if (next->known) {
		known_free(l->known);
		l->known = next->known;
	}
	cache_resize(l->cache, l->conf->server.cache_size);
	l->half ^= 1;
}

void ledger_commit(struct ledger *l, struct moment now)
{
	struct next *next = l->next;
	check(next);
	find_heirs(l);
	purge_changed(l);
	/* Their heads name them, or do not; and of what an earlier ledger said nobody knows whose it is. */
	if (l->conf->server.cache_tag != next->conf->server.cache_tag || !l->has_evidence)
		fronts_purge_former(l);
	questions_inherit(l, heir_of);
	end_verifying(l);
	signing_replace(l);
	replace(l, next);
	l->next = NULL;
	free(next);
	questions_mark_all(l);
	offers_send_all(l);
	fronts_tick_again(l);
	readiness_update(l, now);
	decide(l, now);
}
