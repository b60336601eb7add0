#include "ledger/explain.h"

#include "ledger/explain_parts.h"
#include "ledger/fronts.h"
#include "ledger/lookups.h"
#include "ledger/state.h"

struct explanations {
	uint64_t id; /* of the latest */
	struct explanation all[LIMIT_EXPLANATIONS];
};

int explain_init(struct ledger *l)
{
	l->explanations = calloc(1, sizeof(*l->explanations));
	return l->explanations ? 0 : -ENOMEM;
}

static void clear(struct explanation *ex)
{
	buffer_deinit(&ex->text);
	memset(ex, 0, sizeof(*ex));
}

void explain_deinit(struct ledger *l)
{
	for (unsigned i = 0; l->explanations && i < LIMIT_EXPLANATIONS; i++)
		clear(&l->explanations->all[i]);
	free(l->explanations);
}

/* ---- the beginning ---- */

static struct explanation *find_free(const struct ledger *l)
{
	for (unsigned i = 0; i < LIMIT_EXPLANATIONS; i++)
		if (!l->explanations->all[i].used)
			return &l->explanations->all[i];
	return NULL;
}

static int begin(struct ledger *l, struct explanation *ex, struct view certid, struct moment now)
{
	const struct message_query query = {.certid_count = 1, .certids = {certid}};
	int result = question_new(l, &query, &ex->question);
	if (result < 0)
		return result;
	ex->used = true;
	ex->id = ++l->explanations->id;
	ex->until_us = now.mono_us + LIMIT_EXPLAIN_US / 2;
	ex->question->explanation = ex;
	question_mark(l, ex->question, MARK_ASKED);
	return 0;
}

int explain_ask(struct ledger *l, uint32_t ticket, bool issued, struct view words,
		struct moment now, struct fault *fault)
{
	cleanup(buffer_deinit) struct buffer certid = {0};
	struct explanation *ex = find_free(l);
	if (!ex)
		return fault_set(fault, -EBUSY, "too many explanations are asked for; try again");
	int result = explain_target(l, issued, words, ex, &certid, fault);
	if (result == 0)
		result = begin(l, ex, buffer_view(&certid), now);
	if (result < 0) {
		clear(ex);
		return result;
	}
	ex->ticket = ticket;
	return 0;
}

/* ---- the decision ---- */

/* As a client would find it, before anybody looks. */
static void look_first(struct ledger *l, struct explanation *ex, const struct question *q)
{
	struct cert_record row;
	ex->looked = true;
	ex->first = verdicts_basis(l, &q->entries[0], &row);
}

/* A certificate that needs no lookup is looked up, too: what the database says now may be something else
 * than what is known. */
bool explain_waits(struct ledger *l, struct question *q, enum question_state next, unsigned marks,
		   struct moment now)
{
	struct explanation *ex = q->explanation;
	bool first = !ex->looked;
	if (q->unknown || !lookups_answer(l, now) || (marks & (MARK_OUTAGE | MARK_DEADLINE)))
		return false;
	if (first)
		look_first(l, ex, q);
	if (marks & MARK_LEARNED) {
		ex->database_answered = true;
		return next == QUESTION_LOOKUP;
	}
	ex->asked_database = true;
	q->entries[0].wants = true;
	return true;
}

static void ask_fronts(struct ledger *l, struct explanation *ex, const struct question *q)
{
	const struct message_explain m = {.id = ex->id, .tag = q->entries[0].tag};
	buffer_reset(&l->frame);
	message_explain_write(&l->frame, &m);
	for (unsigned i = 0; i < LIMIT_FRONTS; i++) {
		if (!fronts_attached(l, i))
			continue;
		ex->fronts[i].asked = true;
		ex->awaited++;
		fronts_frame(l, i, MESSAGE_EXPLAIN);
	}
}

void explain_decided(struct ledger *l, struct question *q, enum ocsp_result result)
{
	struct explanation *ex = q->explanation;
	if (!ex->looked && q->issuer && q->indexed)
		look_first(l, ex, q);
	explain_put_decision(l, ex, q, result, l->now);
	ex->question = NULL;
	ex->until_us = l->now.mono_us + LIMIT_EXPLAIN_US / 2;
	if (q->indexed) {
		fronts_flush(l);
		ask_fronts(l, ex, q);
	}
}

/* ---- the end ---- */

static void finish(struct ledger *l, struct explanation *ex)
{
	cleanup(buffer_deinit) struct buffer text = {0};
	explain_put_whole(ex, &text);
	if (buffer_result(&text) < 0) {
		buffer_reset(&text);
		buffer_put_string(&text, "{\"error\":\"out of memory\"}");
	}
	l->ops->explained(l->context, ex->ticket, buffer_view(&text));
	clear(ex);
}

int explain_take(struct ledger *l, unsigned front, struct view payload)
{
	struct message_explained m;
	if (message_explained_read(payload, &m) < 0)
		return -EBADMSG;
	for (unsigned i = 0; i < LIMIT_EXPLANATIONS; i++) {
		struct explanation *ex = &l->explanations->all[i];
		struct explained_front *of = &ex->fronts[front];
		if (!ex->used || ex->id != m.id || !of->asked || of->answered)
			continue;
		of->answered = true;
		of->said = m;
		ex->awaited--;
	}
	return 0; /* too late is no fault */
}

void explain_front_gone(struct ledger *l, unsigned front)
{
	for (unsigned i = 0; i < LIMIT_EXPLANATIONS; i++) {
		struct explanation *ex = &l->explanations->all[i];
		struct explained_front *of = &ex->fronts[front];
		if (ex->used && of->asked && !of->answered)
			ex->awaited--;
		of->asked = of->asked && of->answered;
	}
}

static bool is_finished(const struct explanation *ex, struct moment now)
{
	return ex->used && !ex->question && (ex->awaited == 0 || now.mono_us >= ex->until_us);
}

void explain_turn(struct ledger *l, struct moment now)
{
	for (unsigned i = 0; i < LIMIT_EXPLANATIONS; i++)
		if (is_finished(&l->explanations->all[i], now))
			finish(l, &l->explanations->all[i]);
}

void explain_timer(struct ledger *l, struct moment now)
{
	for (unsigned i = 0; i < LIMIT_EXPLANATIONS; i++) {
		const struct explanation *ex = &l->explanations->all[i];
		if (ex->question && now.mono_us >= ex->until_us)
			question_mark(l, ex->question, MARK_DEADLINE);
	}
}

int64_t explain_next(const struct ledger *l)
{
	int64_t next = INT64_MAX;
	for (unsigned i = 0; i < LIMIT_EXPLANATIONS; i++) {
		const struct explanation *ex = &l->explanations->all[i];
		if (ex->used && ex->until_us < next)
			next = ex->until_us;
	}
	return next;
}
