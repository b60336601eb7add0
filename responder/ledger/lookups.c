/* Lookups: everything that came in one turn goes out as one batch; one batch is in flight, the next
 * accumulates; the same certificate is looked up once for all who ask. A failed batch is asked
 * again, never read as "no such row" (FAULTS.md row 4). */
#include "ledger/state.h"

/* A pause after a failed batch, so that a database in trouble is not hammered. */
#define RETRY_US (50 * MILLISECOND_US)
/* The longest that a lookup waits for others while all signers are busy: about one turn of theirs. */
#define HOLD_US (5 * MILLISECOND_US)

static struct lookup *lookup_of_node(struct table_node *node)
{
	return (struct lookup *)node; /* its first member */
}

static bool key_equal(const struct db_key *a, int32_t issuer, const struct serial *serial)
{
	return a->issuer == issuer && view_equal(serial_view(&a->serial), serial_view(serial));
}

static struct lookup *lookup_find(const struct ledger *l, const struct entry *entry)
{
	int32_t issuer = entry->job->issuer->record.id;
	struct table_node *node = table_first(&l->lookups, entry->tag);
	for (; node; node = table_next(node))
		if (key_equal(&lookup_of_node(node)->key, issuer, &entry->serial))
			return lookup_of_node(node);
	return NULL;
}

static struct lookup *lookup_new(struct ledger *l, const struct entry *entry)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	if (!lookup)
		return NULL;
	lookup->key.issuer = entry->job->issuer->record.id;
	lookup->key.serial = entry->serial;
	TAILQ_INIT(&lookup->waiting);
	table_put(&l->lookups, &lookup->node, entry->tag);
	TAILQ_INSERT_TAIL(&l->lookup_queue, lookup, queue);
	return lookup;
}

bool lookup_want(struct ledger *l, struct entry *entry)
{
	struct lookup *lookup = lookup_find(l, entry);
	if (!lookup)
		lookup = lookup_new(l, entry);
	if (!lookup)
		return false;
	entry->lookup = lookup;
	TAILQ_INSERT_TAIL(&lookup->waiting, entry, waiting);
	return true;
}

/* Out of the table and gone; nobody waits any more. */
static void lookup_free(struct ledger *l, struct lookup *lookup)
{
	table_remove(&l->lookups, &lookup->node);
	free(lookup);
}

void lookup_cancel(struct ledger *l, struct entry *entry)
{
	struct lookup *lookup = entry->lookup;
	if (!lookup)
		return;
	entry->lookup = NULL;
	TAILQ_REMOVE(&lookup->waiting, entry, waiting);
	if (!TAILQ_EMPTY(&lookup->waiting) || lookup->sent)
		return;
	TAILQ_REMOVE(&l->lookup_queue, lookup, queue);
	lookup_free(l, lookup);
}

/* ---- batches ---- */

/* Out of the batch and back into the queue. */
static void lookup_requeue(struct ledger *l, struct lookup *lookup)
{
	lookup->sent = lookup->doubted = false;
	if (TAILQ_EMPTY(&lookup->waiting))
		lookup_free(l, lookup);
	else
		TAILQ_INSERT_HEAD(&l->lookup_queue, lookup, queue);
}

static void batch_back_to_queue(struct ledger *l, struct moment now)
{
	for (size_t i = l->batch_count; i-- > 0;)
		lookup_requeue(l, l->batch_lookups[i]);
	l->batch_count = 0;
	l->lookup_retry_us = now.mono_us + RETRY_US;
	l->counts.batches_failed++;
}

/* Signers that have enough to do gain nothing by an early lookup, and each larger batch costs the
 * database less; so what comes meanwhile waits a moment for the rest. */
static bool lookups_held(struct ledger *l, struct moment now)
{
	if (!signing_saturated(l)) {
		l->lookup_hold_us = 0;
		return false;
	}
	if (l->lookup_hold_us == 0)
		l->lookup_hold_us = now.mono_us + HOLD_US;
	return now.mono_us < l->lookup_hold_us;
}

/* As the database calls it. */
static struct db_key asked_key(const struct ledger *l, const struct lookup *lookup)
{
	struct db_key key = lookup->key;
	const struct issuer *issuer = issuers_by_id(l->issuers, lookup->key.issuer);
	key.issuer = issuer ? issuer->database_id : 0;
	return key;
}

void lookups_send(struct ledger *l, struct moment now)
{
	struct db_key keys[LIMIT_LOOKUP_BATCH];
	struct lookup *lookup;
	if (l->batch_count || !l->lookup_usable || now.mono_us < l->lookup_retry_us ||
	    TAILQ_EMPTY(&l->lookup_queue) || lookups_held(l, now))
		return;
	l->lookup_hold_us = 0;
	while (l->batch_count < LIMIT_LOOKUP_BATCH && (lookup = TAILQ_FIRST(&l->lookup_queue))) {
		TAILQ_REMOVE(&l->lookup_queue, lookup, queue);
		lookup->sent = true;
		keys[l->batch_count] = asked_key(l, lookup);
		l->batch_lookups[l->batch_count++] = lookup;
	}
	l->counts.batches++;
	l->counts.lookups += l->batch_count;
	if (l->ops->lookup(l->context, ++l->batch, keys, l->batch_count) < 0)
		batch_back_to_queue(l, now);
}

