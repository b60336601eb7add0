/* The ledger's own data, shared by the files of the core and by nobody else. */
#pragma once

#include "cache/cache.h"
#include "ipc/messages.h"
#include "ledger/core.h"
#include "ledger/history.h"
#include "ledger/issuers.h"
#include "ledger/journal.h"
#include "ledger/question.h"
#include "ledger/revoked.h"
#include "ledger/table.h"
#include "ledger/tag.h"

#include <sys/queue.h>

/* One certificate being looked up, for however many entries wait for it. */
struct lookup {
	struct table_node node; /* by tag */
	TAILQ_ENTRY(lookup) queue; /* of those not yet sent */
	bool sent;
	bool doubted; /* its row became unreadable while it was in flight: ask again */
	struct db_key key;
	TAILQ_HEAD(, entry) waiting;
};
TAILQ_HEAD(lookup_list, lookup);

/* What a completed lookup said; nothing else may ever be read as "no such row". */
enum knowledge { KNOWS_NOTHING, KNOWS_ROW, KNOWS_ABSENCE, KNOWS_CORRUPTION };

/* One CertID of a job. */
struct entry {
	struct job *job;
	struct view certid; /* DER, inside the job */
	struct serial serial;
	uint64_t tag;
	struct table_node by_tag; /* of all open questions */

	struct lookup *lookup; /* waiting for it; or NULL */
	TAILQ_ENTRY(entry) waiting;
	enum knowledge knowledge;
	struct cert_record record; /* KNOWS_ROW */
	struct db_evidence evidence; /* of the lookup */

	struct cert_facts facts; /* those that the issuer's options want; copies of its own */
	uint8_t *fact_octets;

	struct verdict verdict; /* what was, or is about to be, signed */
	int64_t version; /* that it rests on; 0: none */
};

/* Who waits for a job's answer. The first one lives inside its job. */
struct asker {
	TAILQ_ENTRY(asker) beside; /* of the same job */
	TAILQ_ENTRY(asker) by_deadline; /* of all */
	struct job *job;
	unsigned front;
	uint64_t id; /* the front's */
	int64_t deadline_us; /* monotonic */
};
TAILQ_HEAD(asker_list, asker);

/* A job is in the list of its state. All wait until the deadlines of their askers. */
enum job_state {
	JOB_NEW, /* nothing yet; in no list */
	JOB_LOOKUP, /* for lookups */
	JOB_STALE, /* for fresh evidence */
	JOB_QUEUED, /* for a signer that has room */
	JOB_SIGNING, /* for its signer's answer */
};

/* A question: one allocation (but for the askers that join it), freed as a whole. */
struct job {
	TAILQ_ENTRY(job) place;
	enum job_state state;
	bool cacheable;
	bool overtaken; /* what it rests on has changed since it was decided */
	bool without_facts; /* the database did not give them in time (facts.c) */
	struct table_node flight; /* by key, where cacheable */
	struct asker_list askers;
	struct asker first;
	const struct issuer *issuer;
	unsigned tries; /* decided anew (LIMIT_FENCE_RETRIES) */
	unsigned pending; /* entries that wait for lookups */

	/* What was sent to the signer. */
	unsigned signer;
	uint64_t sign_id;
	bool revoked_only;
	bool unassigned; /* for want of a row, all or some of it (P-23) */
	int64_t valid_until; /* of its verdicts, the earliest */
	int64_t this_update, next_update;

	struct view nonce;
	bool raw_nonce; /* P-16 */
	struct view algorithm; /* that is asked for; empty: the default (P-17) */
	struct view key; /* of one CertID: it and the algorithm */
	unsigned count;
	struct entry entries[]; /* then the octets of nonce, CertIDs and algorithm */
};
TAILQ_HEAD(job_list, job);

struct front {
	bool attached;
	unsigned open; /* askers */
};

struct signer {
	bool attached, hung;
	struct job_list jobs;
	unsigned depth;
	int64_t silent_since_us; /* monotonic; while depth > 0 */
};

/* What signers can do for one configured issuer. */
struct offer {
	bool said, keyed;
	unsigned count; /* 0: no certificate is valid now */
	uint8_t keys[OCSP_HASHES]
		    [64]; /* where keyed: hashes of the CA's key, by enum ocsp_hash − 1 */
	size_t sizes[LIMIT_ISSUER_SIGNERS];
	uint8_t oids[LIMIT_ISSUER_SIGNERS][LIMIT_OID]; /* with their headers, the default's first */
};

