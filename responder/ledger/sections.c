#include "ledger/sections.h"

#include "ledger/offers.h"
#include "ledger/question.h"
#include "ledger/report.h"
#include "ledger/state.h"

enum section_state {
	SECTION_RIGHT, /* or nothing is known yet */
	SECTION_MISSING, /* the database has no issuer of its name */
	SECTION_OTHER_KEY, /* it has one, of another key */
};

struct sections {
	const struct conf_issuer *other_key; /* the first of that state */
	uint64_t news; /* what sections_update() has seen */
	enum section_state states[]; /* of each */
};

struct sections *sections_new(const struct conf *conf)
{
	unsigned count = conf->issuer_count;
	return calloc(1, sizeof(struct sections) + count * sizeof(enum section_state));
}

int sections_init(struct ledger *l)
{
	l->sections = sections_new(l->conf);
	return l->sections ? 0 : -ENOMEM;
}

void sections_deinit(struct ledger *l)
{
	sections_free(l->sections);
}

void sections_free(struct sections *sections)
{
	free(sections);
}

/* What was wrong before is no news. */
void sections_replace(struct ledger *l, struct sections *next, const struct conf *conf)
{
	for (unsigned i = 0; i < conf->issuer_count; i++) {
		const struct conf_issuer *before =
			conf_issuer_named(l->conf, conf->issuers[i].name);
		if (before)
			next->states[i] = l->sections->states[before - l->conf->issuers];
	}
	free(l->sections);
	l->sections = next;
}

static enum section_state state_of(const struct ledger *l, unsigned section)
{
	const struct issuer *issuer = issuers_by_section(l->issuers, section);
	if (!issuer)
		return SECTION_MISSING;
	return offers_fit(l, section, issuer) ? SECTION_RIGHT : SECTION_OTHER_KEY;
}

static void alarm_section(struct ledger *l, enum section_state state, const char *name)
{
	const char *nearest = issuers_nearest(l->issuers, name);
	if (state == SECTION_MISSING)
		ledger_alarm(l,
			     "[issuer \"%s\"] is not registered in the database%s%s%s: nothing is "
			     "answered about it; rename the section or run `stillgood issuer add`",
			     name, nearest ? ", the nearest name that is: \"" : "",
			     nearest ? nearest : "", nearest ? "\"" : "");
	else if (state == SECTION_OTHER_KEY)
		ledger_alarm(l,
			     "[issuer \"%s\"] is registered in the database with another key than "
			     "that of its file: nothing is answered about it",
			     name);
}

static void look(struct ledger *l, unsigned section)
{
	const struct conf_issuer *conf = &l->conf->issuers[section];
	enum section_state state = state_of(l, section);
	if (state != l->sections->states[section]) {
		alarm_section(l, state, conf->name);
		/* What is being asked about it may be answered now, or not any more. */
		questions_mark_issuer(l, issuers_by_section(l->issuers, section));
	}
	l->sections->states[section] = state;
	if (state == SECTION_OTHER_KEY && !l->sections->other_key)
		l->sections->other_key = conf;
}

void sections_update(struct ledger *l)
{
	uint64_t news = issuers_settled(l->issuers) + offers_changes(l);
	if (!l->has_evidence || news == l->sections->news)
		return;
	l->sections->news = news;
	l->sections->other_key = NULL;
	for (unsigned i = 0; i < l->conf->issuer_count; i++)
		look(l, i);
}

bool sections_fit(const struct ledger *l, const struct issuer *issuer)
{
	return l->sections->states[issuer->section_index] == SECTION_RIGHT &&
	       !issuer_unusable(issuer) &&
	       issuers_by_section(l->issuers, issuer->section_index) == issuer;
}

bool sections_expect(const struct ledger *l, const struct ocsp_certid *certid)
{
	for (unsigned i = 0; i < l->conf->issuer_count; i++)
		if (l->sections->states[i] != SECTION_RIGHT && offers_may_mean(l, i, certid))
			return true;
	return false;
}

const struct conf_issuer *sections_other_key(const struct ledger *l)
{
	return l->sections->other_key;
}
