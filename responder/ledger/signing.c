/* Signers: each gets a few jobs ahead, always the one with the fewest; what a signer loses goes to
 * the others. A signer that holds jobs and is silent for half of the answer's time counts as hung:
 * that leaves its jobs the other half. */
#include "ledger/state.h"

static int64_t patience_us(const struct ledger *l)
{
	return l->conf->server.answer_timeout_us / 2;
}

/* ---- a signer's list ---- */

static void signer_give(struct ledger *l, unsigned index, struct job *job, struct moment now)
{
	struct signer *signer = &l->signers[index];
	job_move(l, job, JOB_SIGNING);
	job->signer = index;
	job->sign_id = ++l->sign_id;
	TAILQ_INSERT_TAIL(&signer->jobs, job, place);
	if (signer->depth++ == 0)
		signer->silent_since_us = now.mono_us;
}

void signing_remove(struct ledger *l, struct job *job)
{
	struct signer *signer = &l->signers[job->signer];
	TAILQ_REMOVE(&signer->jobs, job, place);
	signer->depth--;
}

static struct job *signer_job(const struct signer *signer, uint64_t id)
{
	struct job *job;
	TAILQ_FOREACH(job, &signer->jobs, place)
		if (job->sign_id == id)
			return job;
	return NULL;
}

static void signer_lose_jobs(struct ledger *l, unsigned index)
{
	struct job *job;
	while ((job = TAILQ_FIRST(&l->signers[index].jobs))) {
		job_move(l, job, JOB_QUEUED);
		job_abandon(l, job);
	}
}

/* ---- dispatch ---- */

/* Half of what a signer is given ahead lasts it longer than a lookup takes. */
#define DEPTH_ENOUGH (LIMIT_SIGNER_DEPTH / 2)

bool signing_saturated(const struct ledger *l)
{
	unsigned working = 0;
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++) {
		const struct signer *signer = &l->signers[i];
		if (!signer->attached || signer->hung)
			continue;
		if (signer->depth < DEPTH_ENOUGH)
			return false;
		working++;
	}
	return working > 0;
}

/* The signer with the fewest jobs that has room, or LIMIT_SIGNERS. */
static unsigned signer_choose(const struct ledger *l)
{
	unsigned best = LIMIT_SIGNERS, least = LIMIT_SIGNER_DEPTH;
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++) {
		const struct signer *signer = &l->signers[i];
		if (signer->attached && !signer->hung && signer->depth < least) {
			best = i;
			least = signer->depth;
		}
	}
	return best;
}

static struct sign_entry sign_entry_of(const struct entry *entry)
{
	const struct verdict *verdict = &entry->verdict;
	bool revoked = verdict->status == OCSP_REVOKED;
	return (struct sign_entry){
		.certid = entry->certid,
		.status = verdict->status,
		.revoked_at = revoked ? verdict->revoked_at : TIME_NONE,
		.reason = revoked ? verdict->reason : REASON_NONE,
		.invalidity_at = revoked ? verdict->invalidity_at : TIME_NONE,
		.facts = facts_of(entry),
		.issuer_name = issuer_name_in(entry->job->issuer, entry->certid),
	};
}

static struct message_sign sign_message(const struct ledger *l, const struct job *job, uint64_t id)
{
	struct message_sign m = {
		.id = id,
		.issuer = job->issuer->section_index,
		.nonce = job->nonce,
		.raw_nonce = job->raw_nonce,
		.unknown_issuer = job->issuer == &l->stranger,
		.this_update = job->this_update,
		.next_update = job->next_update,
		.count = job->count,
		.algorithm = job->algorithm,
	};
	for (unsigned i = 0; i < job->count; i++) {
		m.entries[i] = sign_entry_of(&job->entries[i]);
		m.extended_revoke |= job->entries[i].verdict.extended_revoke;
	}
	return m;
}

static void job_sign(struct ledger *l, struct job *job, unsigned signer, struct moment now)
{
	struct message_sign m = sign_message(l, job, l->sign_id + 1);
	buffer_reset(&l->frame);
	message_sign_write(&l->frame, &m);
	if (buffer_result(&l->frame) < 0) {
		ledger_alarm(l,
			     "a response cannot be asked for, its fields are out of range "
			     "issuer=\"%s\"",
			     job->issuer->record.name);
		job_finish_error(l, job, OCSP_INTERNAL_ERROR);
		return;
	}
	signer_give(l, signer, job, now);
	l->ops->to_signer(l->context, signer, MESSAGE_SIGN, buffer_view(&l->frame));
}

