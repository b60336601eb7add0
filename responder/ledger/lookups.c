#include "ledger/lookups.h"

#include "ledger/doubts.h"
#include "ledger/extensions.h"
#include "ledger/known.h"
#include "ledger/proving.h"
#include "ledger/queue.h"
#include "ledger/state.h"
#include "ledger/tag.h"

/* One certificate being looked up, for however many entries wait for it. */
struct lookup {
	struct table_node node; /* by tag */
	TAILQ_ENTRY(lookup) queue; /* of those not yet sent */
	unsigned class; /* the first of those who wait: enum queue_class */
	bool sent;
	bool doubted; /* its row became unreadable while it was in flight: ask again */
	struct db_key key; /* by our number */
	int32_t asked_id; /* what the database called the issuer when it was sent */
	TAILQ_HEAD(, entry) waiting;
};
TAILQ_HEAD(lookup_list, lookup);

struct batch {
	uint64_t number;
	size_t count; /* 0: not in flight */
	bool proves; /* it asks for the issuers' versions, too */
	int64_t sent_us; /* monotonic */
	struct lookup *lookups[LIMIT_LOOKUP_BATCH];
};

struct lookups {
	struct table by_tag;
	struct lookup_list queues[QUEUE_NONCE + 1]; /* by class */
	size_t queued; /* in all of them */
	bool usable;
	char reason[200]; /* where not */
	uint64_t sent; /* number of the latest batch */
	struct batch batches[LIMIT_LOOKUP_BATCHES];
	int64_t crowded_us; /* one more was refused: not before, monotonic, or until one has ended; 0 */
	int64_t retry_us; /* not before, monotonic */
	int64_t hold_us; /* held until then at most, monotonic; 0: not held */
	struct lookup_counts counts;
};

/* A pause after a failed batch, so that a database in trouble is not hammered. */
#define RETRY_US (50 * MILLISECOND_US)
/* A batch that is in memory takes less; while none in flight is older, what comes waits for the next one. */
#define SLOW_US (10 * MILLISECOND_US)
/* The longest that a lookup waits for others while all signers are busy: about one turn of theirs. */
#define HOLD_US (5 * MILLISECOND_US)

int lookups_init(struct ledger *l)
{
	l->lookups = calloc(1, sizeof(*l->lookups));
	if (!l->lookups)
		return -ENOMEM;
	for (unsigned i = 0; i <= QUEUE_NONCE; i++)
		TAILQ_INIT(&l->lookups->queues[i]);
	return table_init(&l->lookups->by_tag);
}

/* ---- those not yet sent ---- */

static void queue_up(struct ledger *l, struct lookup *lookup)
{
	TAILQ_INSERT_TAIL(&l->lookups->queues[lookup->class], lookup, queue);
	l->lookups->queued++;
}

static void put_back(struct ledger *l, struct lookup *lookup)
{
	TAILQ_INSERT_HEAD(&l->lookups->queues[lookup->class], lookup, queue);
	l->lookups->queued++;
}

static void dequeue(struct ledger *l, struct lookup *lookup)
{
	TAILQ_REMOVE(&l->lookups->queues[lookup->class], lookup, queue);
	l->lookups->queued--;
}

/* Whether there is a row is not known yet: nobody's is unseen. */
static unsigned class_of(const struct ledger *l, const struct entry *entry)
{
	enum queue_class class = queue_class_of(l, entry->question);
	return class < QUEUE_NONCE ? class : QUEUE_NONCE;
}

/* Somebody waits who goes before those that do. */
static void raise(struct ledger *l, struct lookup *lookup, unsigned class)
{
	if (class >= lookup->class)
		return;
	if (!lookup->sent)
		dequeue(l, lookup);
	lookup->class = class;
	if (!lookup->sent)
		queue_up(l, lookup);
}

