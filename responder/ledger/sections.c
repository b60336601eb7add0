/* Do the three fit that stand for one CA: the section, the issuer that the database has under its name,
 * and the key in the section's file, which signers tell? Where they do not, nothing can be said of that
 * CA until somebody sees to it: `tryLater`, for it alone. What waits for an operator is said loudly, once:
 * nobody may be looking at /readyz. */
#include "ledger/state.h"

int sections_new(struct ledger *l)
{
	unsigned count = l->conf->issuer_count;
	l->sections = calloc(count ? count : 1, sizeof(*l->sections));
	return l->sections ? 0 : -ENOMEM;
}

static bool same_key(const struct issuer *issuer, const struct offer *offer)
{
	struct view key = view_of(issuer->hashes.hashes[OCSP_HASH_SHA256 - 1].key,
				  ocsp_hash_size(OCSP_HASH_SHA256));
	return !offer->keyed ||
	       view_equal(key, view_of(offer->keys[OCSP_HASH_SHA256 - 1], key.size));
}

static enum section_state state_of(const struct ledger *l, unsigned section)
{
	const struct issuer *issuer = issuers_by_section(l->issuers, section);
	if (!issuer)
		return SECTION_MISSING;
	return same_key(issuer, &l->offers[section]) ? SECTION_RIGHT : SECTION_OTHER_KEY;
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
	if (state != l->sections[section])
		alarm_section(l, state, conf->name);
	l->sections[section] = state;
	if (state == SECTION_OTHER_KEY && !l->other_key)
		l->other_key = conf;
}

void sections_update(struct ledger *l)
{
	uint64_t news = issuers_settled(l->issuers) + l->offers_changed;
	if (!l->has_evidence || news == l->sections_news)
		return;
	l->sections_news = news;
	l->other_key = NULL;
	for (unsigned i = 0; i < l->conf->issuer_count; i++)
		look(l, i);
}

bool sections_fit(const struct ledger *l, const struct issuer *issuer)
{
	return l->sections[issuer->section_index] == SECTION_RIGHT && !issuer_unusable(issuer) &&
	       issuers_by_section(l->issuers, issuer->section_index) == issuer;
}

/* Before the signers have told the key, it may be anybody's. */
static bool may_be_of(const struct offer *offer, const struct ocsp_certid *certid)
{
	if (!offer->keyed)
		return true;
	return certid->hash != OCSP_HASH_OTHER &&
	       view_equal(certid->key_hash,
			  view_of(offer->keys[certid->hash - 1], ocsp_hash_size(certid->hash)));
}

bool sections_expect(const struct ledger *l, const struct ocsp_certid *certid)
{
	for (unsigned i = 0; i < l->conf->issuer_count; i++)
		if (l->sections[i] != SECTION_RIGHT && may_be_of(&l->offers[i], certid))
			return true;
	return false;
}
