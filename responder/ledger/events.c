/* What happens to the ledger, event by event: each is noted by the part that it concerns, and then decide()
 * looks at what was marked. Those that bring the database's words are in changes.c and found.c. */
#include "cache/cache.h"
#include "ledger/binding.h"
#include "ledger/changes.h"
#include "ledger/crls.h"
#include "ledger/decide.h"
#include "ledger/explain.h"
#include "ledger/forgets.h"
#include "ledger/fronts.h"
#include "ledger/intake.h"
#include "ledger/issuers.h"
#include "ledger/kept.h"
#include "ledger/known.h"
#include "ledger/lookups.h"
#include "ledger/names.h"
#include "ledger/offers.h"
#include "ledger/presigned.h"
#include "ledger/proving.h"
#include "ledger/queue.h"
#include "ledger/readiness.h"
#include "ledger/reconfigure.h"
#include "ledger/report.h"
#include "ledger/revoked.h"
#include "ledger/sections.h"
#include "ledger/signing.h"
#include "ledger/state.h"
#include "ledger/verifying.h"

#define FRAME_LEAST 4096u

static int parts_init(struct ledger *l)
{
	static int (*const inits[])(struct ledger *) = {
		questions_init, queue_init,   forgets_init,   fronts_init,    offers_init,
		sections_init,  lookups_init, signing_init,   verifying_init, binding_init,
		readiness_init, explain_init, presigned_init, kept_init,      crls_init,
	};
	for (size_t i = 0; i < array_size(inits); i++) {
		int result = inits[i](l);
		if (result < 0)
			return result;
	}
	return 0;
}

static int stores_new(struct ledger *l)
{
	/* Room for every small message, so that no purge can fail for want of memory. */
	int result = buffer_reserve(&l->frame, FRAME_LEAST) ? 0 : -ENOMEM;
	if (result == 0)
		result = revoked_new(&l->key, &l->revoked);
	if (result == 0)
		result = issuers_new(l->conf, &l->key, &l->issuers);
	if (result == 0)
		result = known_new(l->conf->server.known_size, &l->known);
	if (result == 0)
		result = journal_new(&l->journal_ops, l->context, l->revoked, l->issuers,
				     &l->journal);
	if (result == 0)
		result = cache_new(l->conf->server.cache_size, &l->cache);
	return result;
}

int ledger_new(const struct conf *conf, const struct siphash_key *key, const struct ledger_ops *ops,
	       void *context, struct ledger **ret)
{
	cleanup(ledger_freep) struct ledger *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->conf = conf;
	l->prewarming = conf->database.prewarm;
	l->key = *key;
	l->ops = ops;
	l->context = context;
	l->journal_ops = (struct journal_ops){.append = ops->journal, .swap = ops->journal_swap};
	l->frame.most = LIMIT_FRAME;
	report_init(l);
	int result = parts_init(l);
	if (result == 0)
		result = stores_new(l);
	if (result < 0)
		return result;
	*ret = l;
	l = NULL;
	return 0;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	ledger_abandon(l);
	decide_drop_all(l);
	lookups_deinit(l);
	questions_deinit(l);
	queue_deinit(l);
	fronts_deinit(l);
	forgets_deinit(l);
	offers_deinit(l);
	sections_deinit(l);
	signing_deinit(l);
	verifying_deinit(l);
	binding_deinit(l);
	readiness_deinit(l);
	explain_deinit(l);
	presigned_deinit(l);
	kept_deinit(l);
	crls_deinit(l);
	journal_free(l->journal);
	known_free(l->known);
	revoked_free(l->revoked);
	issuers_free(l->issuers);
	cache_free(l->cache);
	alarms_deinit(&l->alarms);
	buffer_deinit(&l->frame);
	free(l);
}

int ledger_recall(struct ledger *l, const struct view files[2], unsigned *ret_current)
{
	struct journal_recalled recalled;
	int result = journal_recall(l->journal, files, &l->history, &recalled);
	if (result < 0)
		return result;
	if (recalled.damaged)
		ledger_alarm(l,
			     "the journal of revocations is damaged, what can be read of it counts "
			     "octets=%zu revocations=%zu",
			     recalled.damaged, recalled.rows);
	if (recalled.other_format)
		ledger_alarm(l, "the journal of revocations is of another version of stillgood, it "
				"is built anew");
	*ret_current = recalled.current;
	return 0;
}

/* ---- fronts ---- */

void ledger_front_attach(struct ledger *l, unsigned front, struct moment now)
{
	ledger_front_detach(l, front);
	fronts_attach(l, front);
	readiness_update(l, now);
	readiness_send(l, front);
	offers_send(l, front);
	names_send(l, front);
	decide(l, now);
}