/* The first of the first class; each fourth place of a batch is the last one's, so that it goes on too. */
static struct lookup *take_next(struct ledger *l, size_t place)
{
	struct lookup *lookup = NULL;
	if (place % 4 == 3)
		lookup = TAILQ_FIRST(&l->lookups->queues[QUEUE_NONCE]);
	for (unsigned i = 0; !lookup && i <= QUEUE_NONCE; i++)
		lookup = TAILQ_FIRST(&l->lookups->queues[i]);
	if (lookup)
		dequeue(l, lookup);
	return lookup;
}

static struct lookup *lookup_of_node(struct table_node *node)
{
	return (struct lookup *)node; /* its first member */
}

static bool key_equal(const struct db_key *a, int32_t issuer, struct view serial)
{
	return a->issuer == issuer && view_equal(serial_view(&a->serial), serial);
}

static struct lookup *lookup_find(const struct ledger *l, const struct entry *entry)
{
	int32_t issuer = entry->question->issuer->record.id;
	struct table_node *node = table_first(&l->lookups->by_tag, entry->tag);
	for (; node; node = table_next(node))
		if (key_equal(&lookup_of_node(node)->key, issuer, entry->certid.serial))
			return lookup_of_node(node);
	return NULL;
}

static struct lookup *lookup_new(struct ledger *l, const struct issuer *issuer, struct view serial,
				 uint64_t tag, unsigned class)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	if (!lookup)
		return NULL;
	lookup->key.issuer = issuer->record.id;
	lookup->key.serial.size = (uint8_t)serial.size;
	memcpy(lookup->key.serial.octets, serial.data, serial.size);
	TAILQ_INIT(&lookup->waiting);
	table_put(&l->lookups->by_tag, &lookup->node, tag);
	l->lookups->counts.waiting++;
	lookup->class = class;
	queue_up(l, lookup);
	return lookup;
}

bool lookup_want(struct ledger *l, struct entry *entry)
{
	struct lookup *lookup = lookup_find(l, entry);
	if (!lookup)
		lookup = lookup_new(l, entry->question->issuer, entry->certid.serial, entry->tag,
				    class_of(l, entry));
	if (!lookup)
		return false;
	raise(l, lookup, class_of(l, entry));
	entry->lookup = lookup;
	entry->question->pending++;
	TAILQ_INSERT_TAIL(&lookup->waiting, entry, waiting);
	return true;
}

/* Out of the table and gone; nobody waits any more. */
static void lookup_free(struct ledger *l, struct lookup *lookup)
{
	l->lookups->counts.waiting--;
	check(TAILQ_EMPTY(&lookup->waiting));
	table_remove(&lookup->node);
	free(lookup);
}

static void entry_leave(struct entry *entry)
{
	TAILQ_REMOVE(&entry->lookup->waiting, entry, waiting);
	entry->lookup = NULL;
	entry->question->pending--;
}

static void lookup_cancel(struct ledger *l, struct entry *entry)
{
	struct lookup *lookup = entry->lookup;
	entry_leave(entry);
	if (!TAILQ_EMPTY(&lookup->waiting) || lookup->sent)
		return;
	dequeue(l, lookup);
	lookup_free(l, lookup);
}

void lookups_cancel(struct ledger *l, struct question *q)
{
	for (unsigned i = 0; q->pending > 0 && i < q->count; i++)
		if (q->entries[i].lookup)
			lookup_cancel(l, &q->entries[i]);
	check(q->pending == 0);
}

void lookups_hurry(struct ledger *l, const struct question *q)
{
	for (unsigned i = 0; i < q->count; i++)
		if (q->entries[i].lookup)
			raise(l, q->entries[i].lookup, class_of(l, &q->entries[i]));
}

/* ---- batches ---- */

/* Out of the batch and back into the queue. */
static void lookup_requeue(struct ledger *l, struct lookup *lookup)
{
	lookup->sent = lookup->doubted = false;
	if (TAILQ_EMPTY(&lookup->waiting))
		lookup_free(l, lookup);
	else
		put_back(l, lookup);
}

