#include "ledger/decide.h"

#include "base/log.h"
#include "ledger/binding.h"
#include "ledger/changes.h"
#include "ledger/explain.h"
#include "ledger/fronts.h"
#include "ledger/kept.h"
#include "ledger/lookups.h"
#include "ledger/presigned.h"
#include "ledger/queue.h"
#include "ledger/report.h"
#include "ledger/responses.h"
#include "ledger/sections.h"
#include "ledger/signing.h"
#include "ledger/state.h"
#include "ledger/verdicts.h"
#include "ledger/verifying.h"

/* ---- moving and ending ---- */

static void leave(struct ledger *l, struct question *q)
{
	lookups_cancel(l, q);
	if (q->state == QUESTION_SIGNING)
		signing_take_back(l, q);
	if (q->state == QUESTION_QUEUED)
		queue_leave(l, q);
	presigned_leave(l, q);
}

static void move(struct ledger *l, struct question *q, enum question_state state)
{
	if (q->state == state)
		return;
	leave(l, q);
	question_move(l, q, state);
	if (state == QUESTION_QUEUED)
		queue_enter(l, q);
}

static void end(struct ledger *l, struct question *q)
{
	move(l, q, QUESTION_NEW);
	question_free(l, q);
}

/* To all who wait; `m` as for anybody. */
static void answer(struct ledger *l, struct question *q, struct message_answer *m)
{
	struct asker *asker;
	TAILQ_FOREACH(asker, &q->askers, beside) {
		m->id = asker->id;
		ledger_trace(l, asker->request, "answered");
		fronts_answer(l, asker->front, m);
	}
	end(l, q);
}

/* To an operator: nothing is signed, stored or counted. */
static void tell(struct ledger *l, struct question *q, enum ocsp_result result)
{
	explain_decided(l, q, result);
	end(l, q);
}

static void refuse(struct ledger *l, struct question *q, enum ocsp_result result)
{
	if (q->explanation) {
		tell(l, q, result);
		return;
	}
	ledger_trace(l, q->request, result == OCSP_TRY_LATER ? "try later" : "refused");
	answer(l, q, &(struct message_answer){.result = result});
}

static void shed(struct ledger *l, struct question *q)
{
	l->overloads++;
	refuse(l, q, OCSP_TRY_LATER);
}

static void deliver(struct ledger *l, struct question *q, const struct message_signed *m,
		    struct moment now)
{
	check(verdicts_hold(l, q, now));
	struct message_answer signed_answer = responses_of(l, q, m);
	l->by_lookup += q->by_lookup;
	if (q->cacheable && !q->by_lookup)
		responses_store(l, q, &signed_answer);
	histogram_add(&l->answer_times, now.mono_us - q->asked_us);
	answer(l, q, &signed_answer);
}

/* ---- going on ---- */

/* Away for longer than the bound, with no connection: it may take minutes, so nobody is made to wait
 * for it. */
static bool database_away(const struct ledger *l, struct moment now)
{
	return l->has_evidence && !l->feed_up && !l->loading && !lookups_usable(l) &&
	       !feed_fresh(l, now);
}

/* From the beginning, because something may have changed that its issuer depends on. */
static enum ocsp_result rebind(struct ledger *l, struct question *q, struct moment now)
{
	const struct issuer *before = q->issuer;
	enum ocsp_result result = binding_make(l, q, now);
	if (q->issuer != before)
		lookups_cancel(l, q);
	if (result == OCSP_SUCCESSFUL)
		question_index(l, q);
	return result;
}

static bool lookups_want(struct ledger *l, struct question *q)
{
	for (unsigned i = 0; i < q->count; i++)
		if (q->entries[i].wants && !q->entries[i].lookup && !lookup_want(l, &q->entries[i]))
			return false;
	return true;
}

static void wait_for_lookups(struct ledger *l, struct question *q, unsigned marks)
{
	bool once_more = q->state == QUESTION_LOOKUP && (marks & MARK_LEARNED);
	if (once_more && q->tries++ >= LIMIT_FENCE_RETRIES) {
		refuse(l, q, OCSP_TRY_LATER);
		return;
	}
	ledger_trace(l, q->request, "waits for a lookup");
	move(l, q, QUESTION_LOOKUP);
	if (!lookups_want(l, q))
		refuse(l, q, OCSP_TRY_LATER);
}

