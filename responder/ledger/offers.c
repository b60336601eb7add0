/* What signers can sign with, issuer by issuer (P-37), and what a client's preferences come to
 * (P-17). All signers have the same keys and the same clock, so the latest word of any of them
 * counts; one that cannot do what it is asked for signs as it can. */
#include "ledger/state.h"

#include "ocsp/der.h"

static struct view offer_oid(const struct offer *offer, unsigned index)
{
	return view_of(offer->oids[index], offer->sizes[index]);
}

int offers_new(struct ledger *l)
{
	unsigned count = l->conf->issuer_count;
	l->offers = calloc(count ? count : 1, sizeof(*l->offers));
	return l->offers ? 0 : -ENOMEM;
}

static bool offer_has(const struct offer *offer, struct view oid)
{
	for (unsigned i = 0; i < offer->count; i++)
		if (view_equal(offer_oid(offer, i), oid))
			return true;
	return false;
}

/* ---- what a question's preferences come to ---- */

struct view offers_choose(const struct ledger *l, const struct issuer *issuer,
			  struct view preferred)
{
	const struct offer *offer = &l->offers[issuer->section_index];
	struct cursor list = cursor_of(preferred);
	while (offer->count > 1 && list.rest.size > 0) {
		struct view oid = der_take_whole(&list, DER_OID);
		if (list.failed)
			break;
		if (offer_has(offer, oid)) /* the default's needs no mention */
			return view_equal(oid, offer_oid(offer, 0)) ? (struct view){0} : oid;
	}
	return (struct view){0};
}

bool offers_list_is_valid(struct view preferred)
{
	struct cursor list = cursor_of(preferred);
	while (list.rest.size > 0 && !list.failed)
		(void)der_take_whole(&list, DER_OID);
	return !list.failed;
}

/* ---- what fronts must know ---- */

static bool is_listed(const struct message_algorithms *m, struct view oid)
{
	for (unsigned i = 0; i < m->count; i++)
		if (view_equal(m->algorithms[i].oid, oid))
			return true;
	return false;
}

/* Every issuer that leaves a choice has it. */
static bool is_decisive(const struct ledger *l, struct view oid)
{
	for (unsigned i = 0; i < l->conf->issuer_count; i++)
		if (l->offers[i].count > 1 && !offer_has(&l->offers[i], oid))
			return false;
	return true;
}

/* Only issuers with several algorithms leave a choice. */
static struct message_algorithms algorithms_of(const struct ledger *l)
{
	struct message_algorithms m = {0};
	for (unsigned i = 0; i < l->conf->issuer_count; i++) {
		const struct offer *offer = &l->offers[i];
		for (unsigned k = 0; offer->count > 1 && k < offer->count; k++) {
			struct view oid = offer_oid(offer, k);
			if (m.count == LIMIT_ALGORITHMS || is_listed(&m, oid))
				continue;
			m.algorithms[m.count++] = (struct message_algorithm){
				.oid = oid, .decisive = is_decisive(l, oid)};
		}
	}
	return m;
}

void offers_send(struct ledger *l, unsigned front)
{
	struct message_algorithms m = algorithms_of(l);
	buffer_reset(&l->frame);
	message_algorithms_write(&l->frame, &m);
	if (buffer_result(&l->frame) == 0)
		l->ops->to_front(l->context, front, MESSAGE_ALGORITHMS, buffer_view(&l->frame));
}

/* ---- from signers ---- */

static bool keys_whole(const struct message_offer *m)
{
	for (int i = 0; i < OCSP_HASHES; i++)
		if (m->key_hashes[i].size != ocsp_hash_size((enum ocsp_hash)(i + 1)))
			return false;
	return true;
}

static void take_keys(struct offer *offer, const struct message_offer *m)
{
	offer->keyed = keys_whole(m);
	for (int i = 0; offer->keyed && i < OCSP_HASHES; i++)
		memcpy(offer->keys[i], m->key_hashes[i].data, m->key_hashes[i].size);
}

static bool offer_same(const struct offer *offer, const struct message_offer *m)
{
	bool same = offer->said && offer->count == m->count && offer->keyed == keys_whole(m);
	for (int i = 0; same && offer->keyed && i < OCSP_HASHES; i++)
		same = view_equal(view_of(offer->keys[i], m->key_hashes[i].size), m->key_hashes[i]);
	for (unsigned i = 0; same && i < m->count; i++)
		same = view_equal(offer_oid(offer, i), m->algorithms[i]);
	return same;
}

int offers_take(struct ledger *l, struct view payload)
{
	struct message_offer m;
	if (message_offer_read(payload, &m) < 0 || m.issuer >= l->conf->issuer_count)
		return -EBADMSG;
	struct offer *offer = &l->offers[m.issuer];
	bool choice = offer->count > 1 || m.count > 1;
	if (offer_same(offer, &m))
		return 0;
	offer->said = true;
	offer->count = m.count;
	l->offers_changed++;
	take_keys(offer, &m);
	for (unsigned i = 0; i < m.count; i++) {
		memcpy(offer->oids[i], m.algorithms[i].data, m.algorithms[i].size);
		offer->sizes[i] = m.algorithms[i].size;
	}
	for (unsigned i = 0; choice && i < LIMIT_FRONTS; i++)
		if (l->fronts[i].attached)
			offers_send(l, i);
	return 0;
}

const struct conf_issuer *offers_missing(const struct ledger *l)
{
	for (unsigned i = 0; i < l->conf->issuer_count; i++)
		if (l->offers[i].said && l->offers[i].count == 0)
			return &l->conf->issuers[i];
	return NULL;
}
