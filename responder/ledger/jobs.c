/* The life of a question: who waits for it, in which state it is, when it ends. */
#include "ledger/state.h"

/* ---- one allocation a job ---- */

static size_t octets_of(const struct message_query *query, struct view algorithm)
{
	size_t size = query->nonce.size + algorithm.size;
	for (unsigned i = 0; i < query->certid_count; i++)
		size += query->certids[i].size;
	return size;
}

static struct view keep(uint8_t **at, struct view bytes)
{
	struct view kept = view_of(*at, bytes.size);
	if (bytes.size)
		memcpy(*at, bytes.data, bytes.size);
	*at += bytes.size;
	return kept;
}

static void entry_init(const struct ledger *l, struct entry *entry, struct job *job,
		       const struct ocsp_certid *certid)
{
	entry->job = job;
	entry->serial.size = (uint8_t)certid->serial.size;
	memcpy(entry->serial.octets, certid->serial.data, certid->serial.size);
	entry->tag = tag_of(&l->key, job->issuer->record.id, certid->serial);
}

struct job *job_new(struct ledger *l, const struct issuer *issuer,
		    const struct message_query *query, const struct ocsp_certid *certids,
		    struct view algorithm)
{
	size_t fixed = sizeof(struct job) + query->certid_count * sizeof(struct entry);
	struct job *job = calloc(1, fixed + octets_of(query, algorithm));
	if (!job)
		return NULL;
	uint8_t *at = (uint8_t *)job + fixed;
	job->issuer = issuer;
	job->count = query->certid_count;
	job->nonce = keep(&at, query->nonce);
	job->raw_nonce = query->raw_nonce;
	TAILQ_INIT(&job->askers);
	for (unsigned i = 0; i < job->count; i++) {
		entry_init(l, &job->entries[i], job, &certids[i]);
		job->entries[i].certid = keep(&at, query->certids[i]);
		table_put(&l->tags, &job->entries[i].by_tag, job->entries[i].tag);
	}
	job->algorithm = keep(&at, algorithm);
	job->cacheable = job->count == 1 && job->nonce.size == 0;
	if (job->cacheable) /* one stands behind the other */
		job->key = view_of(job->entries[0].certid.data,
				   job->entries[0].certid.size + algorithm.size);
	if (job->cacheable)
		table_put(&l->flights, &job->flight, siphash(&l->key, job->key));
	l->entries += job->count;
	return job;
}

void job_free(struct ledger *l, struct job *job)
{
	struct asker *asker;
	while ((asker = TAILQ_FIRST(&job->askers)))
		asker_remove(l, asker);
	job_move(l, job, JOB_NEW);
	if (job->cacheable)
		table_remove(&l->flights, &job->flight);
	for (unsigned i = 0; i < job->count; i++) {
		table_remove(&l->tags, &job->entries[i].by_tag);
		facts_drop(&job->entries[i]);
	}
	l->entries -= job->count;
	free(job);
}

static struct job *job_of_flight(struct table_node *node)
{
	return (struct job *)((uint8_t *)node - offsetof(struct job, flight));
}

struct job *job_in_flight(const struct ledger *l, struct view key)
{
	struct table_node *node = table_first(&l->flights, siphash(&l->key, key));
	for (; node; node = table_next(node))
		if (view_equal(job_of_flight(node)->key, key))
			return job_of_flight(node);
	return NULL;
}

/* ---- marks ---- */

void questions_mark_tag(struct ledger *l, uint64_t tag)
{
	struct table_node *node = table_first(&l->tags, tag);
	for (; node; node = table_next(node)) {
		uint8_t *entry = (uint8_t *)node - offsetof(struct entry, by_tag);
		((struct entry *)entry)->job->overtaken = true;
	}
}

/* `issuer` NULL: whichever. Who is a stranger depends on every issuer. */
static void jobs_mark(struct ledger *l, struct job_list *jobs, const struct issuer *issuer)
{
	struct job *job;
	TAILQ_FOREACH(job, jobs, place)
		if (!issuer || job->issuer == issuer || job->issuer == &l->stranger)
			job->overtaken = true;
}

void questions_mark_issuer(struct ledger *l, const struct issuer *issuer)
{
	jobs_mark(l, &l->jobs_lookup, issuer);
	jobs_mark(l, &l->jobs_stale, issuer);
	jobs_mark(l, &l->jobs_queued, issuer);
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++)
		jobs_mark(l, &l->signers[i].jobs, issuer);
}

void questions_mark_all(struct ledger *l)
{
	questions_mark_issuer(l, NULL);
}

/* ---- askers ---- */

