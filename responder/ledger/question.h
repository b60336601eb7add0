/* A question: who waits for its answer, in which state it is, what has happened to it.
 *
 *   NEW ─▶ PARKED ─▶ VERIFYING ─▶ LOOKUP ⇄ STALE ⇄ QUEUED ⇄ SIGNING ─▶ answered and gone
 *                                               ⇄ FETCHING (source = presigned)
 *
 * What happens to it is only noted here, as marks, by whoever learns of it; decide.c alone looks at what
 * was marked, at the end of each event, and moves, answers and frees. */
#pragma once

#include "base/clock.h"
#include "db/types.h"
#include "ipc/messages.h"
#include "ledger/issuers.h"
#include "ledger/table.h"
#include "ocsp/verdict.h"

#include <sys/queue.h>

struct explanation;
struct ledger;
struct lookup;
struct question;

/* What a completed lookup said; nothing else may ever be read as "no such row". */
enum knowledge { KNOWS_NOTHING, KNOWS_ROW, KNOWS_ABSENCE, KNOWS_CORRUPTION };

/* Why nothing is, or can be, signed; for people. Set by whoever decides it, and by nobody else. */
enum cause {
	CAUSE_NONE,
	CAUSE_NOT_READ, /* the database, since this ledger began */
	CAUSE_SEVERAL_ISSUERS, /* in one request */
	CAUSE_SECTION_UNFIT, /* an issuer of ours does not fit its section, or its row */
	CAUSE_RETIRED,
	CAUSE_NOT_OURS, /* the issuer has no section */
	CAUSE_ISSUER_UNUSABLE,
	CAUSE_ROW_UNREADABLE,
	CAUSE_LOST_HISTORY,
	CAUSE_NO_CRL, /* that proves what is not revoked now */
	CAUSE_STALE, /* evidence */
	CAUSE_CLOCK, /* the database's is too far behind ours */
	CAUSE_NO_LOOKUP, /* the database does not answer */
	CAUSE_NO_SIGNER,
	CAUSE_NO_ANSWER, /* that was signed beforehand, for what is asked */
	CAUSE_ANSWER_UNFIT, /* there is one, and it may not be said */
};
#define CAUSES 16

/* One CertID of a question. */
struct entry {
	struct question *question;
	struct ocsp_certid certid; /* inside the question */
	uint64_t tag; /* of the certificate, where its issuer is known */
	struct table_node by_tag;

	/* lookups.c: */
	struct lookup *lookup; /* that it waits for; or NULL */
	TAILQ_ENTRY(entry) waiting;
	enum knowledge knowledge;
	bool recalled; /* KNOWS_ROW, of an earlier lookup (known.h) */
	struct cert_record record; /* KNOWS_ROW */
	struct db_evidence evidence; /* of the lookup */
	uint64_t proof; /* the number of its batch, where that was to prove (proving.h); 0: not */
	int64_t issuer_version; /* that it found then; 0: of none that proves */

	/* extensions.c: those that the issuer's options want; copies of its own. */
	struct cert_facts facts;
	uint8_t *fact_octets;

	/* verdicts.c: what was, or is about to be, signed. */
	bool wants; /* a lookup, to be decided */
	struct verdict verdict;
	int64_t version; /* of the row that it rests on; 0: none */
};

/* Who waits for a question's answer. */
struct asker {
	TAILQ_ENTRY(asker) beside; /* of the same question */
	TAILQ_ENTRY(asker) by_deadline; /* of all */
	struct question *question;
	unsigned front;
	uint64_t id; /* the front's */
	uint64_t request;
	int64_t deadline_us; /* monotonic */
	bool gone; /* its front is */
};
TAILQ_HEAD(asker_list, asker);

/* A question is in the list of its state. All wait until the deadlines of their askers. */
enum question_state {
	QUESTION_NEW, /* for nothing: it is decided before its event ends */
	QUESTION_PARKED, /* for the first load: which issuers there are is not known yet */
	QUESTION_VERIFYING, /* for the verifier's word, half of the time at most (P-15) */
	QUESTION_LOOKUP, /* for lookups */
	QUESTION_STALE, /* for fresh evidence */
	QUESTION_QUEUED, /* for a signer that has room */
	QUESTION_SIGNING, /* for its signer's answer */
	QUESTION_FETCHING, /* for an answer that was signed beforehand */
};
#define QUESTION_STATES 8

/* What can happen to it. */
enum mark {
	MARK_ASKED = 1,
	MARK_CHANGED = 2, /* what is known of a certificate or an issuer of it */
	MARK_EVIDENCE = 4, /* new evidence came */
	MARK_LEARNED = 8, /* all its lookups came */
	MARK_OUTAGE = 16, /* the database does not answer */
	MARK_VERIFIED = 32, /* the verifier has spoken, or never will: `verified` */
	MARK_SIGNED = 64, /* its signer has: `signed_response` */
	MARK_UNSIGNED = 128, /* its signer is gone or silent */
	MARK_LATE = 256, /* it was decided a while ago, and there is room at a signer now */
	MARK_DEADLINE = 512, /* of an asker, or of its state */
	MARK_GONE = 1024, /* an asker's front is */
};

/* One allocation (but for those who ask), freed as a whole. */
struct question {
	TAILQ_ENTRY(question) place; /* in the list of its state */
	TAILQ_ENTRY(question) marking; /* where marks are not 0 */
	TAILQ_ENTRY(question) at_signer;
	TAILQ_ENTRY(question) in_queue;
	enum question_state state;
	unsigned marks; /* enum mark */
	struct asker_list askers;
	/* Nobody asks: an operator wants to know how it would be decided (explain.c). NULL: not so. */
	struct explanation *explanation;
	enum cause cause; /* of what was refused, or waits, last */
	uint64_t request; /* of the first who asked */
	int64_t asked_us; /* monotonic */