/* Of an earlier process's: nobody need sign it (kept.h). */
static bool answer_kept(struct ledger *l, struct question *q, struct moment now)
{
	struct message_signed m;
	if (!kept_find(l, q, now, &m))
		return false;
	ledger_trace(l, q->request, "was signed before the start");
	deliver(l, q, &m, now);
	return true;
}

static void queue_up(struct ledger *l, struct question *q, struct moment now)
{
	if (answer_kept(l, q, now))
		return;
	if (q->state == QUESTION_QUEUED)
		queue_renew(l, q);
	else if (queue_admits(l, q, signing_working(l)))
		move(l, q, QUESTION_QUEUED);
	else
		shed(l, q);
}

/* What was signed beforehand; what asks for it leaves at the end of the turn. */
static void fetch(struct ledger *l, struct question *q, struct moment now)
{
	if (!presigned_possible(l, now)) {
		q->cause = CAUSE_NO_LOOKUP;
		refuse(l, q, OCSP_TRY_LATER);
		return;
	}
	ledger_trace(l, q->request, "waits for its stored answer");
	move(l, q, QUESTION_FETCHING);
}

/* Decides on what is known now. */
static void advance(struct ledger *l, struct question *q, unsigned marks, struct moment now)
{
	enum ocsp_result refusal = q->overtaken ? rebind(l, q, now) : OCSP_SUCCESSFUL;
	enum question_state next = QUESTION_NEW;
	if (refusal == OCSP_SUCCESSFUL)
		next = verdicts_decide(l, q, now, &refusal);
	q->overtaken = false;
	q->decided_us = now.mono_us;
	if (q->explanation && explain_waits(l, q, next, marks, now)) {
		wait_for_lookups(l, q, marks);
		return;
	}
	if (next == QUESTION_NEW)
		refuse(l, q, refusal);
	else if (next != QUESTION_QUEUED && database_away(l, now))
		refuse(l, q, OCSP_TRY_LATER);
	else if (next == QUESTION_QUEUED && q->section->source == SOURCE_PRESIGNED)
		fetch(l, q, now);
	else if (q->explanation)
		tell(l, q, next == QUESTION_QUEUED ? OCSP_SUCCESSFUL : OCSP_TRY_LATER);
	else if (next == QUESTION_LOOKUP)
		wait_for_lookups(l, q, marks);
	else if (next == QUESTION_QUEUED)
		queue_up(l, q, now);
	else
		move(l, q, next);
}

/* ---- the beginning ---- */

/* This question's askers are among those whom it is over the limits with. */
static bool overloaded(const struct ledger *l, const struct question *q)
{
	return questions_too_many(l, TAILQ_FIRST(&q->askers)->front);
}

static void verify(struct ledger *l, struct question *q)
{
	bool asked = verifying_ask(l, q);
	q->signed_request = (struct view){0};
	if (asked)
		move(l, q, QUESTION_VERIFYING);
	else
		shed(l, q);
}

static bool answer_stored(struct ledger *l, struct question *q, struct moment now)
{
	struct message_answer m;
	if (!q->cacheable || !responses_find(l, q, now, &m))
		return false;
	l->cache_hits++;
	answer(l, q, &m);
	return true;
}

/* Somebody waits for it now. */
static void hurry(struct ledger *l, struct question *q)
{
	q->refresh = false;
	lookups_hurry(l, q);
	if (q->state == QUESTION_QUEUED)
		queue_renew(l, q);
}

/* One flight a key over all fronts. True if there was one to join. */
static bool join(struct ledger *l, struct question *q)
{
	struct question *other = q->cacheable ? question_find(l, q->key) : NULL;
	if (!other)
		return false;
	l->joined++;
	ledger_trace(l, q->request, "joins another question");
	question_join(q, other);
	if (other->refresh && !q->refresh)
		hurry(l, other);
	end(l, q);
	return true;
}

/* What needs no decision of its own, or gets none. */
static bool settled_at_once(struct ledger *l, struct question *q, struct moment now)
{
	if (binding_wants_verifier(q)) {
		verify(l, q);
		return true;
	}
	if (answer_stored(l, q, now))
		return true;
	if (overloaded(l, q)) {
		shed(l, q);
		return true;
	}
	return join(l, q);
}

