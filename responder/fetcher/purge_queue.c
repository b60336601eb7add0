#include "fetcher/purge_queue.h"

#include "base/check.h"
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

#define ITEMS_MOST 512u /* then everything */
#define CERTIFICATES_MOST 100u /* of one issuer; then the issuer */
#define ISSUERS_MOST 50u /* then everything */
#define BATCH_MOST 50u
/* After a failure: twice as long each time. */
#define PATIENCE_LEAST_US (50 * MILLISECOND_US)
#define PATIENCE_MOST_US (5 * SECOND_US)

struct items {
	unsigned count;
	struct purge_item of[ITEMS_MOST];
};

struct purge_queue {
	int64_t again_us;
	int64_t not_before_us, patience_us;
	struct items waiting, later, aside;
	unsigned taken_count;
	struct purge_item taken[BATCH_MOST];
};

/* ---- joining ---- */

/* What one names the other does too. */
static bool covers(const struct purge_item *a, const struct purge_item *b)
{
	if (a->scope == PURGE_ALL)
		return true;
	if (b->scope == PURGE_ALL || (a->scope == PURGE_TAG && b->scope == PURGE_ISSUER))
		return false;
	return a->name.issuer == b->name.issuer &&
	       (a->scope == PURGE_ISSUER || a->name.certificate == b->name.certificate);
}

static void join(struct purge_item *to, const struct purge_item *from)
{
	bool older = to->again != from->again ? to->again : from->since_us < to->since_us;
	if (older)
		to->since_us = from->since_us;
	to->again = to->again && from->again;
	if (from->due_us > to->due_us)
		to->due_us = from->due_us;
}

/* Takes out what it covers, and joins that to it. */
static void swallow(struct items *items, struct purge_item *by)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < items->count; i++) {
		if (covers(by, &items->of[i]))
			join(by, &items->of[i]);
		else
			items->of[kept++] = items->of[i];
	}
	items->count = kept;
}

static unsigned count_of(const struct items *items, enum purge_scope scope, uint64_t issuer)
{
	unsigned count = 0;
	for (unsigned i = 0; i < items->count; i++)
		count += items->of[i].scope == scope &&
			 (issuer == 0 || items->of[i].name.issuer == issuer);
	return count;
}

static struct purge_item coarser(const struct purge_item *item, enum purge_scope scope)
{
	struct purge_item made = {
		.scope = scope,
		.again = item->again,
		.since_us = item->since_us,
		.due_us = item->due_us,
	};
	if (scope == PURGE_ISSUER) {
		made.name.issuer = item->name.issuer;
		memcpy(made.issuer, item->issuer, sizeof(made.issuer));
	}
	return made;
}

/* As coarse as the bounds ask for. */
static struct purge_item bounded(const struct items *items, const struct purge_item *item)
{
	bool many = item->scope == PURGE_TAG &&
		    count_of(items, PURGE_TAG, item->name.issuer) >= CERTIFICATES_MOST;
	struct purge_item made = many ? coarser(item, PURGE_ISSUER) : *item;
	bool full =
		items->count == ITEMS_MOST ||
		(made.scope == PURGE_ISSUER && count_of(items, PURGE_ISSUER, 0) >= ISSUERS_MOST);
	return full ? coarser(item, PURGE_ALL) : made;
}

static void put(struct items *items, const struct purge_item *item)
{
	for (unsigned i = 0; i < items->count; i++)
		if (covers(&items->of[i], item)) {
			join(&items->of[i], item);
			return;
		}
	struct purge_item made = bounded(items, item);
	swallow(items, &made);
	check(items->count < ITEMS_MOST);
	items->of[items->count++] = made;
}

/* ---- life ---- */

int purge_queue_new(int64_t again_us, int64_t now_us, struct purge_queue **ret)
{
	struct purge_queue *queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	queue->again_us = again_us;
	queue->not_before_us = INT64_MIN;
	purge_queue_add(queue, &(struct message_forget){.scope = PURGE_ALL}, now_us);
	*ret = queue;
	return 0;
}

void purge_queue_free(struct purge_queue *queue)
{
	free(queue);
}

void purge_queue_set_again(struct purge_queue *queue, int64_t again_us)
{
	queue->again_us = again_us;
}

/* ---- what comes ---- */

static void copy_hashes(struct purge_item *item, const struct message_forget *m)
{
	for (int i = 0; i < OCSP_HASHES; i++) {
		size_t size = ocsp_hash_size((enum ocsp_hash)(i + 1));
		if (m->name_hashes[i].size != size || m->key_hashes[i].size != size) {
			item->several_names = true; /* its URLs are not known */
			return;
		}
		memcpy(item->name_hashes[i], m->name_hashes[i].data, size);
		memcpy(item->key_hashes[i], m->key_hashes[i].data, size);
	}
}

