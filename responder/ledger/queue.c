#include "ledger/queue.h"

#include "ledger/state.h"

#define CLASSES (QUEUE_UNSEEN + 1)
enum { LANE_FIRST, LANE_NONCE, LANE_UNSEEN, LANES };

/* Of one signature, before any has been heard of: RSA-2048's. */
#define COST_GUESS_US 250
/* However slow signers are, so many may wait. */
#define LEAST 32u
/* Of each of the lanes of floods, so that there is room for the first (LIMIT_JOBS). */
#define MOST (LIMIT_JOBS / 8u)
/* Work that a signer has ahead from the lanes of floods: what comes first waits behind that. */
#define AHEAD_US (5 * MILLISECOND_US)
#define AHEAD_LEAST 4u
/* For how long what is asked of a certificate after its change goes first. Many may share a slot: that costs
 * others their turn and nobody an answer. */
#define CHANGED_US (5 * SECOND_US)
#define SLOTS 1024u

struct lane {
	size_t waiting;
	int64_t served; /* of signers' microseconds, each weighed by its share */
	int64_t cost_us; /* of one, a moving average */
};

struct queue {
	struct question_list lists[CLASSES];
	struct queue_counts counts[CLASSES];
	struct lane lanes[LANES];
	int64_t served; /* of the lane that was served last: a lane that comes anew begins there */
	int64_t changed_us[SLOTS]; /* until then, monotonic; by tag */
};

int queue_init(struct ledger *l)
{
	struct queue *queue = l->queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	for (unsigned i = 0; i < CLASSES; i++)
		TAILQ_INIT(&queue->lists[i]);
	for (unsigned i = 0; i < LANES; i++)
		queue->lanes[i].cost_us = COST_GUESS_US;
	return 0;
}

void queue_deinit(struct ledger *l)
{
	free(l->queue);
}

/* ---- whose ---- */

/* A secret hash already (tag.h). */
static int64_t *slot_of(struct queue *queue, uint64_t tag)
{
	return &queue->changed_us[tag % SLOTS];
}

void queue_changed(struct ledger *l, uint64_t tag)
{
	*slot_of(l->queue, tag) = l->now.mono_us + CHANGED_US;
}

static bool has_changed(const struct ledger *l, const struct question *q)
{
	return l->now.mono_us < *slot_of(l->queue, q->entries[0].tag);
}

/* What a CRL proves good by its absence has no row either, and is no flood. */
static bool is_unseen(const struct question *q)
{
	bool unseen = q->unassigned;
	for (unsigned i = 0; i < q->count; i++)
		unseen = unseen && q->entries[i].verdict.unassigned &&
			 q->entries[i].verdict.says.status != OCSP_GOOD;
	return unseen;
}

enum queue_class queue_class_of(const struct ledger *l, const struct question *q)
{
	if (is_unseen(q))
		return QUEUE_UNSEEN;
	if (!q->cacheable)
		return QUEUE_NONCE;
	if (has_changed(l, q))
		return QUEUE_CHANGED;
	return q->refresh ? QUEUE_REFRESH : QUEUE_LIVE;
}

static unsigned lane_of(enum queue_class class)
{
	return class < QUEUE_NONCE ? LANE_FIRST : class == QUEUE_NONCE ? LANE_NONCE : LANE_UNSEEN;
}

/* In percent. */
static unsigned share_of(const struct ledger *l, unsigned lane)
{
	const struct conf_server *conf = &l->conf->server;
	switch (lane) {
	case LANE_NONCE:
		return conf->nonce_share;
	case LANE_UNSEEN:
		return conf->unseen_share;
	default:
		return 100 - conf->nonce_share - conf->unseen_share;
	}
}

/* ---- how many ---- */

/* Those that would go before it, of its lane. */
static size_t ahead_of(const struct queue *queue, enum queue_class class)
{
	size_t ahead = 0;
	for (unsigned i = 0; i <= class; i++)
		if (lane_of((enum queue_class)i) == lane_of(class))
			ahead += queue->counts[i].waiting;
	return ahead;
}

/* Until a question that comes behind so many is given to a signer, at worst. */
static int64_t wait_us(const struct ledger *l, unsigned lane, size_t ahead, unsigned signers)
{
	const struct queue *queue = l->queue;
	bool alone = true;
	for (unsigned i = 0; i < LANES; i++)
		alone = alone && (i == lane || queue->lanes[i].waiting == 0);
	unsigned share = alone ? 100 : share_of(l, lane);
	return (int64_t)ahead * queue->lanes[lane].cost_us * 100 / share / signers;
}

