#include "ledger/offers.h"

#include "ledger/fronts.h"
#include "ledger/state.h"
#include "ocsp/der.h"

/* What signers can do for one configured issuer. */
struct offer {
	bool said, keyed;
	unsigned count; /* 0: no certificate is valid now */
	uint8_t keys[OCSP_HASHES]
		    [64]; /* where keyed: hashes of the CA's key, by enum ocsp_hash − 1 */
	size_t hash_size;
	uint8_t hash[64]; /* of all that is signed with */
	size_t sizes[LIMIT_ISSUER_SIGNERS];
	uint8_t oids[LIMIT_ISSUER_SIGNERS][LIMIT_OID]; /* with their headers, the default's first */
};

struct offers {
	uint64_t changes;
	unsigned count;
	struct offer of[]; /* each section */
};

static struct view offer_oid(const struct offer *offer, unsigned index)
{
	return view_of(offer->oids[index], offer->sizes[index]);
}

struct offers *offers_new(const struct conf *conf)
{
	unsigned count = conf->issuer_count;
	struct offers *offers = calloc(1, sizeof(*offers) + count * sizeof(struct offer));
	if (offers)
		offers->count = count;
	return offers;
}

int offers_init(struct ledger *l)
{
	l->offers = offers_new(l->conf);
	return l->offers ? 0 : -ENOMEM;
}

void offers_deinit(struct ledger *l)
{
	offers_free(l->offers);
}

void offers_free(struct offers *offers)
{
	free(offers);
}

void offers_replace(struct ledger *l, struct offers *next)
{
	next->changes += l->offers->changes + 1;
	free(l->offers);
	l->offers = next;
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
	const struct offer *offer = &l->offers->of[issuer->section_index];
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
	for (unsigned i = 0; i < l->offers->count; i++)
		if (l->offers->of[i].count > 1 && !offer_has(&l->offers->of[i], oid))
			return false;
	return true;
}

/* Only issuers with several algorithms leave a choice. */
static struct message_algorithms algorithms_of(const struct ledger *l)
{
	struct message_algorithms m = {0};
	for (unsigned i = 0; i < l->offers->count; i++) {
		const struct offer *offer = &l->offers->of[i];
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

static void algorithms_write(struct ledger *l)
{
	struct message_algorithms m = algorithms_of(l);
	buffer_reset(&l->frame);
	message_algorithms_write(&l->frame, &m);
}

void offers_send_all(struct ledger *l)
{
	algorithms_write(l);
	fronts_frame_all(l, MESSAGE_ALGORITHMS);
}

void offers_send(struct ledger *l, unsigned front)
{
	algorithms_write(l);
	fronts_frame(l, front, MESSAGE_ALGORITHMS);
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

static struct view hash_of(const struct offer *offer)
{
	return view_of(offer->hash, offer->hash_size);
}

static bool offer_same(const struct offer *offer, const struct message_offer *m)
{
	bool same = offer->said && offer->count == m->count && offer->keyed == keys_whole(m) &&
		    view_equal(hash_of(offer), m->signers);
	for (int i = 0; same && offer->keyed && i < OCSP_HASHES; i++)
		same = view_equal(view_of(offer->keys[i], m->key_hashes[i].size), m->key_hashes[i]);
	for (unsigned i = 0; same && i < m->count; i++)
		same = view_equal(offer_oid(offer, i), m->algorithms[i]);
	return same;
}

static void offer_take(struct offer *offer, const struct message_offer *m)
{
	offer->said = true;
	offer->count = m->count;
	take_keys(offer, m);
	offer->hash_size = m->signers.size;
	if (m->signers.size)
		memcpy(offer->hash, m->signers.data, m->signers.size);
	for (unsigned i = 0; i < m->count; i++) {
		memcpy(offer->oids[i], m->algorithms[i].data, m->algorithms[i].size);
		offer->sizes[i] = m->algorithms[i].size;
	}
}

int offers_take(struct ledger *l, struct offers *offers, struct view payload)
{
	struct message_offer m;
	if (message_offer_read(payload, &m) < 0 || (offers && m.issuer >= offers->count))
		return -EBADMSG;
	if (!offers || offer_same(&offers->of[m.issuer], &m))
		return 0;
	struct offer *offer = &offers->of[m.issuer];
	bool choice = offer->count > 1 || m.count > 1;
	offer_take(offer, &m);
	offers->changes++;
	if (choice && offers == l->offers)
		offers_send_all(l);
	return 0;
}

bool offers_whole(const struct offers *offers)
{
	for (unsigned i = 0; i < offers->count; i++)
		if (!offers->of[i].said)
			return false;
	return true;
}

bool offers_same_signers(const struct offers *a, unsigned of_a, const struct offers *b,
			 unsigned of_b)
{
	const struct offer *one = &a->of[of_a], *other = &b->of[of_b];
	bool same = one->said && other->said && one->keyed == other->keyed &&
		    view_equal(hash_of(one), hash_of(other));
	return same && (!one->keyed || memcmp(one->keys, other->keys, sizeof(one->keys)) == 0);
}

bool offers_any(const struct ledger *l)
{
	for (unsigned i = 0; i < l->offers->count; i++)
		if (l->offers->of[i].said)
			return true;
	return false;
}

bool offers_none(const struct ledger *l, unsigned section)
{
	const struct offer *offer = &l->offers->of[section];
	return offer->said && offer->count == 0;
}

int offers_count(const struct ledger *l, unsigned section)
{
	const struct offer *offer = &l->offers->of[section];
	return offer->said ? (int)offer->count : -1;
}

struct view offers_hash(const struct ledger *l, unsigned section)
{
	const struct offer *offer = &l->offers->of[section];
	return offer->said && offer->count > 0 ? hash_of(offer) : (struct view){0};
}

struct view offers_key(const struct ledger *l, unsigned section)
{
	const struct offer *offer = &l->offers->of[section];
	return offer->keyed
		       ? view_of(offer->keys[OCSP_HASH_SHA1 - 1], ocsp_hash_size(OCSP_HASH_SHA1))
		       : (struct view){0};
}

uint64_t offers_changes(const struct ledger *l)
{
	return l->offers->changes;
}

bool offers_fit(const struct ledger *l, unsigned section, const struct issuer *issuer)
{
	const struct offer *offer = &l->offers->of[section];
	struct view key = view_of(issuer->hashes.hashes[OCSP_HASH_SHA256 - 1].key,
				  ocsp_hash_size(OCSP_HASH_SHA256));
	return !offer->keyed ||
	       view_equal(key, view_of(offer->keys[OCSP_HASH_SHA256 - 1], key.size));
}

/* Before the signers have told the key, it may be anybody's. */
bool offers_may_mean(const struct ledger *l, unsigned section, const struct ocsp_certid *certid)
{
	const struct offer *offer = &l->offers->of[section];
	if (!offer->keyed)
		return true;
	return certid->hash != OCSP_HASH_OTHER &&
	       view_equal(certid->key_hash,
			  view_of(offer->keys[certid->hash - 1], ocsp_hash_size(certid->hash)));
}
