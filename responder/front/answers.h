/* What the front knows and decides: which stored answer may leave, what to ask the ledger, who waits.
 *
 *   answers_ask() ──▶ stored and allowed ──▶ at once
 *        │            past refresh_at: at once, and one background flight
 *        └─ miss, nonce ──▶ flight ──▶ ops.query() … answers_answer() ──▶ ops.deliver()
 *
 * Pure: it owns no descriptor and looks at no clock. The ledger's messages come in the order of its
 * channel, and that order is the truth: an answer that follows a purge is newer than the purge.
 *
 *   what is not revoked on record leaves only while now is before the last tick's serve_until, or its own
 *   leave_until (I-3): on old evidence what is stored is asked anew where the ledger says that it can prove it;
 *   nothing leaves at or after its own serve_until or nextUpdate, or before it was made (P-23, P-28);
 *   what an old ledger gave is served after a new one connected, within that bound, until the new
 *   one's first tick or answer: purges in between would be unknown here. */
#pragma once

#include "base/histogram.h"
#include "cache/cache.h"
#include "front/flights.h"
#include "front/stored.h"
#include "front/tally.h"

struct answers;

struct answer {
	enum ocsp_result result;
	enum tally_cause cause;
	struct view der; /* always there: errors are answered with ocsp_error_response() */
	/* Where it is stored (stored.h), NULL if it is not: errors, nonces, several CertIDs. */
	struct cache_entry *entry;
	/* Of a successful answer that is not stored. NULL otherwise. */
	const struct message_answer *passing;
};

struct answers_ops {
	/* Sends a question to the ledger. False: there is no ledger now; it is asked again through
	 * answers_ledger_connected(). */
	bool (*query)(void *context, const struct message_query *question);
	/* Shall this question of the present client be asked, which costs a signature? NULL: always. */
	bool (*affords)(void *context, const struct moment *now);
	/* The answer for one that waited; it waits no longer. The answer is valid during the call.
	 * May call answers_ask() and answers_leave(). */
	void (*deliver)(void *context, struct flight_waiter *waiter, const struct answer *answer);
};

struct answers_settings {
	uint64_t cache_bytes;
	int64_t max_age_us; /* of what HTTP caches may keep (P-48) */
	enum cache_tag cache_tag;
	int64_t answer_timeout_us; /* of every waiter; then it is told tryLater */
	bool verify_signatures; /* some issuer looks at them: signed questions go to the ledger */
	bool ignore_nonce; /* no issuer echoes nonces: the question is answered as if it had none */
	bool ignore_raw_nonce; /* and none refuses those without an OCTET STRING (P-16) */
};

/* 0, -ENOMEM, -EIO. */
must_check int answers_new(const struct answers_settings *settings, const struct answers_ops *ops,
			   void *context, struct answers **ret);
void answers_free(struct answers *answers);
/* Others from here on. What is stored stays, but where max_age is another one; who waits has the time that
 * was his. */
void answers_configure(struct answers *answers, const struct answers_settings *settings);
DEFINE_CLEANUP(struct answers, answers_free)

/* A positive result: ops.deliver() follows, at the latest after answer_timeout. */
#define ANSWERS_WAITING 1

/* 0: *ret is the answer, valid until the ledger's next message. */
must_check int answers_ask(struct answers *answers, const struct ocsp_request *request,
			   struct flight_waiter *waiter, const struct moment *now,
			   struct answer *ret);
/* What stored_reply() wants to know. */
const struct stored_layout *answers_layout(const struct answers *answers);
/* The waiter lost its interest (its client went away). */
void answers_leave(struct answers *answers, struct flight_waiter *waiter);

/* From the ledger's channel. */
void answers_answer(struct answers *answers, const struct message_answer *m,
		    const struct moment *now);
void answers_purge(struct answers *answers, const struct message_purge *m,
		   const struct moment *now);
void answers_tick(struct answers *answers, const struct message_tick *m);
void answers_readiness(struct answers *answers, const struct message_readiness *m);
void answers_issuer(struct answers *answers, const struct message_issuer *m);
void answers_algorithms(struct answers *answers, const struct message_algorithms *m);
/* What is stored of this certificate, and whether it would be said; changes nothing. */
void answers_explain(const struct answers *answers, const struct message_explain *m,
		     const struct moment *now, struct message_explained *ret);
void answers_ledger_connected(struct answers *answers);
void answers_ledger_lost(struct answers *answers);

/* Deadlines that have passed; to be called every now and then. */
void answers_expire(struct answers *answers, const struct moment *now);

/* NULL: may receive traffic. Else why not, one line, valid until the next call. */
const char *answers_not_ready(const struct answers *answers, const struct moment *now);

/* What is wrong although it may receive traffic, one line; "": nothing. */
const char *answers_degraded(const struct answers *answers);
/* NULL: of this issuer, by the place of its section, it answers, if it is ready at all. Else why not. */
const char *answers_issuer_not_ready(const struct answers *answers, unsigned section);

struct answers_counts {
	uint64_t hits, misses, refreshes;
	uint64_t try_later; /* answers that said so, for whatever reason */
	uint64_t shed; /* of these: over a cap */
	uint64_t unaffordable; /* of those: of a client that had caused its most signatures */
	uint64_t timeouts; /* of these: no answer within answer_timeout */
	uint64_t stale; /* of these: evidence too old */
	uint64_t purged; /* entries that purges removed */
	size_t flights, waiters;
	struct cache_counts cache;
	struct histogram waits; /* of those who waited for the ledger, from the question on */
};
struct answers_counts answers_counts(const struct answers *answers);
const struct tally *answers_tally(const struct answers *answers);
/* One more answer that this front gave by itself. */
void answers_count_error(struct answers *answers, enum ocsp_result result, enum tally_cause cause);