void ledger_front_detach(struct ledger *l, unsigned front)
{
	fronts_detach(l, front);
	explain_front_gone(l, front);
	questions_mark_front(l, front);
	decide_untimed(l);
}

int ledger_front_frame(struct ledger *l, unsigned front, uint8_t type, struct view payload,
		       struct moment now)
{
	int result = type == MESSAGE_EXPLAINED ? explain_take(l, front, payload)
					       : intake_frame(l, front, type, payload, now);
	decide(l, now);
	return result;
}

/* ---- the verifier ---- */

void ledger_verifier_attach(struct ledger *l, unsigned verifier)
{
	verifying_attach(l, verifier, true);
	decide_untimed(l);
}

void ledger_verifier_detach(struct ledger *l, unsigned verifier)
{
	verifying_attach(l, verifier, false);
	decide_untimed(l);
}

int ledger_verifier_frame(struct ledger *l, unsigned verifier, uint8_t type, struct view payload,
			  struct moment now)
{
	int result = verifying_take(l, verifier, type, payload);
	decide(l, now);
	return result;
}

/* ---- the fetcher ---- */

void ledger_fetcher_attach(struct ledger *l)
{
	forgets_attach(l, true);
}

void ledger_fetcher_detach(struct ledger *l)
{
	forgets_attach(l, false);
}

/* ---- signers ---- */

void ledger_signer_attach(struct ledger *l, unsigned signer, struct moment now)
{
	ledger_signer_detach(l, signer, now);
	signing_attach(l, signer);
	decide(l, now);
}

void ledger_signer_detach(struct ledger *l, unsigned signer, struct moment now)
{
	signing_detach(l, signer);
	decide(l, now);
}

int ledger_signer_frame(struct ledger *l, unsigned signer, uint8_t type, struct view payload,
			struct moment now)
{
	int result = -EBADMSG;
	if (type == MESSAGE_OFFER)
		result = offers_take(l, reconfigure_offers(l, signer), payload);
	else if (type == MESSAGE_SIGNED)
		result = signing_take(l, signer, payload, now);
	decide(l, now);
	return result;
}

/* ---- answers that were signed beforehand ---- */

void ledger_stored_done(struct ledger *l, uint64_t batch, const struct db_stored_found *found,
			size_t count, struct moment now)
{
	presigned_take(l, batch, found, count);
	decide(l, now);
}

void ledger_stored_failed(struct ledger *l, uint64_t batch, struct moment now)
{
	presigned_fail(l, batch, now);
	decide(l, now);
}

/* ---- time ---- */

static void journal_go_on(struct ledger *l, struct moment now)
{
	changes_remember(l);
	if (!l->loading && journal_turn(l->journal, now) == JOURNAL_FAILED)
		changes_journal_alarm(l);
}

void ledger_turn_end(struct ledger *l, struct moment now)
{
	journal_go_on(l, now);
	fronts_turn(l);
	forgets_turn(l);
	decide(l, now);
	lookups_send(l, signing_saturated(l), now);
	presigned_send(l, now);
	decide(l, now); /* what cannot be asked for now */
	presigned_look(l, now);
	kept_turn(l, now);
	crls_look(l, now);
	explain_turn(l, now);
	fronts_live(l, proving_until(l, now));
	readiness_update(l, now);
}

void ledger_timer(struct ledger *l, struct moment now)
{
	questions_mark_late(l, now);
	explain_timer(l, now);
	signing_timer(l, now);
	ledger_turn_end(l, now);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t ledger_next_timer(const struct ledger *l)
{
	int64_t next = earlier(earlier(signing_next(l), questions_next(l)), lookups_next(l));
	next = earlier(next, earlier(explain_next(l), presigned_next(l)));
	next = earlier(next, l->loading ? INT64_MAX : journal_next(l->journal));
	next = earlier(next, earlier(readiness_next(l), crls_next(l)));
	return readiness_fresh(l) ? earlier(next, readiness_stale(l)) : next;
}

/* ---- state ---- */

int ledger_explain(struct ledger *l, uint32_t ticket, bool issued, struct view words,
		   struct moment now, struct fault *fault)
{
	int result = explain_ask(l, ticket, issued, words, now, fault);
	decide(l, now);
	return result;
}

size_t ledger_open(const struct ledger *l)
{
	return questions_open(l);
}

bool ledger_evidence_fresh(const struct ledger *l, struct moment now)
{
	return l->has_evidence && (feed_fresh(l, now) || proving_until(l, now));
}

bool ledger_incomplete(const struct ledger *l)
{
	return l->incomplete;
}
