#include "ledger/crls.h"

#include "base/json.h"
#include "base/timetext.h"
#include "ledger/state.h"

#include <stdlib.h>

/* The wall clock may be set: what comes later is looked at before. */
#define LOOK_US (60 * SECOND_US)
/* What the list may take of a control message. */
#define LIST_SPACE 24000u
#define ENTRY_SPACE ((size_t)6 * LIMIT_ISSUER_NAME + 160)

struct crls {
	const struct conf *looked_for; /* the configuration that was looked at */
	uint64_t settled; /* and the issuers */
	int64_t look_us;
	uint64_t news;
	uint8_t states[LIMIT_ISSUERS]; /* enum crl_state */
};

int crls_init(struct ledger *l)
{
	l->crls = calloc(1, sizeof(*l->crls));
	return l->crls ? 0 : -ENOMEM;
}

void crls_deinit(struct ledger *l)
{
	free(l->crls);
}

static int64_t warned_from(const struct conf_issuer *section, const struct issuer_record *record)
{
	return conf_crl_warned_from(section, record->crl_from, record->crl_until);
}

static enum crl_state state_of(const struct conf_issuer *section, const struct issuer *issuer,
			       int64_t now_s)
{
	if (section->policy.complete || issuer_unusable(issuer) ||
	    issuer->record.revoked_at != TIME_NONE)
		return CRL_UNNEEDED;
	if (issuer->record.crl_from == TIME_NONE)
		return CRL_MISSING;
	if (issuer->record.crl_until <= now_s)
		return CRL_LAPSED;
	return warned_from(section, &issuer->record) <= now_s ? CRL_ENDING : CRL_VALID;
}

/* ---- what lasts ---- */

void crls_forget(struct ledger *l, const char *issuer)
{
	alarms_clear(&l->alarms, ALARM_CRL_ENDS, issuer);
	alarms_clear(&l->alarms, ALARM_CRL_LAPSED, issuer);
}

static void alarm_state(struct ledger *l, enum crl_state state, const struct issuer_record *record,
			struct moment now)
{
	char until[ISO_TIME_SIZE + 1] = "";
	if (state == CRL_ENDING || state == CRL_LAPSED)
		time_put_iso(until, record->crl_until);
	if (state == CRL_ENDING)
		alarms_raise(&l->alarms, ALARM_CRL_ENDS, record->name, now,
			     "the CRL ends at %s and the next one is not recorded: from then on "
			     "nothing is good",
			     until);
	else
		alarms_clear(&l->alarms, ALARM_CRL_ENDS, record->name);
	if (state == CRL_LAPSED)
		alarms_raise(&l->alarms, ALARM_CRL_LAPSED, record->name, now,
			     "the CRL has ended at %s and the next one is not recorded: nothing is "
			     "good, clients are told tryLater",
			     until);
	else if (state == CRL_MISSING)
		alarms_raise(&l->alarms, ALARM_CRL_LAPSED, record->name, now,
			     "complete = no, and no CRL is recorded that proves what is not "
			     "revoked: nothing is good, clients are told tryLater; see stillgood "
			     "import crl");
	else
		alarms_clear(&l->alarms, ALARM_CRL_LAPSED, record->name);
}

/* Monotonic: when it will be another one by itself. */
static int64_t changes_at(const struct conf_issuer *section, const struct issuer *issuer,
			  enum crl_state state, struct moment now)
{
	if (state != CRL_VALID && state != CRL_ENDING)
		return now.mono_us + LOOK_US;
	int64_t at = state == CRL_VALID ? warned_from(section, &issuer->record)
					: issuer->record.crl_until;
	int64_t left = at - wall_seconds(now.wall_us);
	if (left > LOOK_US / SECOND_US)
		return now.mono_us + LOOK_US;
	return now.mono_us + left * SECOND_US - now.wall_us % SECOND_US;
}

static void look(struct ledger *l, unsigned section, struct moment now)
{
	struct crls *c = l->crls;
	const struct conf_issuer *conf = &l->conf->issuers[section];
	const struct issuer *issuer = issuers_by_section(l->issuers, section);
	enum crl_state state =
		issuer ? state_of(conf, issuer, wall_seconds(now.wall_us)) : CRL_UNNEEDED;
	c->news += state != c->states[section];
	c->states[section] = (uint8_t)state;
	if (!issuer) {
		crls_forget(l, conf->name);
		return;
	}
	alarm_state(l, state, &issuer->record, now);
	if (state == CRL_UNNEEDED)
		return;
	int64_t at = changes_at(conf, issuer, state, now);
	c->look_us = at < c->look_us ? at : c->look_us;
}

void crls_look(struct ledger *l, struct moment now)
{
	struct crls *c = l->crls;
	bool same = c->looked_for == l->conf && c->settled == issuers_settled(l->issuers);
	if (!l->has_evidence || (same && now.mono_us < c->look_us))
		return;
	c->news += c->looked_for != l->conf;
	c->looked_for = l->conf;
	c->settled = issuers_settled(l->issuers);
	c->look_us = INT64_MAX;
	for (unsigned i = 0; i < l->conf->issuer_count; i++)
		look(l, i, now);
}

int64_t crls_next(const struct ledger *l)
{
	return l->has_evidence ? l->crls->look_us : INT64_MAX;
}

enum crl_state crls_state(const struct ledger *l, unsigned section)
{
	return l->crls->looked_for == l->conf ? (enum crl_state)l->crls->states[section]
					      : CRL_UNNEEDED;
}

uint64_t crls_news(const struct ledger *l)
{
	return l->crls->news;
}

/* ---- status ---- */

static void put_time(struct buffer *out, const char *name, int64_t seconds)
{
	char text[ISO_TIME_SIZE + 1] = "";
	if (seconds == TIME_NONE) {
		buffer_printf(out, ",\"%s\":null", name);
		return;
	}
	time_put_iso(text, seconds);
	buffer_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void put(const struct issuer_record *record, enum crl_state state, struct buffer *out)
{
	static const char *const words[] = {
		[CRL_UNNEEDED] = "unneeded", [CRL_VALID] = "valid",     [CRL_ENDING] = "ending",
		[CRL_LAPSED] = "lapsed",     [CRL_MISSING] = "missing",
	};
	buffer_put_string(out, "{\"issuer\":");
	json_put_string(out, record->name);
	buffer_printf(out, ",\"state\":\"%s\"", words[state]);
	put_time(out, "this_update", record->crl_from);
	put_time(out, "next_update", record->crl_until);
	buffer_put_u8(out, '}');
}

void crls_put(const struct ledger *l, struct buffer *out)
{
	size_t before = out->size;
	uint64_t omitted = 0;
	bool begun = false;
	buffer_put_string(out, ",\"crls\":[");
	for (unsigned i = 0; i < l->conf->issuer_count; i++) {
		const struct issuer *issuer = issuers_by_section(l->issuers, i);
		enum crl_state state = crls_state(l, i);
		if (!issuer || (state == CRL_UNNEEDED && issuer->record.crl_from == TIME_NONE))
			continue;
		if (out->size - before + ENTRY_SPACE > LIST_SPACE) {
			omitted++;
			continue;
		}
		buffer_put_string(out, begun ? "," : "");
		begun = true;
		put(&issuer->record, state, out);
	}
	buffer_put_u8(out, ']');
	json_put_number(out, "crls_omitted", omitted);
}
