#include "signer/watch.h"

#include "base/log.h"
#include "base/timetext.h"
#include "signer/choice.h"

static void log_change(const struct keyring_entry *entry, const char *issuer,
		       const struct responder *current)
{
	char until[ISO_TIME_SIZE + 1] = "";
	if (!current) {
		log_error("no signer's certificate is valid now issuer=\"%s\"", issuer);
		return;
	}
	time_put_iso(until, responder_not_after(current));
	if (entry->offer.size > 0) /* not the first that is heard of it */
		log_warning("signer takes over issuer=\"%s\" signer=\"%s\" algorithm=\"%s\" "
			    "until=%s",
			    issuer, current->name, current->algorithm, until);
}

static void write_offer(struct credential *c, uint32_t issuer, int64_t now, struct buffer *out)
{
	struct message_offer m = {.issuer = issuer};
	m.count = choice_offers(c, now, m.algorithms);
	m.signers = view_of(c->signers, sizeof(c->signers));
	for (int i = 0; i < OCSP_HASHES; i++)
		m.key_hashes[i] =
			view_of(c->issuer.hashes[i].key, ocsp_hash_size((enum ocsp_hash)(i + 1)));
	message_offer_write(out, &m);
}

static void look(struct keyring_entry *entry, const char *name, int64_t now)
{
	struct credential *c = entry->credential;
	const struct responder *current = choice_default(c, now);
	if (current != entry->current || (!current && entry->offer.size == 0))
		log_change(entry, name, current);
	entry->current = current;
}

void watch_tell(struct keyring *ring, const struct conf *conf, int64_t now, bool all,
		watch_send *send, void *context)
{
	for (unsigned i = 0; i < ring->count; i++) {
		struct keyring_entry *entry = &ring->entries[i];
		struct buffer offer = {0};
		look(entry, conf->issuers[i].name, now);
		write_offer(entry->credential, i, now, &offer);
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