enum section_state {
	SECTION_RIGHT, /* or nothing is known yet */
	SECTION_MISSING, /* the database has no issuer of its name */
	SECTION_OTHER_KEY, /* it has one, of another key */
};

struct ledger_counts {
	uint64_t queries, cache_hits, joined, lookups, batches, batches_failed;
	uint64_t signatures, fences, purges, polls, loads, alarms, bad_rows, overloads, timeouts;
};

struct ledger {
	const struct conf *conf;
	const struct ledger_ops *ops;
	void *context;
	struct siphash_key key;
	struct cache *cache; /* second level: signed responses by CertID */
	struct buffer frame; /* for writing messages */

	struct revoked *revoked;
	struct issuers *issuers;
	struct journal *journal;
	struct journal_ops journal_ops;
	struct history history; /* that is read */
	bool other_history; /* than the one before, since the present load */
	bool distrusted; /* everything was asked for anew */
	bool load_newest; /* nothing that is known is newer than the present load */
	bool settled; /* what another history has lost is known */
	size_t lost_before; /* the present load */
	unsigned strange_lookups; /* one after the other */
	unsigned bad_issuer_count;
	int32_t bad_issuers[LIMIT_ISSUERS]; /* the database's ids, for the next load */
	/* Stands for every issuer that is not ours: the default issuer's section with a policy that
	 * says unknown (P-22). Its section is NULL where that is not wanted. */
	struct issuer stranger;
	struct conf_issuer stranger_section;
	bool incomplete;
	bool verifier_attached;
	bool has_evidence;
	struct db_evidence evidence;
	int64_t tick_us; /* the latest time given to fronts; never goes back */
	bool feed_up;
	char feed_reason[200];
	bool loading; /* between load_begin and load_end */
	bool settling; /* a load ended, the next poll tells what it lost */
	unsigned purges_in_turn;
	bool purge_all_due;

	struct table flights, lookups, tags;
	struct lookup_list lookup_queue;
	bool lookup_usable;
	char lookup_reason[200];
	uint64_t batch; /* number of the latest batch */
	size_t batch_count; /* 0: none in flight */
	struct lookup *batch_lookups[LIMIT_LOOKUP_BATCH];
	int64_t lookup_retry_us; /* not before, monotonic */
	int64_t lookup_hold_us; /* held until then at most, monotonic; 0: not held */

	TAILQ_HEAD(, parked) parked; /* before the first load */
	size_t parked_count;
	TAILQ_HEAD(, verification) verifications; /* by deadline */
	size_t verification_count;
	uint64_t verification_id;
	struct asker_list askers; /* by deadline */
	size_t open; /* askers */
	size_t entries; /* of all jobs; LIMIT_JOBS */
	struct job_list jobs_lookup, jobs_stale, jobs_queued;
	uint64_t sign_id;

	struct front fronts[LIMIT_FRONTS];
	struct signer signers[LIMIT_SIGNERS];
	unsigned signers_attached;
	struct offer *offers; /* one for each section */

	unsigned readiness; /* what was said last; see readiness.c */
	const struct conf_issuer *readiness_missing, *readiness_unsigned;
	const struct conf_issuer *readiness_other_key;
	enum section_state *sections; /* of each */
	const struct conf_issuer *other_key; /* the first of that state */
	uint64_t offers_changed; /* how often */
	uint64_t sections_news; /* what sections_update() has seen */
	struct ledger_counts counts;
};

/* ---- truth.c: what is known ---- */

bool evidence_fresh(const struct ledger *l, const struct db_evidence *evidence, struct moment now);
/* Fills the job's verdicts and times and returns the state that it must go to: JOB_LOOKUP,
 * JOB_STALE or JOB_QUEUED; JOB_NEW: it is answered with truth_refusal(). */
enum job_state truth_decide(const struct ledger *l, struct job *job, struct moment now);
/* Why truth_decide() returned JOB_NEW. */
enum ocsp_result truth_refusal(const struct job *job);
/* Does this entry need a lookup to be decided? */
bool truth_wants_lookup(const struct ledger *l, const struct entry *entry, struct moment now);

/* ---- times.c: from when to when (P-27, P-28) ---- */

/* Sets the job's times by its verdicts; `final`: all are revoked for good. False if nothing is left to
 * sign: a hold whose evidence is too old, or a clock of the database that is behind ours by the whole
 * validity. */
