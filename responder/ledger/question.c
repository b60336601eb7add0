#include "ledger/question.h"

#include "ledger/state.h"
#include "ledger/tag.h"

#include <stddef.h>

struct questions {
	struct question_list lists[QUESTION_STATES], marked;
	size_t counts[QUESTION_STATES];
	struct asker_list askers; /* by deadline */
	size_t open, open_of[LIMIT_FRONTS]; /* askers */
	size_t entries; /* of all; LIMIT_JOBS */
	struct table by_key, by_tag;
};

int questions_init(struct ledger *l)
{
	struct questions *all = l->questions = calloc(1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (unsigned i = 0; i < QUESTION_STATES; i++)
		TAILQ_INIT(&all->lists[i]);
	TAILQ_INIT(&all->marked);
	TAILQ_INIT(&all->askers);
	int result = table_init(&all->by_key);
	return result < 0 ? result : table_init(&all->by_tag);
}

void questions_deinit(struct ledger *l)
{
	if (!l->questions)
		return;
	check(l->questions->entries == 0 && TAILQ_EMPTY(&l->questions->marked));
	table_deinit(&l->questions->by_key);
	table_deinit(&l->questions->by_tag);
	free(l->questions);
}

/* ---- one allocation a question ---- */

static size_t octets_of(const struct message_query *query)
{
	size_t size = query->nonce.size + query->preferred.size + LIMIT_OID;
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

/* Copies the CertIDs, the first of them last. -EBADMSG: fronts send only what ocsp_request_parse()
 * accepted. */
static int certids_keep(struct question *q, uint8_t **at, const struct message_query *query)
{
	for (unsigned i = q->count; i-- > 0;) {
		struct entry *entry = &q->entries[i];
		entry->question = q;
		if (ocsp_certid_parse(keep(at, query->certids[i]), &entry->certid) != 0)
			return -EBADMSG;
	}
	return 0;
}

int question_new(struct ledger *l, const struct message_query *query, struct question **ret)
{
	size_t fixed = sizeof(struct question) + query->certid_count * sizeof(struct entry);
	struct question *q = calloc(1, fixed + octets_of(query));
	if (!q)
		return -ENOMEM;
	uint8_t *at = (uint8_t *)q + fixed;
	q->count = query->certid_count;
	q->request = query->request;
	q->asked_nonce = keep(&at, query->nonce);
	q->raw_nonce = query->raw_nonce;
	q->refresh = query->refresh;
	q->preferred = keep(&at, query->preferred);
	int result = certids_keep(q, &at, query);
	if (result < 0) {
		free(q);
		return result;
	}
	q->algorithm_room = at;
	TAILQ_INIT(&q->askers);
	TAILQ_INSERT_TAIL(&l->questions->lists[QUESTION_NEW], q, place);
	l->questions->counts[QUESTION_NEW]++;
	l->questions->entries += q->count;
	*ret = q;
	return 0;
}

void question_free(struct ledger *l, struct question *q)
{
	struct asker *asker;
	check(q->state != QUESTION_SIGNING && q->state != QUESTION_QUEUED && q->fetch_place == 0 &&
	      q->pending == 0); /* they would be left pointing here */
	while ((asker = TAILQ_FIRST(&q->askers)))
		asker_remove(l, asker);
	if (q->marks)
		TAILQ_REMOVE(&l->questions->marked, q, marking);
	question_unindex(q);
	for (unsigned i = 0; i < q->count; i++)
		free(q->entries[i].fact_octets);
	TAILQ_REMOVE(&l->questions->lists[q->state], q, place);
	l->questions->counts[q->state]--;
	l->questions->entries -= q->count;
	free(q);
}

/* ---- those who ask ---- */

/* All have the same time, so the order of arrival is that of the deadlines, but where a reload has just
 * given less. */
static void insert_by_deadline(struct questions *all, struct asker *asker)
{
	struct asker *last = TAILQ_LAST(&all->askers, asker_list);
	while (last && last->deadline_us > asker->deadline_us)
		last = TAILQ_PREV(last, asker_list, by_deadline);
	if (last)
		TAILQ_INSERT_AFTER(&all->askers, last, asker, by_deadline);
	else
		TAILQ_INSERT_HEAD(&all->askers, asker, by_deadline);
}

bool question_ask(struct ledger *l, struct question *q, unsigned front,
		  const struct message_query *query, struct moment now)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	if (!asker)
		return false;
	asker->question = q;
	asker->front = front;
	asker->id = query->id;
	asker->request = query->request;
	asker->deadline_us = now.mono_us + l->conf->server.answer_timeout_us;
	q->asked_us = now.mono_us;
	TAILQ_INSERT_TAIL(&q->askers, asker, beside);
	insert_by_deadline(l->questions, asker);
	l->questions->open_of[front]++;
	l->questions->open++;
	return true;
}

void asker_remove(struct ledger *l, struct asker *asker)
{
	TAILQ_REMOVE(&asker->question->askers, asker, beside);
	TAILQ_REMOVE(&l->questions->askers, asker, by_deadline);
	l->questions->open_of[asker->front]--;
	l->questions->open--;
	free(asker);
}

void question_join(struct question *q, struct question *other)
{
	struct asker *asker;
	other->other_nonces |= q->asked_nonce.size > 0 || other->asked_nonce.size > 0;
	while ((asker = TAILQ_FIRST(&q->askers))) {
		TAILQ_REMOVE(&q->askers, asker, beside);
		TAILQ_INSERT_TAIL(&other->askers, asker, beside);
		asker->question = other;
	}
}

/* ---- finding them ---- */

static bool is_joinable(const struct question *q)
{
	return q->cacheable && !q->explanation;
}

void question_index(struct ledger *l, struct question *q)
{
	check(!q->indexed && q->issuer);
	for (unsigned i = 0; i < q->count; i++) {
		struct entry *entry = &q->entries[i];
		entry->tag = tag_of(&l->key, q->issuer->record.id, entry->certid.serial);
		table_put(&l->questions->by_tag, &entry->by_tag, entry->tag);
	}
	if (is_joinable(q))
		table_put(&l->questions->by_key, &q->by_key, siphash(&l->key, q->key));
	q->indexed = true;
}

void question_unindex(struct question *q)
{
	if (!q->indexed)
		return;
	for (unsigned i = 0; i < q->count; i++)
		table_remove(&q->entries[i].by_tag);
	if (is_joinable(q))
		table_remove(&q->by_key);
	q->indexed = false;
}

static struct question *question_of_key(struct table_node *node)
{
	return (struct question *)((uint8_t *)node - offsetof(struct question, by_key));
}

struct question *question_find(const struct ledger *l, struct view key)
{
	struct table_node *node = table_first(&l->questions->by_key, siphash(&l->key, key));
	for (; node; node = table_next(node))
		if (view_equal(question_of_key(node)->key, key))
			return question_of_key(node);
	return NULL;
}

static struct entry *entry_of_tag(struct table_node *node)
{
	return node ? (struct entry *)((uint8_t *)node - offsetof(struct entry, by_tag)) : NULL;
}

struct entry *entry_first(const struct ledger *l, uint64_t tag)
{
	return entry_of_tag(table_first(&l->questions->by_tag, tag));
}

struct entry *entry_next(const struct entry *entry)
{
	return entry_of_tag(table_next(&entry->by_tag));
}

struct question *question_first(const struct ledger *l, enum question_state state)
{
	return TAILQ_FIRST(&l->questions->lists[state]);
}

size_t questions_count(const struct ledger *l, enum question_state state)
{
	return l->questions->counts[state];
}

size_t questions_open(const struct ledger *l)
{
	return l->questions->open;
}

bool questions_too_many(const struct ledger *l, unsigned front)
{
	const struct questions *all = l->questions;
	return all->entries > LIMIT_JOBS || all->open > LIMIT_JOBS ||
	       all->open_of[front] > LIMIT_FLIGHTS;
}

void question_move(struct ledger *l, struct question *q, enum question_state state)
{
	TAILQ_REMOVE(&l->questions->lists[q->state], q, place);
	l->questions->counts[q->state]--;
	q->state = state;
	TAILQ_INSERT_TAIL(&l->questions->lists[state], q, place);
	l->questions->counts[state]++;
}

int64_t question_until(const struct ledger *l, const struct question *q)
{
	return q->state == QUESTION_VERIFYING ? q->asked_us + l->conf->server.answer_timeout_us / 2
					      : INT64_MAX;
}

void questions_inherit(struct ledger *l,
		       const struct conf_issuer *(*heir)(const struct ledger *l,
							 const struct conf_issuer *section))
{
	struct question *q;
	for (unsigned i = 0; i < QUESTION_STATES; i++)
		TAILQ_FOREACH(q, &l->questions->lists[i], place) {
			q->section = q->section ? heir(l, q->section) : NULL;
			q->verified_for = q->verified_for ? heir(l, q->verified_for) : NULL;
		}
}

/* ---- marks ---- */

void question_mark(struct ledger *l, struct question *q, enum mark mark)
{
	if (!q->marks)
		TAILQ_INSERT_TAIL(&l->questions->marked, q, marking);
	q->marks |= mark;
}

void questions_mark_state(struct ledger *l, enum question_state state, enum mark mark)
{
	struct question *q;
	TAILQ_FOREACH(q, &l->questions->lists[state], place)
		question_mark(l, q, mark);
}

void questions_mark_tag(struct ledger *l, uint64_t tag)
{
	struct entry *entry = entry_first(l, tag);
	for (; entry; entry = entry_next(entry))
		question_mark(l, entry->question, MARK_CHANGED);
}

/* Who is unknown depends on every issuer. */
void questions_mark_issuer(struct ledger *l, const struct issuer *issuer)
{
	struct question *q;
	for (unsigned i = 0; i < QUESTION_STATES; i++)
		TAILQ_FOREACH(q, &l->questions->lists[i], place)
			if (q->issuer == issuer || q->unknown)
				question_mark(l, q, MARK_CHANGED);
}

void questions_mark_all(struct ledger *l)
{
	for (unsigned i = 0; i < QUESTION_STATES; i++)
		questions_mark_state(l, (enum question_state)i, MARK_CHANGED);
}

void questions_mark_evidence(struct ledger *l)
{
	questions_mark_state(l, QUESTION_PARKED, MARK_EVIDENCE);
	questions_mark_state(l, QUESTION_STALE, MARK_EVIDENCE);
}

void questions_mark_late(struct ledger *l, struct moment now)
{
	struct asker *asker;
	struct question *q;
	TAILQ_FOREACH(asker, &l->questions->askers, by_deadline) {
		if (asker->deadline_us > now.mono_us)
			break;
		question_mark(l, asker->question, MARK_DEADLINE);
	}
	TAILQ_FOREACH(q, &l->questions->lists[QUESTION_VERIFYING], place) {
		if (question_until(l, q) > now.mono_us)
			break;
		question_mark(l, q, MARK_DEADLINE);
	}
}

void questions_mark_front(struct ledger *l, unsigned front)
{
	struct asker *asker;
	TAILQ_FOREACH(asker, &l->questions->askers, by_deadline)
		if (asker->front == front) {
			asker->gone = true;
			question_mark(l, asker->question, MARK_GONE);
		}
}

struct question *questions_take(struct ledger *l, unsigned *marks)
{
	struct question *q = TAILQ_FIRST(&l->questions->marked);
	if (!q)
		return NULL;
	TAILQ_REMOVE(&l->questions->marked, q, marking);
	*marks = q->marks;
	q->marks = 0;
	return q;
}

int64_t questions_next(const struct ledger *l)
{
	const struct asker *asker = TAILQ_FIRST(&l->questions->askers);
	const struct question *q = TAILQ_FIRST(&l->questions->lists[QUESTION_VERIFYING]);
	int64_t next = asker ? asker->deadline_us : INT64_MAX;
	int64_t verifying = q ? question_until(l, q) : INT64_MAX;
	return verifying < next ? verifying : next;
}