void purge_queue_add(struct purge_queue *queue, const struct message_forget *m, int64_t now_us)
{
	struct purge_item item = {
		.scope = m->scope,
		.name = m->name,
		.since_us = now_us,
		.several_names = m->several_names,
	};
	if (m->scope != PURGE_ALL && m->issuer.size <= LIMIT_ISSUER_NAME && m->issuer.size > 0)
		memcpy(item.issuer, m->issuer.data, m->issuer.size);
	if (m->scope == PURGE_TAG) {
		copy_hashes(&item, m);
		if (serial_set(&item.serial, m->serial) < 0)
			item = coarser(&item, PURGE_ISSUER);
	}
	put(&queue->waiting, &item);
}

/* ---- what goes ---- */

static void wake(struct purge_queue *queue, int64_t now_us)
{
	unsigned kept = 0;
	struct items *later = &queue->later;
	for (unsigned i = 0; i < later->count; i++) {
		if (later->of[i].due_us <= now_us)
			put(&queue->waiting, &later->of[i]);
		else
			later->of[kept++] = later->of[i];
	}
	later->count = kept;
}

unsigned purge_queue_take(struct purge_queue *queue, unsigned most, int64_t now_us,
			  const struct purge_item **ret)
{
	struct items *waiting = &queue->waiting;
	if (queue->taken_count > 0 || now_us < queue->not_before_us)
		return 0;
	wake(queue, now_us);
	unsigned count = 0;
	while (count < waiting->count && count < most && count < BATCH_MOST &&
	       (count == 0 || waiting->of[0].scope != PURGE_ALL) &&
	       (count == 0 || waiting->of[count].scope != PURGE_ALL)) {
		queue->taken[count] = waiting->of[count];
		count++;
	}
	memmove(waiting->of, waiting->of + count,
		(waiting->count - count) * sizeof(waiting->of[0]));
	waiting->count -= count;
	queue->taken_count = count;
	*ret = queue->taken;
	return count;
}

void purge_queue_confirmed(struct purge_queue *queue, int64_t now_us)
{
	for (unsigned i = 0; i < queue->taken_count; i++) {
		struct purge_item *item = &queue->taken[i];
		if (item->again)
			continue;
		item->again = true;
		item->due_us = now_us + queue->again_us;
		put(&queue->later, item);
	}
	queue->taken_count = 0;
	queue->patience_us = 0;
	queue->not_before_us = INT64_MIN;
}

/* In front of what came meanwhile. */
void purge_queue_failed(struct purge_queue *queue, int64_t now_us)
{
	struct items *waiting = &queue->waiting, *aside = &queue->aside;
	*aside = *waiting;
	waiting->count = 0;
	for (unsigned i = 0; i < queue->taken_count; i++)
		put(waiting, &queue->taken[i]);
	for (unsigned i = 0; i < aside->count; i++)
		put(waiting, &aside->of[i]);
	queue->taken_count = 0;
	int64_t longer = 2 * queue->patience_us;
	queue->patience_us = longer < PATIENCE_LEAST_US  ? PATIENCE_LEAST_US
			     : longer > PATIENCE_MOST_US ? PATIENCE_MOST_US
							 : longer;
	queue->not_before_us = now_us + queue->patience_us;
}

int64_t purge_queue_next(const struct purge_queue *queue)
{
	int64_t next = queue->waiting.count > 0 ? INT64_MIN : INT64_MAX;
	if (queue->taken_count > 0)
		return INT64_MAX;
	for (unsigned i = 0; i < queue->later.count; i++)
		if (queue->later.of[i].due_us < next)
			next = queue->later.of[i].due_us;
	return next < queue->not_before_us ? queue->not_before_us : next;
}

/* ---- what is left ---- */

static unsigned look(const struct purge_item *items, unsigned count,
		     const struct purge_item **oldest)
{
	unsigned fresh = 0;
	for (unsigned i = 0; i < count; i++) {
		if (items[i].again)
			continue;
		fresh++;
		if (!*oldest || items[i].since_us < (*oldest)->since_us)
			*oldest = &items[i];
	}
	return fresh;
}

unsigned purge_queue_repeats(const struct purge_queue *queue)
{
	unsigned count = queue->later.count;
	for (unsigned i = 0; i < queue->taken_count; i++)
		count += queue->taken[i].again;
	for (unsigned i = 0; i < queue->waiting.count; i++)
		count += queue->waiting.of[i].again;
	return count;
}

unsigned purge_queue_unconfirmed(const struct purge_queue *queue,
				 const struct purge_item **ret_oldest)
{
	const struct purge_item *oldest = NULL;
	unsigned count = look(queue->taken, queue->taken_count, &oldest) +
			 look(queue->waiting.of, queue->waiting.count, &oldest);
	*ret_oldest = oldest;
	return count;
}
