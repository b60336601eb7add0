#include "ledger/kept_key.h"

#include "ledger/offers.h"
#include "ledger/sections.h"
#include "ledger/signing.h"
#include "ledger/state.h"

/* Which program says it of which history. Another program may say the same in other octets. */
static void put_world(const struct ledger *l, struct buffer *out)
{
	const struct db_history *history = &l->history.current;
	buffer_put_string(out, STILLGOOD_VERSION);
	buffer_put_u8(out, 0);
	buffer_put_u64(out, history->system);
	buffer_put_u32(out, history->database);
	buffer_put_u32(out, history->timeline);
	buffer_put_u64(out, history->tables);
}

/* Who says it, and by which rules. */
static void put_issuer(const struct question *q, struct view section, struct view signers,
		       struct buffer *out)
{
	buffer_put(out, q->issuer->identity, sizeof(q->issuer->identity));
	buffer_put_sized(out, section);
	buffer_put_sized(out, signers);
}

/* What was decided, and on what: a hold and its release leave another version behind, another CRL other times. */
static void put_verdict(const struct question *q, struct buffer *out)
{
	const struct entry *entry = &q->entries[0];
	struct message_sign m = signing_message(q);
	m.id = m.request = 0;
	m.issuer = 0; /* its place in the file */
	m.this_update = 0;
	m.next_update = 1;
	buffer_put_i64(out, entry->version);
	buffer_put_i64(out, entry->verdict.as_of);
	buffer_put_i64(out, entry->verdict.as_of != INT64_MAX ? q->valid_until : 0);
	message_sign_write(out, &m);
}

/* What is said for want of a row lives for seconds (P-23), and what a nonce is in is for one client. */
static bool may_be_kept(const struct ledger *l, const struct question *q)
{
	return q->cacheable && !q->unassigned && !q->unknown && q->issuer->identified &&
	       q->section->source == SOURCE_SIGNER && l->history.known;
}

bool kept_key(struct ledger *l, const struct question *q, uint8_t ret[static KEPT_KEY])
{
	if (!may_be_kept(l, q))
		return false;
	struct view section = sections_hash(l, q->issuer->section_index);
	struct view signers = offers_hash(l, q->issuer->section_index);
	if (section.size == 0 || signers.size == 0)
		return false;
	buffer_reset(&l->frame);
	put_world(l, &l->frame);
	put_issuer(q, section, signers, &l->frame);
	put_verdict(q, &l->frame);
	return buffer_result(&l->frame) == 0 && ocsp_sha256(buffer_view(&l->frame), ret) == 0;
}
