/* What one HTTP cache has still to be told to forget. Pure: the caller's clock, no allocation after the beginning,
 * so it never fails, and a flood makes it coarser instead of longer.
 *
 *	add ──▶ waiting ──take──▶ taken ──confirmed──▶ later ──a while──▶ waiting
 *	           ▲                │
 *	           └────failed──────┘  not before a while that grows
 *
 * In the order in which it came; what names the same again is joined to what waits. Many certificates of one
 * issuer become the issuer, many issuers everything.
 *
 * Each is told twice. The first time a cache may have asked already, and the answer of before be on its way to
 * it, from a front that has not heard yet or from an instance whose database is behind: it comes after the purge
 * and stays. So the second time is when nobody can say the old any more: evidence older than freshness says
 * nothing good. */
#pragma once

#include "base/result.h"
#include "ipc/messages.h"

struct purge_item {
	enum purge_scope scope;
	bool again; /* it was confirmed once */
	bool several_names;
	struct public_name name;
	int64_t since_us; /* when it was to be told; of what is told again, of the first time */
	int64_t due_us; /* of what is told again */
	char issuer[LIMIT_ISSUER_NAME + 1];
	struct serial serial;
	uint8_t name_hashes[OCSP_HASHES][64], key_hashes[OCSP_HASHES][64];
};

struct purge_queue;

/* `again_us`: after which it is told again. 0 or -ENOMEM. It begins with everything: what was missed before
 * nobody knows. */
must_check int purge_queue_new(int64_t again_us, int64_t now_us, struct purge_queue **ret);
void purge_queue_free(struct purge_queue *queue);
DEFINE_CLEANUP(struct purge_queue, purge_queue_free)

void purge_queue_set_again(struct purge_queue *queue, int64_t again_us);

/* Times are monotonic. */
void purge_queue_add(struct purge_queue *queue, const struct message_forget *m, int64_t now_us);
/* What is to be told now, at most `most`, valid until confirmed() or failed(), one of which must follow. 0:
 * nothing, or something is taken already. Everything comes alone. */
unsigned purge_queue_take(struct purge_queue *queue, unsigned most, int64_t now_us,
			  const struct purge_item **ret);
void purge_queue_confirmed(struct purge_queue *queue, int64_t now_us);
void purge_queue_failed(struct purge_queue *queue, int64_t now_us);
/* When take() gives something; INT64_MAX: not before add(), confirmed() or failed(). */
int64_t purge_queue_next(const struct purge_queue *queue);

/* What was confirmed once, and is told again later. */
unsigned purge_queue_repeats(const struct purge_queue *queue);
/* What is not confirmed yet, without what is told again: how many, and the first; NULL: nothing. */
unsigned purge_queue_unconfirmed(const struct purge_queue *queue,
				 const struct purge_item **ret_oldest);
