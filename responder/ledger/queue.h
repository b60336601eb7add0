/* The questions that have been decided and wait for a signer: which goes next, how many may wait.
 *
 *   changed, live, refresh ─▶ one lane, in this order ─┐
 *   nonce                  ─▶ a lane of its own        ├─▶ signers, each lane its share of their time
 *   unseen                 ─▶ a lane of its own       ─┘
 *
 * A flood of nonces, or for serials that nobody has issued, costs one signature a request, and nothing of
 * it can be stored (doc/faults.md row 23). So each has a lane with a share of the signers' time, as they
 * tell it: RSA-4096 costs what it costs. A share counts while others wait too; alone, a lane has all of it
 * (start-time fair queueing). A lane is as long as it can be served in good time; beyond that the answer is
 * tryLater at once, not after the time of whoever waits (I-7). */
#pragma once

#include "ledger/question.h"

/* In the order in which they go first. */
enum queue_class {
	QUEUE_CHANGED, /* of a certificate that has just changed */
	QUEUE_LIVE, /* somebody waits, and it is stored for all who ask next */
	QUEUE_REFRESH, /* of what is stored, before its time is over; nobody waits */
	QUEUE_NONCE, /* for one client: a nonce, several CertIDs, a signed request that counts */
	QUEUE_UNSEEN, /* that a serial was never issued */
};

struct queue_counts {
	size_t waiting;
	uint64_t given, shed;
	uint64_t signer_us; /* of signers */
};

must_check int queue_init(struct ledger *l);
void queue_deinit(struct ledger *l);

enum queue_class queue_class_of(const struct ledger *l, const struct question *q);
/* May it wait too? A question that was given to a signer before always may. */
must_check bool queue_admits(struct ledger *l, const struct question *q, unsigned signers);
void queue_enter(struct ledger *l, struct question *q);
void queue_leave(struct ledger *l, struct question *q);
/* It has become another class's. */
void queue_renew(struct ledger *l, struct question *q);
/* The next one, or NULL; it stays. */
struct question *queue_next(const struct ledger *l);
/* Jobs that a signer may have ahead when it is given this one. */
unsigned queue_depth(const struct ledger *l, const struct question *q);
/* It has been given to a signer; later: what it has cost. */
void queue_given(struct ledger *l, struct question *q);
void queue_charge(struct ledger *l, const struct question *q, uint32_t told_us);
/* The certificate of this tag has changed. (Where many do at once, none of them is before the others.) */
void queue_changed(struct ledger *l, uint64_t tag);

const char *queue_class_name(enum queue_class class);
struct queue_counts queue_counts(const struct ledger *l, enum queue_class class);