static void begin(struct ledger *l, struct question *q, struct moment now)
{
	enum ocsp_result result = binding_make(l, q, now);
	q->overtaken = false;
	if (result != OCSP_SUCCESSFUL) {
		refuse(l, q, result);
	} else if (q->explanation || !settled_at_once(l, q, now)) {
		question_index(l, q);
		advance(l, q, 0, now);
	}
}

/* Before there is evidence nobody knows which issuers there are, nor whose signatures count. */
static void ask(struct ledger *l, struct question *q, struct moment now)
{
	q->cause = CAUSE_NOT_READ;
	if (l->has_evidence)
		begin(l, q, now);
	else if (q->explanation)
		refuse(l, q, OCSP_TRY_LATER);
	else if (q->signed_request.size > 0 || overloaded(l, q))
		shed(l, q);
	else
		move(l, q, QUESTION_PARKED);
}

static void verified(struct ledger *l, struct question *q, unsigned marks, struct moment now)
{
	if (!(marks & MARK_VERIFIED))
		return;
	if (q->verified != OCSP_SUCCESSFUL) {
		refuse(l, q, q->verified);
		return;
	}
	q->verified_for = q->section;
	begin(l, q, now);
}

/* ---- the end ---- */

/* The fence: something of it has changed (I-1), or time has (I-3, P-23, P-28, a clock that jumped). */
static bool still_true(const struct ledger *l, const struct question *q,
		       const struct message_signed *m, struct moment now)
{
	int64_t now_s = wall_seconds(now.wall_us);
	bool proven = feed_fresh(l, now) || q->revoked_only ||
		      (q->by_lookup && verdicts_proven(l, q, now));
	return !q->overtaken && proven && m->next_update > now_s && q->valid_until > now_s &&
	       q->this_update <= now_s;
}

static void again(struct ledger *l, struct question *q, struct moment now)
{
	l->fences += q->overtaken;
	ledger_trace(l, q->request, "is decided anew");
	bool nobody = TAILQ_EMPTY(&q->askers) && !q->explanation;
	if (nobody || q->tries++ >= LIMIT_FENCE_RETRIES)
		refuse(l, q, OCSP_TRY_LATER);
	else
		advance(l, q, 0, now);
}

static void signature_came(struct ledger *l, struct question *q, struct moment now)
{
	const struct message_signed *m = &q->signed_response;
	queue_charge(l, q, m->cost_us);
	if (m->result != OCSP_SUCCESSFUL) {
		refuse(l, q, m->result);
	} else if (!signing_fits(q, m)) {
		ledger_alarm(l, "a signer answered with other times than asked for signer=%u",
			     q->signer);
		refuse(l, q, OCSP_INTERNAL_ERROR);
	} else if (still_true(l, q, m, now)) {
		if (!q->by_lookup)
			kept_put(l, q, m);
		deliver(l, q, m, now);
	} else {
		again(l, q, now);
	}
}

static void signing(struct ledger *l, struct question *q, unsigned marks, struct moment now)
{
	if (marks & MARK_SIGNED)
		signature_came(l, q, now);
	else if (marks & MARK_UNSIGNED)
		advance(l, q, marks, now);
	/* Else what has changed is looked at when the signature comes. */
}

/* Proven, and no less strict than what was decided: which still stands, or it is decided again. */
static void answer_came(struct ledger *l, struct question *q, struct moment now)
{
	if (q->overtaken) {
		again(l, q, now);
		return;
	}
	enum ocsp_result result = presigned_judge(l, q, now);
	if (q->explanation)
		tell(l, q, result);
	else if (result != OCSP_SUCCESSFUL)
		refuse(l, q, result);
	else if (still_true(l, q, &q->signed_response, now))
		deliver(l, q, &q->signed_response, now);
	else
		again(l, q, now);
}

static void fetching(struct ledger *l, struct question *q, unsigned marks, struct moment now)
{
	bool too_late =
		q->explanation && (marks & MARK_DEADLINE); /* others' askers are gone then */
	if (too_late)
		q->cause = CAUSE_NO_LOOKUP;
	if (marks & MARK_SIGNED)
		answer_came(l, q, now);
	else if (too_late || (marks & MARK_OUTAGE))
		refuse(l, q, OCSP_TRY_LATER);
	/* Else what has changed is looked at when the answer comes. */
}