must_check bool times_decide(const struct ledger *l, struct job *job, bool final,
			     struct moment now);
/* Of what was signed: from when on no cache may say it (P-23), and when it is to be asked for anew. */
void times_of_answer(const struct ledger *l, const struct job *job, struct answer_label *label);

/* ---- facts.c: what answers say besides the status (P-30) ---- */

/* Does the issuer's configuration want facts that only a lookup gives, and has none given them? */
bool facts_wanted(const struct ledger *l, const struct entry *entry);
/* Keeps its own copy of those that are wanted. Without memory: none. */
void facts_keep(struct entry *entry, const struct cert_facts *facts);
void facts_drop(struct entry *entry);
/* Those that go with the entry's verdict. */
struct cert_facts facts_of(const struct entry *entry);
/* Was the job decided without facts that the configuration wants, so that it is worth another try? */
bool facts_missing(const struct job *job);
/* A turn's end: answers that wait for nothing but facts go out without them while the database does
 * not answer. */
void facts_give_up(struct ledger *l, struct moment now);

/* ---- changes.c: applying what the database says; issuers by our numbers ---- */

/* To the revoked set; purges what changed, counts and names what is refused. */
void changes_apply(struct ledger *l, const struct cert_record *record, enum revoked_source source);
void changes_apply_issuers(struct ledger *l, const struct db_issuer *issuers, size_t count);
/* Its row cannot be understood. */
void changes_bad_issuer(struct ledger *l, int32_t database_id);
/* What is said of this certificate, or is known from lookups, counts no more. */
void changes_doubt(struct ledger *l, const struct cert_record *record);
/* Nor of any. */
void changes_purge_all(struct ledger *l);
/* What the database tells cannot be believed; once until it has told everything anew. */
void changes_distrust(struct ledger *l, const char *format, ...) printf_like(2, 3);
/* Purges go out before any later answer or tick; a flood of them becomes one for everything. */
void changes_flush(struct ledger *l);
/* What the journal is to remember goes out before any later answer. */
void changes_remember(struct ledger *l);
void changes_journal_alarm(struct ledger *l);
void ledger_alarm(struct ledger *l, const char *format, ...) printf_like(2, 3);
void certificate_alarm(struct ledger *l, const char *fact, const struct cert_record *record);

/* ---- loads.c ---- */

/* Is what a lookup read of the history that the feed reads? */
must_check bool ledger_lookup_believed(struct ledger *l, const struct db_evidence *evidence);
/* A row that a lookup found; its issuer is our number. */
void ledger_lookup_row(struct ledger *l, const struct cert_record *record,
		       const struct db_evidence *evidence);

/* ---- lost.c: what is remembered as revoked, and the database says less of ---- */

size_t lost_count(const struct ledger *l);
/* on_lost_history = stop, and something is lost or may turn out to be. */
bool lost_stops_good(const struct ledger *l);

/* ---- jobs.c ---- */

struct ocsp_certid;
/* NULL without memory. */
struct job *job_new(struct ledger *l, const struct issuer *issuer,
		    const struct message_query *query, const struct ocsp_certid *certids,
		    struct view algorithm);
/* Adds one who waits; false without memory. */
must_check bool job_ask(struct ledger *l, struct job *job, unsigned front, uint64_t id,
			struct moment now);
struct job *job_in_flight(const struct ledger *l, struct view key);
/* Decides anew and moves the job on. May free it. */
void job_advance(struct ledger *l, struct job *job, struct moment now);
void job_move(struct ledger *l, struct job *job, enum job_state state);
/* Once more, because what it rested on has changed; tryLater after LIMIT_FENCE_RETRIES. */
void job_again(struct ledger *l, struct job *job, struct moment now);
/* Answers all askers and frees the job; `m` as for the first asker's id. */
void job_finish(struct ledger *l, struct job *job, struct message_answer *m);
void job_finish_error(struct ledger *l, struct job *job, enum ocsp_result result);
void job_free(struct ledger *l, struct job *job);
void asker_remove(struct ledger *l, struct asker *asker);
/* Drops a job that nobody waits for, unless its signature is on its way into the cache. */
void job_abandon(struct ledger *l, struct job *job);

/* ---- parked.c: before the first load ---- */

/* False: too many, or no memory. */
must_check bool parked_add(struct ledger *l, unsigned front, uint64_t id, struct view payload,
			   struct moment now);