static struct batch *batch_find(const struct ledger *l, uint64_t number)
{
	for (size_t i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		if (l->lookups->batches[i].count && l->lookups->batches[i].number == number)
			return &l->lookups->batches[i];
	return NULL;
}

/* Not in flight any more; what it asks for comes first. */
static void batch_requeue(struct ledger *l, struct batch *batch)
{
	for (size_t i = batch->count; i-- > 0;)
		lookup_requeue(l, batch->lookups[i]);
	batch->count = 0;
}

static void fail(struct ledger *l, struct batch *batch, struct moment now)
{
	batch_requeue(l, batch);
	l->lookups->crowded_us = 0;
	l->lookups->retry_us = now.mono_us + RETRY_US;
	l->lookups->counts.batches_failed++;
	questions_mark_state(l, QUESTION_LOOKUP, MARK_OUTAGE);
}

void lookups_fail(struct ledger *l, uint64_t batch, struct moment now)
{
	fail(l, batch_find(l, batch), now);
}

void lookups_fail_all(struct ledger *l, struct moment now)
{
	for (unsigned i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		if (l->lookups->batches[i].count > 0)
			fail(l, &l->lookups->batches[i], now);
}

/* Signers that have enough to do gain nothing by an early lookup, and each larger batch costs the
 * database less; so what comes meanwhile waits a moment for the rest. */
static bool held(struct lookups *lookups, bool busy, struct moment now)
{
	if (!busy) {
		lookups->hold_us = 0;
		return false;
	}
	if (lookups->hold_us == 0)
		lookups->hold_us = now.mono_us + HOLD_US;
	return now.mono_us < lookups->hold_us;
}

/* What the database calls the issuer now. */
static int32_t id_of(const struct ledger *l, const struct lookup *lookup)
{
	const struct issuer *issuer = issuers_by_id(l->issuers, lookup->key.issuer);
	return issuer ? issuer->database_id : 0;
}

static struct db_key asked_key(const struct lookup *lookup)
{
	struct db_key key = lookup->key;
	key.issuer = lookup->asked_id;
	return key;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* When one more batch may be sent; INT64_MAX: not before one has ended. */
static int64_t next_batch_us(const struct lookups *lookups)
{
	int64_t latest = INT64_MIN;
	size_t in_flight = 0;
	for (size_t i = 0; i < LIMIT_LOOKUP_BATCHES; i++) {
		if (!lookups->batches[i].count)
			continue;
		in_flight++;
		if (lookups->batches[i].sent_us > latest)
			latest = lookups->batches[i].sent_us;
	}
	if (in_flight == 0)
		return INT64_MIN;
	if (in_flight == LIMIT_LOOKUP_BATCHES)
		return INT64_MAX;
	return later(latest + SLOW_US, lookups->crowded_us);
}

static struct batch *free_batch(struct lookups *lookups)
{
	size_t i = 0;
	while (lookups->batches[i].count)
		i++;
	check(i < LIMIT_LOOKUP_BATCHES);
	return &lookups->batches[i];
}

static void batch_fill(struct ledger *l, struct batch *batch, struct db_key *keys)
{
	struct lookup *lookup;
	while (batch->count < LIMIT_LOOKUP_BATCH && (lookup = take_next(l, batch->count))) {
		lookup->sent = true;
		lookup->asked_id = id_of(l, lookup);
		keys[batch->count] = asked_key(lookup);
		batch->lookups[batch->count++] = lookup;
	}
}

static void batch_send(struct ledger *l, struct batch *batch, struct moment now)
{
	struct lookups *lookups = l->lookups;
	struct db_key keys[LIMIT_LOOKUP_BATCH];
	batch_fill(l, batch, keys);
	batch->number = ++lookups->sent;
	batch->sent_us = now.mono_us;
	batch->proves = proving(l, now);
	if (batch->proves)
		proving_sent(l, now);
	int result = l->ops->lookup(l->context, batch->number, keys, batch->count, batch->proves);
	if (result == -EBUSY) {
		batch_requeue(l, batch);
		lookups->crowded_us = now.mono_us + SLOW_US;
		return;
	}
	lookups->counts.batches++;
	lookups->counts.lookups += batch->count;
	if (result < 0)
		fail(l, batch, now);
}

/* For nobody: of an issuer's number 0, which it hardly has. What counts is that it comes. */
static void probe(struct ledger *l, struct moment now)
{
	static const uint8_t zero[1];
	const struct view serial = view_of(zero, sizeof(zero));
	proving_sent(l, now);
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++) {
		const struct issuer *issuer = issuers_by_id(l->issuers, (int32_t)number);
		if (issuer->database_id == 0)
			continue;
		(void)!lookup_new(l, issuer, serial, tag_of(&l->key, issuer->record.id, serial),
				  QUEUE_NONCE);
		return;
	}
}

void lookups_send(struct ledger *l, bool busy, struct moment now)
{
	struct lookups *lookups = l->lookups;
	if (now.mono_us < next_batch_us(lookups) || !lookups_answer(l, now))
		return;
	if (lookups->queued == 0 && proving_due(l, now))
		probe(l, now);
	if (lookups->queued == 0 || held(lookups, busy, now))
		return;
	lookups->hold_us = 0;
	batch_send(l, free_batch(lookups), now);
}

int64_t lookups_next(const struct ledger *l)
{
	const struct lookups *lookups = l->lookups;
	int64_t wanted = lookups->queued == 0 ? proving_next(l) : lookups->hold_us;
	if (!lookups->usable)
		return INT64_MAX;
	return later(next_batch_us(lookups), later(lookups->retry_us, wanted));
}

/* ---- what they found ---- */

bool lookups_awaited(const struct ledger *l, uint64_t batch)
{
	return batch_find(l, batch) != NULL;
}

bool lookups_match(const struct ledger *l, uint64_t number, const struct db_found *found,
		   size_t count)
{
	const struct batch *batch = batch_find(l, number);
	if (count != batch->count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct db_key key = asked_key(batch->lookups[i]);
		if (found[i].found &&
		    !key_equal(&key, found[i].record.issuer, serial_view(&found[i].record.serial)))
			return false;
	}
	return true;
}

void lookups_bar(struct ledger *l, uint64_t number, const struct db_evidence *evidence,
		 struct moment now)
{
	const struct batch *batch = batch_find(l, number);
	for (size_t i = 0; i < batch->count; i++) {
		struct lookup *lookup = batch->lookups[i];
		if (!doubts_bar(l, lookup->node.hash, evidence))
			continue;
		lookup->doubted = true;
		l->lookups->retry_us = now.mono_us + RETRY_US;
	}
}

bool lookups_prove(const struct ledger *l, uint64_t number)
{
	return batch_find(l, number)->proves;
}

int32_t lookups_issuer(const struct ledger *l, uint64_t number, size_t place)
{
	const struct batch *batch = batch_find(l, number);
	check(place < batch->count);
	const struct lookup *lookup = batch->lookups[place];
	return lookup->doubted ? 0 : lookup->key.issuer;
}

static void entry_learn(struct ledger *l, struct entry *entry, const struct db_found *found,
			const struct db_evidence *evidence, uint64_t proof)
{
	struct question *q = entry->question;
	entry_leave(entry);
	entry->knowledge = found->bad ? KNOWS_CORRUPTION : found->found ? KNOWS_ROW : KNOWS_ABSENCE;
	entry->recalled = false;
	entry->record = found->record;
	entry->record.issuer = q->issuer->record.id;
	entry->evidence = *evidence;
	entry->proof = proof;
	entry->issuer_version = found->issuer_version;
	extensions_keep(entry, &found->facts);
	if (q->pending == 0)
		question_mark(l, q, MARK_LEARNED);
}

/* What only an explanation asked for leaves no trace. */
static bool is_wanted(const struct lookup *lookup)
{
	const struct entry *entry;
	bool explained = false;
	TAILQ_FOREACH(entry, &lookup->waiting, waiting) {
		if (!entry->question->explanation)
			return true;
		explained = true;
	}
	return !explained; /* those who asked may have left meanwhile */
}

/* Only what is as new as all that the feed has told: from here on it tells of every change. */
static void remember(struct ledger *l, const struct lookup *lookup, const struct db_found *found,
		     const struct db_evidence *evidence, struct moment now)
{
	struct cert_record record = found->record;
	record.issuer = lookup->key.issuer;
	if (is_wanted(lookup) && found->found && !found->bad && feed_whole(l) &&
	    evidence->position >= l->history.position)
		known_put(l->known, lookup->node.hash, &record, now.mono_us);
}

static void lookup_finish(struct ledger *l, struct lookup *lookup, const struct db_found *found,
			  const struct db_evidence *evidence, uint64_t proof, struct moment now)
{
	struct entry *entry;
	if (lookup->doubted || lookup->asked_id != id_of(l, lookup)) {
		lookup_requeue(l, lookup);
		return;
	}
	remember(l, lookup, found, evidence, now);
	while ((entry = TAILQ_FIRST(&lookup->waiting)))
		entry_learn(l, entry, found, evidence, proof);
	lookup_free(l, lookup);
}

void lookups_learn(struct ledger *l, uint64_t number, const struct db_evidence *evidence,
		   const struct db_found *found, struct moment now)
{
	struct batch *batch = batch_find(l, number);
	size_t count = batch->count;
	uint64_t proof = batch->proves ? batch->number : 0;
	histogram_add(&l->lookups->counts.times, now.mono_us - batch->sent_us);
	batch->count = 0;
	l->lookups->crowded_us = 0;
	for (size_t i = 0; i < count; i++)
		lookup_finish(l, batch->lookups[i], &found[i], evidence, proof, now);
}

void lookups_state(struct ledger *l, bool usable, const char *reason)
{
	l->lookups->usable = usable;
	l->lookups->retry_us = 0;
	(void)snprintf(l->lookups->reason, sizeof(l->lookups->reason), "%s", reason ? reason : "");
	if (!usable)
		questions_mark_state(l, QUESTION_LOOKUP, MARK_OUTAGE);
}

bool lookups_answer(const struct ledger *l, struct moment now)
{
	return l->lookups->usable && now.mono_us >= l->lookups->retry_us;
}

void lookups_doubt(struct ledger *l, uint64_t tag)
{
	struct table_node *node = table_first(&l->lookups->by_tag, tag);
	struct entry *entry = entry_first(l, tag);
	for (; node; node = table_next(node))
		lookup_of_node(node)->doubted = lookup_of_node(node)->sent;
	for (; entry; entry = entry_next(entry))
		entry->knowledge = KNOWS_NOTHING;
}

static void batch_doubt(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->lookups[i]->doubted = true;
}

void lookups_doubt_all(struct ledger *l)
{
	for (size_t i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		batch_doubt(&l->lookups->batches[i]);
	for (unsigned state = 0; state < QUESTION_STATES; state++) {
		struct question *q = question_first(l, (enum question_state)state);
		for (; q; q = TAILQ_NEXT(q, place))
			for (unsigned i = 0; i < q->count; i++)
				q->entries[i].knowledge = KNOWS_NOTHING;
	}
}

static void batch_free(struct ledger *l, struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		lookup_free(l, batch->lookups[i]);
	batch->count = 0;
}

void lookups_deinit(struct ledger *l)
{
	if (!l->lookups)
		return;
	/* Questions are gone, and with them all that was queued. */
	for (size_t i = 0; i < LIMIT_LOOKUP_BATCHES; i++)
		batch_free(l, &l->lookups->batches[i]);
	table_deinit(&l->lookups->by_tag);
	free(l->lookups);
}

bool lookups_usable(const struct ledger *l)
{
	return l->lookups->usable;
}

const char *lookups_reason(const struct ledger *l)
{
	return l->lookups->reason;
}

struct lookup_counts lookups_counts(const struct ledger *l)
{
	return l->lookups->counts;
}