void ledger_lookup_failed(struct ledger *l, uint64_t batch, struct moment now)
{
	if (l->batch_count && batch == l->batch)
		batch_back_to_queue(l, now);
}

/* What a lookup knows better than the feed is applied at once, but it never makes good what the set
 * says is not: a release waits for the feed, so that no answer mixes two states of the data. */
static void found_apply(struct ledger *l, const struct cert_record *record,
			const struct db_evidence *evidence)
{
	struct cert_record row;
	bool revoked =
		revoked_find(l->revoked, record->issuer, serial_view(&record->serial), &row) &&
		status_says_revoked(row.status);
	if (status_says_revoked(record->status) || !revoked)
		ledger_lookup_row(l, record, evidence);
}

static void entry_learn(struct entry *entry, const struct db_found *found,
			const struct db_evidence *evidence)
{
	entry->lookup = NULL;
	entry->knowledge = found->bad ? KNOWS_CORRUPTION : found->found ? KNOWS_ROW : KNOWS_ABSENCE;
	entry->record = found->record;
	entry->record.issuer = entry->job->issuer->record.id;
	entry->evidence = *evidence;
	facts_keep(entry, &found->facts);
}

/* Jobs may end here, but none that still waits for this lookup. */
static void lookup_finish(struct ledger *l, struct lookup *lookup, const struct db_found *found,
			  const struct db_evidence *evidence, struct moment now)
{
	struct entry *entry;
	if (lookup->doubted) {
		lookup_requeue(l, lookup);
		return;
	}
	table_remove(&l->lookups, &lookup->node);
	while ((entry = TAILQ_FIRST(&lookup->waiting))) {
		struct job *job = entry->job;
		TAILQ_REMOVE(&lookup->waiting, entry, waiting);
		entry_learn(entry, found, evidence);
		if (--job->pending == 0)
			job_advance(l, job, now);
	}
	free(lookup);
}

/* The rows that were asked for, and no others. */
static bool batch_matches(const struct ledger *l, const struct db_found *found, size_t count)
{
	if (count != l->batch_count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct db_key key = asked_key(l, l->batch_lookups[i]);
		if (found[i].found &&
		    !key_equal(&key, found[i].record.issuer, &found[i].record.serial))
			return false;
	}
	return true;
}

void ledger_lookup_done(struct ledger *l, uint64_t batch, const struct db_evidence *evidence,
			const struct db_found *found, size_t count, struct moment now)
{
	if (l->batch_count == 0 || batch != l->batch)
		return;
	if (!ledger_lookup_believed(l, evidence)) {
		batch_back_to_queue(l, now);
		return;
	}
	if (!batch_matches(l, found, count)) {
		ledger_alarm(l, "a lookup's answer does not match its question");
		batch_back_to_queue(l, now);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct cert_record record = found[i].record;
		record.issuer = l->batch_lookups[i]->key.issuer;
		if (found[i].found)
			found_apply(l, &record, evidence);
	}
	l->batch_count = 0;
	for (size_t i = 0; i < count; i++)
		lookup_finish(l, l->batch_lookups[i], &found[i], evidence, now);
	signing_dispatch(l, now);
}

void ledger_lookup_state(struct ledger *l, bool usable, const char *reason)
{
	l->lookup_usable = usable;
	l->lookup_retry_us = 0;
	(void)snprintf(l->lookup_reason, sizeof(l->lookup_reason), "%s", reason ? reason : "");
}

static void jobs_doubt(struct job_list *jobs, const struct db_key *key)
{
	struct job *job;
	TAILQ_FOREACH(job, jobs, place)
		for (unsigned i = 0; i < job->count; i++)
			if (key_equal(key, job->issuer->record.id, &job->entries[i].serial))
				job->entries[i].knowledge = KNOWS_NOTHING;
}

void lookups_doubt(struct ledger *l, const struct db_key *key)
{
	for (size_t i = 0; i < l->batch_count; i++)
		if (key_equal(key, l->batch_lookups[i]->key.issuer,
			      &l->batch_lookups[i]->key.serial))
			l->batch_lookups[i]->doubted = true;
	jobs_doubt(&l->jobs_lookup, key);
	jobs_doubt(&l->jobs_stale, key);
	jobs_doubt(&l->jobs_queued, key);
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++)
		jobs_doubt(&l->signers[i].jobs, key);
}

static void jobs_doubt_all(struct job_list *jobs)
{
	struct job *job;
	TAILQ_FOREACH(job, jobs, place)
		for (unsigned i = 0; i < job->count; i++)
			job->entries[i].knowledge = KNOWS_NOTHING;
}

void lookups_doubt_all(struct ledger *l)
{
	for (size_t i = 0; i < l->batch_count; i++)
		l->batch_lookups[i]->doubted = true;
	jobs_doubt_all(&l->jobs_lookup);
	jobs_doubt_all(&l->jobs_stale);
	jobs_doubt_all(&l->jobs_queued);
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++)
		jobs_doubt_all(&l->signers[i].jobs);
}

void lookups_deinit(struct ledger *l)
{
	/* Jobs are gone, and with them all that was queued. */
	for (size_t i = 0; i < l->batch_count; i++)
		lookup_free(l, l->batch_lookups[i]);
	l->batch_count = 0;
}