	/* Whom it is about (binding.c). */
	const struct issuer *issuer; /* NULL: not known yet */
	bool unknown; /* the issuer stands for all that are not ours (P-22) */
	const struct conf_issuer *section;
	struct view asked_nonce, nonce; /* as it came; as it is answered (P-16) */
	bool raw_nonce;
	bool other_nonces; /* somebody has joined it, and not all have asked for none */
	bool cacheable;
	bool refresh; /* nobody waits for it but a front that has an answer */
	struct view preferred;
	struct view algorithm; /* that is asked for; empty: the default (P-17) */
	uint8_t *algorithm_room; /* behind the first CertID */
	struct view key; /* of one CertID: it and the algorithm */
	struct table_node by_key; /* where cacheable */
	bool indexed; /* by tags and, for others to join, by key */

	/* P-15 (verifying.c). */
	struct view
		signed_request; /* until it has gone to the verifier, in the event that brought it */
	uint64_t verify_id;
	unsigned verifier; /* that was asked */
	enum ocsp_result verified;
	const struct conf_issuer *verified_for; /* NULL: for nobody */

	/* What was decided, and is being signed. */
	int64_t decided_us; /* when, monotonic */
	bool overtaken; /* something of it has changed since (the fence, I-1) */
	bool without_facts; /* the database did not give them in time (extensions.c) */
	unsigned tries; /* decided anew (LIMIT_FENCE_RETRIES) */
	unsigned pending; /* entries that wait for lookups */
	bool revoked_only;
	bool by_lookup; /* its lookups prove it (proving.h), not the feed */
	struct db_evidence proof; /* by_lookup: theirs */
	bool unassigned; /* for want of a row, all or some of it (P-23) */
	int64_t valid_until; /* of its verdicts, the earliest */
	int64_t this_update, next_update;

	/* queue.c. */
	unsigned class; /* enum queue_class, from when it came into the queue */
	bool given; /* to a signer, once */
	int64_t charged_us; /* of signers' time, beforehand */

	/* signing.c. */
	unsigned signer;
	uint64_t sign_id;
	int64_t given_us; /* to its signer, monotonic */
	struct message_signed signed_response; /* MARK_SIGNED; of this event */

	/* presigned.c. */
	unsigned fetch_place; /* in the batch that is in flight, from 1; 0: not in it */
	struct view stored, stored_issuer; /* MARK_SIGNED; of this event; empty: there is none */
	struct ocsp_cert_status stored_says; /* of what is delivered */

	unsigned count;
	struct entry entries[]; /* then the octets of what came */
};
TAILQ_HEAD(question_list, question);

must_check int questions_init(struct ledger *l);
void questions_deinit(struct ledger *l); /* they are gone */

/* Of a message that is not believed: 0, -EBADMSG or -ENOMEM. */
must_check int question_new(struct ledger *l, const struct message_query *query,
			    struct question **ret);
void question_free(struct ledger *l, struct question *q);
/* Adds one who waits from now on; false without memory. */
must_check bool question_ask(struct ledger *l, struct question *q, unsigned front,
			     const struct message_query *query, struct moment now);
void asker_remove(struct ledger *l, struct asker *asker);
/* All who wait for one wait for the other. */
void question_join(struct question *q, struct question *other);

/* Makes it findable, by key and tags; and ends that. */
void question_index(struct ledger *l, struct question *q);
void question_unindex(struct question *q);
struct question *question_find(const struct ledger *l, struct view key);
/* Those CertIDs of open questions that bear this tag. */
struct entry *entry_first(const struct ledger *l, uint64_t tag);
struct entry *entry_next(const struct entry *entry);
/* Those in this state, in the order in which they came to it; TAILQ_NEXT(q, place) is the next. */
struct question *question_first(const struct ledger *l, enum question_state state);
size_t questions_count(const struct ledger *l, enum question_state state);
size_t questions_open(const struct ledger *l); /* askers */
/* More than may be worked on at a time, over all fronts or for this one. */
bool questions_too_many(const struct ledger *l, unsigned front);
void question_move(struct ledger *l, struct question *q, enum question_state state);
/* Until when it waits in its state, whoever asks; INT64_MAX: until their deadlines. Monotonic. */
int64_t question_until(const struct ledger *l, const struct question *q);

/* What they say of a section is of its heir from here on; NULL: it has none. */
void questions_inherit(struct ledger *l,
		       const struct conf_issuer *(*heir)(const struct ledger *l,
							 const struct conf_issuer *section));

/* ---- marks ---- */

void question_mark(struct ledger *l, struct question *q, enum mark mark);
void questions_mark_state(struct ledger *l, enum question_state state, enum mark mark);
/* What is known of the certificate of this tag has changed, or is not known any more. */
void questions_mark_tag(struct ledger *l, uint64_t tag);
/* Anything that is said of this issuer may have changed; it may also be a new one. */
void questions_mark_issuer(struct ledger *l, const struct issuer *issuer);
/* Everything: another history of the database. */
void questions_mark_all(struct ledger *l);
/* New evidence came, perhaps the first. */
void questions_mark_evidence(struct ledger *l);
void questions_mark_late(struct ledger *l, struct moment now); /* deadlines */
void questions_mark_front(struct ledger *l, unsigned front); /* it is gone */
/* Takes one of those that are marked, with its marks; NULL: there is none. */
struct question *questions_take(struct ledger *l, unsigned *marks);
/* When questions_mark_late() has something to do; INT64_MAX: never. */
int64_t questions_next(const struct ledger *l);