void signing_dispatch(struct ledger *l, struct moment now)
{
	struct job *job;
	while ((job = TAILQ_FIRST(&l->jobs_queued))) {
		unsigned signer = signer_choose(l);
		if (signer == LIMIT_SIGNERS)
			return;
		/* It may have waited: decide on what is known now. */
		if (truth_decide(l, job, now) == JOB_QUEUED)
			job_sign(l, job, signer, now);
		else
			job_advance(l, job, now);
	}
}

/* ---- results ---- */

/* What we asked for, no longer and no earlier. */
static bool signed_fits(const struct job *job, const struct message_signed *m)
{
	return m->next_update <= job->next_update && m->next_update > job->this_update &&
	       m->produced_at >= job->this_update && m->produced_at < m->next_update;
}

static void job_signed(struct ledger *l, struct job *job, const struct message_signed *m,
		       struct moment now)
{
	int64_t now_s = wall_seconds(now.wall_us);
	bool fresh = l->has_evidence && evidence_fresh(l, &l->evidence, now);
	if (m->result != OCSP_SUCCESSFUL) {
		job_finish_error(l, job, m->result);
	} else if (!signed_fits(job, m)) {
		ledger_alarm(l, "a signer answered with other times than asked for signer=%u",
			     job->signer);
		job_finish_error(l, job, OCSP_INTERNAL_ERROR);
	} else if (job->overtaken) {
		/* The fence: what it rests on has changed since the job was decided (I-1). */
		l->counts.fences++;
		job_again(l, job, now);
	} else if ((!fresh && !job->revoked_only) || m->next_update <= now_s ||
		   job->valid_until <= now_s || job->this_update > now_s) {
		job_again(l, job, now); /* I-3, P-23, P-28, and a clock that jumped */
	} else {
		answer_signed(l, job, m);
	}
}

int ledger_signer_frame(struct ledger *l, unsigned index, uint8_t type, struct view payload,
			struct moment now)
{
	struct signer *signer = &l->signers[index];
	struct message_signed m;
	if (type == MESSAGE_OFFER)
		return offers_take(l, payload);
	if (type != MESSAGE_SIGNED || message_signed_read(payload, &m) < 0)
		return -EBADMSG;
	signer->silent_since_us = now.mono_us;
	signer->hung = false;
	/* NULL: it was given to another meanwhile, or nobody waits for it any more. */
	struct job *job = signer_job(signer, m.id);
	if (job) {
		l->counts.signatures += m.result == OCSP_SUCCESSFUL;
		job_signed(l, job, &m, now);
	}
	signing_dispatch(l, now);
	return 0;
}

/* ---- coming, going, hanging ---- */

void ledger_signer_attach(struct ledger *l, unsigned index, struct moment now)
{
	if (l->signers[index].attached)
		ledger_signer_detach(l, index, now);
	l->signers[index].attached = true;
	l->signers[index].hung = false;
	l->signers_attached++;
	signing_dispatch(l, now);
}

void ledger_signer_detach(struct ledger *l, unsigned index, struct moment now)
{
	if (!l->signers[index].attached)
		return;
	l->signers[index].attached = false;
	l->signers_attached--;
	signer_lose_jobs(l, index);
	signing_dispatch(l, now);
}

static bool waits_for_signer(const struct signer *signer)
{
	return signer->attached && !signer->hung && signer->depth > 0;
}

void signing_timer(struct ledger *l, struct moment now)
{
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++) {
		struct signer *signer = &l->signers[i];
		if (!waits_for_signer(signer) ||
		    now.mono_us < signer->silent_since_us + patience_us(l))
			continue;
		signer->hung = true;
		signer_lose_jobs(l, i);
		l->ops->signer_hung(l->context, i);
	}
	signing_dispatch(l, now);
}

int64_t signing_next(const struct ledger *l)
{
	int64_t next = INT64_MAX;
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++) {
		const struct signer *signer = &l->signers[i];
		int64_t due = signer->silent_since_us + patience_us(l);
		if (waits_for_signer(signer) && due < next)
			next = due;
	}
	return next;
}

bool signing_possible(const struct ledger *l)
{
	for (unsigned i = 0; i < LIMIT_SIGNERS; i++)
		if (l->signers[i].attached && !l->signers[i].hung)
			return true;
	return false;
}
