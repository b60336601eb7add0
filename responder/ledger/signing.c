#include "ledger/signing.h"

#include "ledger/extensions.h"
#include "ledger/state.h"

struct signer {
	bool attached, hung;
	struct question_list questions;
	unsigned depth;
	int64_t silent_since_us; /* monotonic; while depth > 0 */
};

struct signing {
	struct signer
		signers[SIGNING_SIGNERS]; /* the half of the ledger's configuration is given work */
	uint64_t id; /* of the latest job */
	uint64_t signatures;
	struct histogram times;
};

int signing_init(struct ledger *l)
{
	l->signing = calloc(1, sizeof(*l->signing));
	if (!l->signing)
		return -ENOMEM;
	for (unsigned i = 0; i < SIGNING_SIGNERS; i++)
		TAILQ_INIT(&l->signing->signers[i].questions);
	return 0;
}

void signing_deinit(struct ledger *l)
{
	free(l->signing);
}

static int64_t patience_us(const struct ledger *l)
{
	return l->conf->server.answer_timeout_us / 2;
}

/* ---- choosing ---- */

/* Half of what a signer is given ahead lasts it longer than a lookup takes. */
#define DEPTH_ENOUGH (LIMIT_SIGNER_DEPTH / 2)

/* The first one that is given work; LIMIT_SIGNERS of them. */
static unsigned first(const struct ledger *l)
{
	return l->half * LIMIT_SIGNERS;
}

bool signing_saturated(const struct ledger *l)
{
	unsigned working = 0;
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++) {
		const struct signer *signer = &l->signing->signers[first(l) + i];
		if (!signer->attached || signer->hung)
			continue;
		if (signer->depth < DEPTH_ENOUGH)
			return false;
		working++;
	}
	return working > 0;
}

unsigned signing_choose(const struct ledger *l, unsigned most)
{
	unsigned best = SIGNING_NONE, least = most;
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++) {
		const struct signer *signer = &l->signing->signers[first(l) + i];
		if (signer->attached && !signer->hung && signer->depth < least) {
			best = first(l) + i;
			least = signer->depth;
		}
	}
	return best;
}

/* ---- giving ---- */

static struct sign_entry sign_entry_of(const struct entry *entry)
{
	return (struct sign_entry){
		.certid = entry->certid.der,
		.says = entry->verdict.says,
		.facts = extensions_of(entry),
		.issuer_name = issuer_name_in(entry->question->issuer, entry->certid.der),
	};
}

struct message_sign signing_message(const struct question *q)
{
	struct message_sign m = {
		.id = q->sign_id,
		.request = q->request,
		.issuer = q->issuer->section_index,
		.nonce = q->nonce,
		.raw_nonce = q->raw_nonce,
		.unknown_issuer = q->unknown,
		.this_update = q->this_update,
		.next_update = q->next_update,
		.count = q->count,
		.algorithm = q->algorithm,
	};
	for (unsigned i = 0; i < q->count; i++) {
		m.entries[i] = sign_entry_of(&q->entries[i]);
		m.extended_revoke |= q->entries[i].verdict.extended_revoke;
	}
	return m;
}

bool signing_give(struct ledger *l, unsigned index, struct question *q, struct moment now)
{
	struct signer *signer = &l->signing->signers[index];
	q->sign_id = ++l->signing->id;
	const struct message_sign m = signing_message(q);
	buffer_reset(&l->frame);
	message_sign_write(&l->frame, &m);
	if (buffer_result(&l->frame) < 0)
		return false;
	q->signer = index;
	q->given_us = now.mono_us;
	TAILQ_INSERT_TAIL(&signer->questions, q, at_signer);
	if (signer->depth++ == 0)
		signer->silent_since_us = now.mono_us;
	l->ops->to_signer(l->context, index, MESSAGE_SIGN, buffer_view(&l->frame));
	return true;
}

void signing_take_back(struct ledger *l, struct question *q)
{
	struct signer *signer = &l->signing->signers[q->signer];
	check(signer->depth > 0);
	TAILQ_REMOVE(&signer->questions, q, at_signer);
	signer->depth--;
}

/* ---- results ---- */

bool signing_fits(const struct question *q, const struct message_signed *m)
{
	return m->next_update <= q->next_update && m->next_update > q->this_update &&
	       m->produced_at >= q->this_update && m->produced_at < m->next_update;
}

int signing_take(struct ledger *l, unsigned index, struct view payload, struct moment now)
{
	struct signer *signer = &l->signing->signers[index];
	struct message_signed m;
	struct question *q;
	if (message_signed_read(payload, &m) < 0)
		return -EBADMSG;
	signer->silent_since_us = now.mono_us;
	signer->hung = false;
	TAILQ_FOREACH(q, &signer->questions, at_signer)
		if (q->sign_id == m.id)
			break;
	if (!q)
		return 0; /* given to another meanwhile, or nobody waits for it any more */
	l->signing->signatures += m.result == OCSP_SUCCESSFUL;
	histogram_add(&l->signing->times, now.mono_us - q->given_us);
	q->signed_response = m;
	question_mark(l, q, MARK_SIGNED);
	return 0;
}

/* ---- coming, going, hanging ---- */

static void lose_questions(struct ledger *l, const struct signer *signer)
{
	struct question *q;
	TAILQ_FOREACH(q, &signer->questions, at_signer)
		question_mark(l, q, MARK_UNSIGNED);
}

void signing_attach(struct ledger *l, unsigned index)
{
	struct signer *signer = &l->signing->signers[index];
	check(!signer->attached);
	signer->attached = true;
	signer->hung = false;
}

void signing_detach(struct ledger *l, unsigned index)
{
	struct signer *signer = &l->signing->signers[index];
	if (!signer->attached)
		return;
	signer->attached = false;
	lose_questions(l, signer);
}

void signing_replace(struct ledger *l)
{
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++)
		signing_detach(l, first(l) + i);
}

static bool is_awaited(const struct signer *signer)
{
	return signer->attached && !signer->hung && signer->depth > 0;
}

void signing_timer(struct ledger *l, struct moment now)
{
	for (unsigned i = 0; i < SIGNING_SIGNERS; i++) {
		struct signer *signer = &l->signing->signers[i];
		if (!is_awaited(signer) || now.mono_us < signer->silent_since_us + patience_us(l))
			continue;
		signer->hung = true;
		lose_questions(l, signer);
		l->ops->signer_hung(l->context, i);
	}
}

int64_t signing_next(const struct ledger *l)
{
	int64_t next = INT64_MAX;
	for (unsigned i = 0; i < SIGNING_SIGNERS; i++) {
		const struct signer *signer = &l->signing->signers[i];
		int64_t due = signer->silent_since_us + patience_us(l);
		if (is_awaited(signer) && due < next)
			next = due;
	}
	return next;
}

unsigned signing_working(const struct ledger *l)
{
	unsigned working = 0;
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++)
		working += l->signing->signers[first(l) + i].attached &&
			   !l->signing->signers[first(l) + i].hung;
	return working;
}

bool signing_possible(const struct ledger *l)
{
	return signing_working(l) > 0;
}

struct signing_counts signing_counts(const struct ledger *l)
{
	struct signing_counts counts = {.signatures = l->signing->signatures,
					.times = l->signing->times};
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++) {
		const struct signer *signer = &l->signing->signers[first(l) + i];
		counts.attached += signer->attached;
		counts.hung += signer->attached && signer->hung;
		counts.depth += signer->depth;
	}
	return counts;
}