bool queue_admits(struct ledger *l, const struct question *q, unsigned signers)
{
	enum queue_class class = queue_class_of(l, q);
	unsigned lane = lane_of(class);
	size_t ahead = ahead_of(l->queue, class);
	int64_t patience_us = l->conf->server.answer_timeout_us / 4;
	/* Without a signer the time of those who wait decides, and LIMIT_JOBS. */
	bool long_wait =
		ahead >= LEAST && signers > 0 && wait_us(l, lane, ahead, signers) > patience_us;
	bool full = lane != LANE_FIRST && l->queue->lanes[lane].waiting >= MOST;
	if (q->given || !(long_wait || full))
		return true;
	l->queue->counts[class].shed++;
	return false;
}

/* ---- waiting ---- */

void queue_enter(struct ledger *l, struct question *q)
{
	struct queue *queue = l->queue;
	enum queue_class class = queue_class_of(l, q);
	struct lane *lane = &queue->lanes[lane_of(class)];
	/* It has not saved up the time in which nobody waited. */
	if (lane->waiting++ == 0 && lane->served < queue->served)
		lane->served = queue->served;
	q->class = class;
	queue->counts[class].waiting++;
	TAILQ_INSERT_TAIL(&queue->lists[class], q, in_queue);
}

void queue_leave(struct ledger *l, struct question *q)
{
	struct queue *queue = l->queue;
	check(queue->counts[q->class].waiting > 0);
	queue->counts[q->class].waiting--;
	queue->lanes[lane_of(q->class)].waiting--;
	TAILQ_REMOVE(&queue->lists[q->class], q, in_queue);
}

void queue_renew(struct ledger *l, struct question *q)
{
	if (queue_class_of(l, q) == q->class)
		return;
	queue_leave(l, q);
	queue_enter(l, q);
}

/* The lane that has had least of its share; of two, the first. */
static unsigned lane_next(const struct queue *queue)
{
	unsigned next = LANES;
	for (unsigned i = LANES; i-- > 0;)
		if (queue->lanes[i].waiting > 0 &&
		    (next == LANES || queue->lanes[i].served <= queue->lanes[next].served))
			next = i;
	return next;
}

struct question *queue_next(const struct ledger *l)
{
	const struct queue *queue = l->queue;
	unsigned lane = lane_next(queue);
	for (unsigned class = 0; lane < LANES && class < CLASSES; class ++)
		if (lane_of((enum queue_class) class) == lane && !TAILQ_EMPTY(&queue->lists[class]))
			return TAILQ_FIRST(&queue->lists[class]);
	return NULL;
}

unsigned queue_depth(const struct ledger *l, const struct question *q)
{
	unsigned lane = lane_of(q->class);
	if (lane == LANE_FIRST)
		return LIMIT_SIGNER_DEPTH;
	int64_t depth = AHEAD_US / (l->queue->lanes[lane].cost_us + 1);
	if (depth < AHEAD_LEAST)
		return AHEAD_LEAST;
	return depth < LIMIT_SIGNER_DEPTH ? (unsigned)depth : LIMIT_SIGNER_DEPTH;
}

/* ---- what it costs ---- */

static int64_t weighed(const struct ledger *l, unsigned lane, int64_t cost_us)
{
	return cost_us * 100 / share_of(l, lane);
}

/* What it will cost is not known yet: as much as those before it. */
void queue_given(struct ledger *l, struct question *q)
{
	struct queue *queue = l->queue;
	struct lane *lane = &queue->lanes[lane_of(q->class)];
	queue->counts[q->class].given++;
	queue->served = lane->served;
	q->given = true;
	q->charged_us = lane->cost_us;
	lane->served += weighed(l, lane_of(q->class), q->charged_us);
}

/* No more than anybody waits: what a signer says is its word only. */
void queue_charge(struct ledger *l, const struct question *q, uint32_t told_us)
{
	struct queue *queue = l->queue;
	int64_t most_us = l->conf->server.answer_timeout_us;
	int64_t cost_us = told_us < most_us ? told_us : most_us;
	struct lane *lane = &queue->lanes[lane_of(q->class)];
	queue->counts[q->class].signer_us += (uint64_t)cost_us;
	lane->served += weighed(l, lane_of(q->class), cost_us - q->charged_us);
	if (cost_us > 0)
		lane->cost_us += (cost_us - lane->cost_us) / 8;
}

/* ---- for people ---- */

const char *queue_class_name(enum queue_class class)
{
	static const char *const names[CLASSES] = {
		[QUEUE_CHANGED] = "changed", [QUEUE_LIVE] = "live",     [QUEUE_REFRESH] = "refresh",
		[QUEUE_NONCE] = "nonce",     [QUEUE_UNSEEN] = "unseen",
	};
	return names[class];
}

struct queue_counts queue_counts(const struct ledger *l, enum queue_class class)
{
	return l->queue->counts[class];
}
