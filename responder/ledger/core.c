#include "ledger/state.h"

#define FRAME_LEAST 4096u

static int parts_new(struct ledger *l)
{
	/* Room for every small message, so that no purge can fail for want of memory. */
	int result = buffer_reserve(&l->frame, FRAME_LEAST) ? 0 : -ENOMEM;
	if (result == 0)
		result = table_init(&l->flights);
	if (result == 0)
		result = table_init(&l->lookups);
	if (result == 0)
		result = table_init(&l->tags);
	if (result == 0)
		result = revoked_new(&l->key, &l->revoked);
	if (result == 0)
		result = issuers_new(l->conf, &l->key, &l->issuers);
	if (result == 0)
		result = journal_new(&l->journal_ops, l->context, l->revoked, l->issuers,
				     &l->journal);
	if (result == 0)
		result = cache_new(l->conf->server.cache_size, &l->cache);
	if (result == 0)
		result = offers_new(l);
	if (result == 0)
		result = sections_new(l);
	return result;
}

/* The default issuer's section, but whoever asks is told unknown. */
static void stranger_init(struct ledger *l)
{
	const struct conf_issuer *section = conf_default_issuer(l->conf);
	l->stranger.record = (struct issuer_record){.id = ISSUER_STRANGER,
						    .version = 1,
						    .revoked_at = TIME_NONE,
						    .reason = REASON_NONE};
	if (!section)
		return;
	l->stranger_section = *section;
	l->stranger_section.policy = (struct issuer_policy){.complete = true};
	l->stranger.section = &l->stranger_section;
	l->stranger.section_index = (uint32_t)(section - l->conf->issuers);
}

int ledger_new(const struct conf *conf, const struct siphash_key *key, const struct ledger_ops *ops,
	       void *context, struct ledger **ret)
{
	cleanup(ledger_freep) struct ledger *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->conf = conf;
	l->key = *key;
	l->ops = ops;
	l->context = context;
	l->journal_ops = (struct journal_ops){.append = ops->journal, .swap = ops->journal_swap};
	l->frame.most = LIMIT_FRAME;
	l->tick_us = INT64_MIN;
	stranger_init(l);
	TAILQ_INIT(&l->lookup_queue);
	TAILQ_INIT(&l->parked);
	TAILQ_INIT(&l->verifications);
	TAILQ_INIT(&l->askers);
	TAILQ_INIT(&l->jobs_lookup);
	TAILQ_INIT(&l->jobs_stale);
	TAILQ_INIT(&l->jobs_queued);
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++)
		TAILQ_INIT(&l->signers[i].jobs);
	int result = parts_new(l);
	if (result < 0)
		return result;
	*ret = l;
	l = NULL;
	return 0;
}

static void jobs_free(struct ledger *l, struct job_list *jobs)
{
	struct job *job;
	while ((job = TAILQ_FIRST(jobs)))
		job_free(l, job);
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	parked_forget(l, PARKED_ALL);
	verify_forget(l, PARKED_ALL);
	jobs_free(l, &l->jobs_lookup);
	jobs_free(l, &l->jobs_stale);
	jobs_free(l, &l->jobs_queued);
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++)
		jobs_free(l, &l->signers[i].jobs);
	lookups_deinit(l);
	table_deinit(&l->flights);
	table_deinit(&l->lookups);
	table_deinit(&l->tags);
	journal_free(l->journal);
	revoked_free(l->revoked);
	issuers_free(l->issuers);
	cache_free(l->cache);
	free(l->offers);
	free(l->sections);
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
	l->fronts[front].attached = true;
	if (l->has_evidence) {
		struct message_purge all = {.scope = PURGE_ALL};
		buffer_reset(&l->frame);
		message_purge_write(&l->frame, &all);
		l->ops->to_front(l->context, front, MESSAGE_PURGE, buffer_view(&l->frame));
		answer_tick(l, front);
	}
	readiness_update(l, now);
	readiness_send(l, front);
	offers_send(l, front);
}

void ledger_front_detach(struct ledger *l, unsigned front)
{
	struct asker *asker = TAILQ_FIRST(&l->askers), *next;
	l->fronts[front].attached = false;
	parked_forget(l, front);
	verify_forget(l, front);
	for (; asker; asker = next) {
		struct job *job = asker->job;
		next = TAILQ_NEXT(asker, by_deadline);
		if (asker->front != front)
			continue;
		asker_remove(l, asker);
		job_abandon(l, job);
	}
}

/* ---- time ---- */

static void askers_expire(struct ledger *l, struct moment now)
{
	struct asker *asker;
	while ((asker = TAILQ_FIRST(&l->askers)) && asker->deadline_us <= now.mono_us) {
		struct job *job = asker->job;
		l->counts.timeouts++;
		answer_error(l, asker->front, asker->id, OCSP_TRY_LATER);
		asker_remove(l, asker);
		job_abandon(l, job);
	}
}

static void journal_go_on(struct ledger *l, struct moment now)
{
	changes_remember(l);
	if (!l->loading && journal_turn(l->journal, now) == JOURNAL_FAILED)
		changes_journal_alarm(l);
}

void ledger_turn_end(struct ledger *l, struct moment now)
{
	journal_go_on(l, now);
	changes_flush(l);
	lookups_send(l, now);
	facts_give_up(l, now);
	readiness_update(l, now);
}

void ledger_timer(struct ledger *l, struct moment now)
{
	parked_expire(l, now);
	verify_expire(l, now);
	askers_expire(l, now);
	signing_timer(l, now);
	ledger_turn_end(l, now);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t ledger_next_timer(const struct ledger *l)
{
	int64_t next = earlier(earlier(signing_next(l), parked_next(l)), verify_next(l));
	next = earlier(next, l->loading ? INT64_MAX : journal_next(l->journal));
	int64_t stale = l->evidence.mono_us + l->conf->database.freshness_us;
	if (!TAILQ_EMPTY(&l->askers))
		next = earlier(next, TAILQ_FIRST(&l->askers)->deadline_us);
	if (l->lookup_usable && l->batch_count == 0 && !TAILQ_EMPTY(&l->lookup_queue))
		next = earlier(next, l->lookup_retry_us > l->lookup_hold_us ? l->lookup_retry_us
									    : l->lookup_hold_us);
	if (readiness_fresh(l))
		next = earlier(next, stale);
	return next;
}

/* ---- state ---- */

size_t ledger_open(const struct ledger *l)
{
	return l->open + l->parked_count + l->verification_count;
}

bool ledger_incomplete(const struct ledger *l)
{
	return l->incomplete;
}
