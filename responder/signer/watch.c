#include "signer/watch.h"

#include "base/log.h"
#include "base/log_alarm.h"
#include "base/timetext.h"
#include "signer/choice.h"

void watch_aloud(struct keyring *ring)
{
	alarms_init(&ring->alarms, log_alarm, NULL);
}

static void log_change(const struct keyring_entry *entry, const char *issuer,
		       const struct responder *current)
{
	char until[ISO_TIME_SIZE + 1] = "";
	time_put_iso(until, responder_not_after(current));
	if (entry->offer.size > 0) /* not the first that is heard of it */
		log_warning("signer takes over issuer=%s signer=%s algorithm=%s until=%s",
			    log_quoted(issuer), log_quoted(current->name),
			    log_quoted(current->algorithm), until);
}

static void write_offer(struct keyring_entry *entry, uint32_t issuer, int64_t now,
			struct buffer *out)
{
	struct credential *c = entry->credential;
	struct message_offer m = {.issuer = issuer};
	if (c) {
		m.count = choice_offers(c, now, m.algorithms);
		m.signers = view_of(c->signers, sizeof(c->signers));
	}
	for (int i = 0; entry->named && i < OCSP_HASHES; i++)
		m.key_hashes[i] = view_of(entry->issuer.hashes[i].key,
					  ocsp_hash_size((enum ocsp_hash)(i + 1)));
	message_offer_write(out, &m);
}

/* The one that was valid last, or will be first, and its file. */
static void raise_expired(struct alarms *alarms, const struct credential *c,
			  const struct conf_issuer *section, struct moment now)
{
	char text[ISO_TIME_SIZE + 1] = "";
	unsigned which = 0;
	for (unsigned i = 1; i < c->count; i++)
		if (responder_not_after(&c->responders[i]) >
		    responder_not_after(&c->responders[which]))
			which = i;
	const struct responder *r = &c->responders[which];
	const char *file = conf_signer_at(section, which).certificate;
	bool early = wall_seconds(now.wall_us) < responder_not_before(r);
	time_put_iso(text, early ? responder_not_before(r) : responder_not_after(r));
	alarms_raise(alarms, ALARM_SIGNER_EXPIRED, section->name, now,
		     "no signer's certificate is valid now, nothing is answered: %.300s %s %s",
		     file ? file : conf_signer_at(section, which).key,
		     early ? "is not valid before" : "expired at", text);
}

static void look(struct keyring *ring, struct keyring_entry *entry,
		 const struct conf_issuer *section, struct moment now)
{
	struct credential *c = entry->credential;
	if (!c) {
		alarms_raise(&ring->alarms, ALARM_SIGNER_UNUSABLE, section->name, now,
			     "%s; nothing is answered about it", entry->trouble);
		return;
	}
	if (c->count == 0)
		return; /* presigned: nobody is to sign here */
	const struct responder *current = choice_default(c, wall_seconds(now.wall_us));
	if (!current && !choice_last(c, wall_seconds(now.wall_us))) /* else its token is away */
		raise_expired(&ring->alarms, c, section, now);
	else
		alarms_clear(&ring->alarms, ALARM_SIGNER_EXPIRED, section->name);
	if (current && current != entry->current)
		log_change(entry, section->name, current);
	entry->current = current;
}

void watch_tell(struct keyring *ring, const struct conf *conf, struct moment moment, bool all,
		watch_send *send, void *context)
{
	int64_t now = wall_seconds(moment.wall_us);
	alarms_turn(&ring->alarms, moment);
	for (unsigned i = 0; i < ring->count; i++) {
		struct keyring_entry *entry = &ring->entries[i];
		struct buffer offer = {0};
		look(ring, entry, &conf->issuers[i], moment);
		write_offer(entry, i, now, &offer);
		bool changed = !view_equal(buffer_view(&offer), buffer_view(&entry->offer));
		if (buffer_result(&offer) < 0 || (!changed && !all)) {
			buffer_deinit(&offer);
			continue;
		}
		buffer_deinit(&entry->offer);
		entry->offer = offer;
		send(context, buffer_view(&offer));
	}
}