void parked_ask(struct ledger *l, struct moment now);
void parked_expire(struct ledger *l, struct moment now);
int64_t parked_next(const struct ledger *l);
#define PARKED_ALL LIMIT_FRONTS
void parked_forget(struct ledger *l, unsigned front);

/* ---- verify.c: signed requests ---- */

/* Asks the verifier; `issuer` is the place of its section. False: too many, no verifier, or no
 * memory. */
must_check bool verify_ask(struct ledger *l, unsigned front, uint64_t front_id, uint32_t issuer,
			   const struct message_signed_query *m, struct moment now);
void verify_expire(struct ledger *l, struct moment now);
int64_t verify_next(const struct ledger *l);
void verify_forget(struct ledger *l, unsigned front); /* or PARKED_ALL */
/* query.c: the question of a request whose signature is good. */
void query_verified(struct ledger *l, unsigned front, struct view query, struct moment now);

/* ---- answers.c: to the fronts ---- */

void answer_send(struct ledger *l, unsigned front, struct message_answer *m);
void answer_error(struct ledger *l, unsigned front, uint64_t id, enum ocsp_result result);
/* Answers from the second-level cache; false if it has nothing that may leave now. */
must_check bool answer_cached(struct ledger *l, unsigned front, uint64_t id,
			      const struct issuer *issuer, struct view key, struct moment now);
/* A response just signed, to all who wait; frees the job. */
void answer_signed(struct ledger *l, struct job *job, const struct message_signed *m);
void answer_tick(struct ledger *l, unsigned front);
void answer_purge(struct ledger *l, const struct message_purge *m);

/* ---- lookups.c ---- */

/* Makes the entry wait for its certificate's lookup. false without memory. */
must_check bool lookup_want(struct ledger *l, struct entry *entry);
void lookup_cancel(struct ledger *l, struct entry *entry);
/* What is known, or about to be known, of this certificate from lookups counts no more. */
void lookups_doubt(struct ledger *l, const struct db_key *key);
/* Nor of any certificate. */
void lookups_doubt_all(struct ledger *l);
void lookups_send(struct ledger *l, struct moment now);
void lookups_deinit(struct ledger *l);

/* ---- signing.c ---- */

/* Gives queued jobs to signers while these have room. */
void signing_dispatch(struct ledger *l, struct moment now);
/* Every signer has enough to do for longer than a lookup takes. */
bool signing_saturated(const struct ledger *l);
/* Takes the job from its signer's list. */
void signing_remove(struct ledger *l, struct job *job);
/* Looks for silent signers. */
void signing_timer(struct ledger *l, struct moment now);
int64_t signing_next(const struct ledger *l);
/* Is any signer connected and not hung? */
bool signing_possible(const struct ledger *l);

/* ---- offers.c ---- */

must_check int offers_new(struct ledger *l);
/* A MESSAGE_OFFER. 0 or -EBADMSG. */
must_check int offers_take(struct ledger *l, struct view payload);
/* To a front: among what clients can choose. */
void offers_send(struct ledger *l, unsigned front);
/* The first of the client's preferences that the issuer has a signer for; empty: the default. */
struct view offers_choose(const struct ledger *l, const struct issuer *issuer,
			  struct view preferred);
/* Is it a list of OBJECT IDENTIFIERs? */
bool offers_list_is_valid(struct view preferred);
/* The first issuer for which signers say that none of their certificates is valid; or NULL. */
const struct conf_issuer *offers_missing(const struct ledger *l);

/* ---- sections.c ---- */

must_check int sections_new(struct ledger *l);
/* A turn's end: looks again where something has changed. */
void sections_update(struct ledger *l);
/* May anything be said of this issuer, which has a section? */
bool sections_fit(const struct ledger *l, const struct issuer *issuer);
/* May it be of a CA whose section does not fit, so that it is only not known yet? */
bool sections_expect(const struct ledger *l, const struct ocsp_certid *certid);

/* ---- readiness.c ---- */

/* Tells the fronts where it changed. */
void readiness_update(struct ledger *l, struct moment now);
void readiness_send(struct ledger *l, unsigned front);
/* As it was said last: may this instance receive traffic, and what is missing (appended). */
bool readiness_good(const struct ledger *l);
void readiness_reason(const struct ledger *l, struct buffer *out);
/* Was the evidence fresh when it was last looked at, so that its end must be noticed? */
bool readiness_fresh(const struct ledger *l);
