#include "ledger/sections.h"

#include "ledger/crls.h"
#include "ledger/names.h"
#include "ledger/offers.h"
#include "ledger/presigned.h"
#include "ledger/question.h"
#include "ledger/state.h"

enum section_state {
	SECTION_RIGHT, /* or nothing is known yet */
	SECTION_MISSING, /* the database has no issuer of its name */
	SECTION_OTHER_KEY, /* it has one, of another key */
	SECTION_UNREADABLE, /* it has one, and nobody understands what it says of it */
};

struct section {
	enum section_state state;
	bool hashed;
	uint8_t hash[SECTION_HASH]; /* of what it says */
};

struct sections {
	uint64_t news; /* what sections_update() has seen */
	uint64_t named; /* of the issuers, when fronts were told their names */
	struct section of[]; /* each */
};

static bool hash_text(const struct conf_issuer *conf, uint8_t ret[static SECTION_HASH])
{
	cleanup(buffer_deinit) struct buffer text = {0};
	conf_issuer_text(conf, CONF_LEDGER, &text);
	return buffer_result(&text) == 0 && ocsp_sha256(buffer_view(&text), ret) == 0;
}

struct sections *sections_new(const struct conf *conf)
{
	unsigned count = conf->issuer_count;
	struct sections *sections = calloc(1, sizeof(*sections) + count * sizeof(struct section));
	for (unsigned i = 0; sections && i < count; i++)
		sections->of[i].hashed = hash_text(&conf->issuers[i], sections->of[i].hash);
	return sections;
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

static void forget_alarms(struct ledger *l, const char *name)
{
	alarms_clear(&l->alarms, ALARM_ISSUER_MISSING, name);
	alarms_clear(&l->alarms, ALARM_ISSUER_KEY, name);
	alarms_clear(&l->alarms, ALARM_ISSUER_UNREADABLE, name);
	presigned_forget(l, name);
	crls_forget(l, name);
}

/* What was wrong before is no news, and what is gone is nobody's trouble. */
void sections_replace(struct ledger *l, struct sections *next, const struct conf *conf)
{
	for (unsigned i = 0; i < conf->issuer_count; i++) {
		const struct conf_issuer *before =
			conf_issuer_named(l->conf, conf->issuers[i].name);
		if (before)
			next->of[i].state = l->sections->of[before - l->conf->issuers].state;
	}
	for (unsigned i = 0; i < l->conf->issuer_count; i++)
		if (!conf_issuer_named(conf, l->conf->issuers[i].name))
			forget_alarms(l, l->conf->issuers[i].name);
	free(l->sections);
	l->sections = next;
}

static enum section_state state_of(const struct ledger *l, unsigned section)
{
	const struct issuer *issuer = issuers_by_section(l->issuers, section);
	if (!issuer)
		return SECTION_MISSING;
	if (issuer_unusable(issuer))
		return SECTION_UNREADABLE; /* changes.c says why */
	return offers_fit(l, section, issuer) ? SECTION_RIGHT : SECTION_OTHER_KEY;
}

static void alarm_missing(struct ledger *l, const char *name)
{
	const char *nearest = issuers_nearest(l->issuers, name);
	alarms_raise(&l->alarms, ALARM_ISSUER_MISSING, name, l->now,
		     "[issuer \"%s\"] is not registered in the database%s%s%s: nothing is "
		     "answered about it; rename the section or run `stillgood issuer add`",
		     name, nearest ? ", the nearest name that is: \"" : "", nearest ? nearest : "",
		     nearest ? "\"" : "");
}

static void alarm_section(struct ledger *l, enum section_state state, const char *name)
{
	if (state == SECTION_MISSING)
		alarm_missing(l, name);
	else
		alarms_clear(&l->alarms, ALARM_ISSUER_MISSING, name);
	if (state == SECTION_OTHER_KEY)
		alarms_raise(&l->alarms, ALARM_ISSUER_KEY, name, l->now,
			     "[issuer \"%s\"] is registered in the database with another key than "
			     "that of its file: nothing is answered about it",
			     name);
	else
		alarms_clear(&l->alarms, ALARM_ISSUER_KEY, name);
	if (state != SECTION_UNREADABLE)
		alarms_clear(&l->alarms, ALARM_ISSUER_UNREADABLE, name);
}

static void look(struct ledger *l, unsigned section)
{
	const struct conf_issuer *conf = &l->conf->issuers[section];
	enum section_state state = state_of(l, section);
	if (state != l->sections->of[section].state) {
		alarm_section(l, state, conf->name);
		/* What is being asked about it may be answered now, or not any more. */
		questions_mark_issuer(l, issuers_by_section(l->issuers, section));
	}
	l->sections->of[section].state = state;
}

void sections_update(struct ledger *l)
{
	uint64_t news = issuers_settled(l->issuers) + offers_changes(l);
	if (!l->has_evidence || news == l->sections->news)
		return;
	l->sections->news = news;
	for (unsigned i = 0; i < l->conf->issuer_count; i++)
		look(l, i);
	if (issuers_settled(l->issuers) != l->sections->named)
		names_send_all(l);
	l->sections->named = issuers_settled(l->issuers);
}

bool sections_fit(const struct ledger *l, const struct issuer *issuer)
{
	return l->sections->of[issuer->section_index].state == SECTION_RIGHT &&
	       !issuer_unusable(issuer) &&
	       issuers_by_section(l->issuers, issuer->section_index) == issuer;
}

bool sections_expect(const struct ledger *l, const struct ocsp_certid *certid)
{
	for (unsigned i = 0; i < l->conf->issuer_count; i++)
		if (l->sections->of[i].state != SECTION_RIGHT && offers_may_mean(l, i, certid))
			return true;
	return false;
}

enum issuer_readiness sections_readiness(const struct ledger *l, unsigned section)
{
	static const enum issuer_readiness of[] = {
		[SECTION_RIGHT] = ISSUER_READY,
		[SECTION_MISSING] = ISSUER_NOT_REGISTERED,
		[SECTION_OTHER_KEY] = ISSUER_OTHER_KEY,
		[SECTION_UNREADABLE] = ISSUER_UNREADABLE,
	};
	enum issuer_readiness readiness = of[l->sections->of[section].state];
	if (readiness != ISSUER_READY)
		return readiness;
	enum crl_state crl = crls_state(l, section);
	if (crl == CRL_LAPSED || crl == CRL_MISSING)
		return ISSUER_NO_CRL;
	if (l->conf->issuers[section].source == SOURCE_PRESIGNED)
		return presigned_any(l, section) ? ISSUER_READY : ISSUER_NO_ANSWERS;
	return offers_none(l, section) ? ISSUER_UNSIGNED : ISSUER_READY;
}

uint64_t sections_news(const struct ledger *l)
{
	return l->sections->news + crls_news(l);
}

struct view sections_hash(const struct ledger *l, unsigned section)
{
	const struct section *of = &l->sections->of[section];
	return of->hashed ? view_of(of->hash, sizeof(of->hash)) : (struct view){0};
}
