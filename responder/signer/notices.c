#include "signer/notices.h"

#include "base/timetext.h"
#include "signer/choice.h"

/* Of several signers of an issuer the first in trouble. */
static void look_at_tokens(struct alarms *alarms, const struct credential *c, const char *issuer,
			   struct moment now)
{
	for (unsigned i = 0; i < c->count; i++) {
		const struct token_key *key = responder_token_key(&c->responders[i]);
		if (!key || key->state != TOKEN_DOWN)
			continue;
		alarms_raise(alarms, ALARM_TOKEN, issuer, now, "%s", key->text);
		return;
	}
	alarms_clear(alarms, ALARM_TOKEN, issuer);
}

/* P-37 */
static void look_at_end(struct alarms *alarms, const struct credential *c, const char *issuer,
			struct moment now)
{
	char text[ISO_TIME_SIZE + 1] = "";
	int64_t seconds = wall_seconds(now.wall_us);
	const struct responder *last = choice_last(c, seconds);
	if (!last || responder_not_after(last) - seconds >= CREDENTIAL_NOTICE) {
		alarms_clear(alarms, ALARM_SIGNER_ENDS_SOON, issuer);
		return;
	}
	time_put_iso(text, responder_not_after(last));
	alarms_raise(alarms, ALARM_SIGNER_ENDS_SOON, issuer, now,
		     "no signer after %s (signer \"%s\"); renew its certificate", text, last->name);
}

void notices_look(struct keyring *ring, const struct conf *conf, unsigned index, struct moment now)
{
	for (unsigned i = 0; i < ring->count; i++) {
		const struct credential *c = ring->entries[i].credential;
		if (!c)
			continue;
		look_at_tokens(&ring->alarms, c, conf->issuers[i].name, now);
		if (index == 0)
			look_at_end(&ring->alarms, c, conf->issuers[i].name, now);
	}
}

static const struct responder *last_of(const struct credential *c, int64_t now)
{
	const struct responder *last = choice_last(c, now);
	bool any = last;
	for (unsigned i = 0; !any && i < c->count; i++)
		if (!last || responder_not_after(&c->responders[i]) > responder_not_after(last))
			last = &c->responders[i];
	return last;
}

void notices_endings(struct notices *n, const struct keyring *ring, const struct conf *conf,
		     struct moment now, notices_tell *tell_ending, void *context)
{
	int64_t seconds = wall_seconds(now.wall_us);
	if (now.mono_us < n->tell_at_us)
		return;
	n->tell_at_us = now.mono_us + NOTICES_TELL_US;
	for (unsigned i = 0; i < ring->count; i++) {
		const struct credential *c = ring->entries[i].credential;
		const struct responder *last = c ? last_of(c, seconds) : NULL;
		char text[ISO_TIME_SIZE + 1 + LIMIT_ISSUER_NAME + 1], time[ISO_TIME_SIZE + 1] = "";
		if (!last || responder_not_after(last) - seconds >= CREDENTIAL_NOTICE)
			continue;
		time_put_iso(time, responder_not_after(last));
		(void)snprintf(text, sizeof(text), "%s %s", time, conf->issuers[i].name);
		tell_ending(context, (unsigned)(last - c->responders), view_of_string(text));
	}
}