bool job_ask(struct ledger *l, struct job *job, unsigned front, uint64_t id, struct moment now)
{
	struct asker *asker =
		job->first.job ? (struct asker *)calloc(1, sizeof(*asker)) : &job->first;
	if (!asker)
		return false;
	asker->job = job;
	asker->front = front;
	asker->id = id;
	asker->deadline_us = now.mono_us + l->conf->server.answer_timeout_us;
	TAILQ_INSERT_TAIL(&job->askers, asker, beside);
	/* All have the same time, so the order of arrival is that of the deadlines. */
	TAILQ_INSERT_TAIL(&l->askers, asker, by_deadline);
	l->fronts[front].open++;
	l->open++;
	return true;
}

void asker_remove(struct ledger *l, struct asker *asker)
{
	struct job *job = asker->job;
	TAILQ_REMOVE(&job->askers, asker, beside);
	TAILQ_REMOVE(&l->askers, asker, by_deadline);
	l->fronts[asker->front].open--;
	l->open--;
	if (asker != &job->first)
		free(asker);
}

/* ---- states ---- */

static struct job_list *list_of(struct ledger *l, enum job_state state)
{
	switch (state) {
	case JOB_LOOKUP:
		return &l->jobs_lookup;
	case JOB_STALE:
		return &l->jobs_stale;
	case JOB_QUEUED:
		return &l->jobs_queued;
	case JOB_NEW:
	case JOB_SIGNING:
		break;
	}
	return NULL;
}

static void state_leave(struct ledger *l, struct job *job)
{
	struct job_list *list = list_of(l, job->state);
	if (list)
		TAILQ_REMOVE(list, job, place);
	else if (job->state == JOB_SIGNING)
		signing_remove(l, job);
	for (unsigned i = 0; job->state == JOB_LOOKUP && i < job->count; i++)
		lookup_cancel(l, &job->entries[i]);
	job->pending = 0;
}

/* To JOB_SIGNING only signing.c moves: it knows the signer. */
void job_move(struct ledger *l, struct job *job, enum job_state state)
{
	state_leave(l, job);
	job->state = state;
	struct job_list *list = list_of(l, state);
	if (list)
		TAILQ_INSERT_TAIL(list, job, place);
}

static bool lookups_start(struct ledger *l, struct job *job, struct moment now)
{
	for (unsigned i = 0; i < job->count; i++) {
		if (!truth_wants_lookup(l, &job->entries[i], now))
			continue;
		if (!lookup_want(l, &job->entries[i]))
			return false;
		job->pending++;
	}
	return true;
}

/* Away for longer than the bound, with no connection: it may take minutes, so nobody is made to wait
 * for it. */
static bool database_away(const struct ledger *l, struct moment now)
{
	return l->has_evidence && !l->feed_up && !l->loading && !l->lookup_usable &&
	       !evidence_fresh(l, &l->evidence, now);
}

void job_advance(struct ledger *l, struct job *job, struct moment now)
{
	enum job_state next = truth_decide(l, job, now);
	bool once_more = next == JOB_LOOKUP && job->state == JOB_LOOKUP;
	if (next == JOB_NEW) {
		job_finish_error(l, job, truth_refusal(job));
		return;
	}
	if (once_more && job->tries++ >= LIMIT_FENCE_RETRIES) {
		job_finish_error(l, job, OCSP_TRY_LATER);
		return;
	}
	if ((next == JOB_LOOKUP || next == JOB_STALE) && database_away(l, now)) {
		job_finish_error(l, job, OCSP_TRY_LATER);
		return;
	}
	job_move(l, job, next);
	if (next == JOB_LOOKUP && !lookups_start(l, job, now))
		job_finish_error(l, job, OCSP_TRY_LATER);
}

void job_again(struct ledger *l, struct job *job, struct moment now)
{
	if (TAILQ_EMPTY(&job->askers) || job->tries++ >= LIMIT_FENCE_RETRIES)
		job_finish_error(l, job, OCSP_TRY_LATER);
	else
		job_advance(l, job, now);
}

/* ---- the end ---- */

void job_finish(struct ledger *l, struct job *job, struct message_answer *m)
{
	struct asker *asker;
	TAILQ_FOREACH(asker, &job->askers, beside) {
		m->id = asker->id;
		answer_send(l, asker->front, m);
	}
	job_free(l, job);
}

void job_finish_error(struct ledger *l, struct job *job, enum ocsp_result result)
{
	job_finish(l, job, &(struct message_answer){.result = result});
}

void job_abandon(struct ledger *l, struct job *job)
{
	bool useful = job->state == JOB_SIGNING && job->cacheable;
	if (TAILQ_EMPTY(&job->askers) && !useful)
		job_free(l, job);
}