/* ---- the pass ---- */

static void askers_leave(struct ledger *l, struct question *q, struct moment now)
{
	struct asker *asker = TAILQ_FIRST(&q->askers), *next;
	for (; asker; asker = next) {
		next = TAILQ_NEXT(asker, beside);
		bool late = !asker->gone && asker->deadline_us <= now.mono_us;
		if (late) {
			l->timeouts++;
			ledger_trace(l, asker->request, "has waited too long");
			fronts_answer(l, asker->front,
				      &(struct message_answer){.id = asker->id,
							       .result = OCSP_TRY_LATER});
		}
		if (late || asker->gone)
			asker_remove(l, asker);
	}
}

/* Nobody waits for it, and no signature is on its way into the cache. */
static bool is_useless(const struct question *q, unsigned marks)
{
	bool on_its_way = q->state == QUESTION_SIGNING && q->cacheable && !(marks & MARK_UNSIGNED);
	return TAILQ_EMPTY(&q->askers) && !on_its_way && !q->explanation;
}

static void decide_one(struct ledger *l, struct question *q, unsigned marks, struct moment now)
{
	if (marks & (MARK_DEADLINE | MARK_GONE))
		askers_leave(l, q, now);
	if (marks & MARK_CHANGED)
		q->overtaken = true;
	if (is_useless(q, marks)) {
		end(l, q);
		return;
	}
	if (question_until(l, q) <= now.mono_us) {
		l->timeouts++;
		refuse(l, q, OCSP_TRY_LATER);
		return;
	}
	switch (q->state) {
	case QUESTION_NEW:
	case QUESTION_PARKED:
		ask(l, q, now);
		break;
	case QUESTION_VERIFYING:
		verified(l, q, marks, now);
		break;
	case QUESTION_LOOKUP:
	case QUESTION_STALE:
	case QUESTION_QUEUED:
		advance(l, q, marks, now);
		break;
	case QUESTION_SIGNING:
		signing(l, q, marks, now);
		break;
	case QUESTION_FETCHING:
		fetching(l, q, marks, now);
		break;
	}
}

static void sign(struct ledger *l, struct question *q, unsigned signer, struct moment now)
{
	queue_given(l, q);
	if (!signing_give(l, signer, q, now)) {
		ledger_alarm(l,
			     "a response cannot be asked for, its fields are out of range "
			     "issuer=%s",
			     log_quoted(q->issuer->record.name));
		refuse(l, q, OCSP_INTERNAL_ERROR);
		return;
	}
	ledger_trace(l, q->request, "is being signed");
	move(l, q, QUESTION_SIGNING);
}

/* Gives queued questions to signers while these have room. One that was decided a while ago is marked
 * instead: it is decided on what is known now. True: one was. */
static bool give_out(struct ledger *l, struct moment now)
{
	struct question *q;
	unsigned signer;
	if (kept_awaits_offers(l))
		return false;
	while ((q = queue_next(l)) &&
	       (signer = signing_choose(l, queue_depth(l, q))) != SIGNING_NONE) {
		if (q->decided_us != now.mono_us) {
			question_mark(l, q, MARK_LATE);
			return true;
		}
		sign(l, q, signer, now);
	}
	return false;
}

void decide(struct ledger *l, struct moment now)
{
	struct question *q;
	unsigned marks;
	check(!l->deciding);
	l->deciding = true;
	l->now = now;
	changes_remember(l);
	sections_update(l);
	do {
		while ((q = questions_take(l, &marks)))
			decide_one(l, q, marks, now);
	} while (give_out(l, now));
	check(questions_count(l, QUESTION_NEW) == 0);
	l->deciding = false;
}

void decide_untimed(struct ledger *l)
{
	decide(l, l->now);
}

void decide_drop_all(struct ledger *l)
{
	struct question *q;
	for (unsigned i = 0; l->questions && i < QUESTION_STATES; i++)
		while ((q = question_first(l, (enum question_state)i)))
			end(l, q);
}
