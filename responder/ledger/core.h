/* The ledger's core: what is true of each certificate, and who must be told.
 *
 *   front ──query──▶ question ──▶ revoked set ──▶ lookup ──▶ verdict ──▶ signer ──▶ fence ──▶ front
 *   feed ──changes──▶ revoked set ──purges, then a tick──▶ every front
 *
 * It has no socket, no libpq and no clock of its own: calls carry the time, and everything that
 * goes out goes through ledger_ops. Production (run.c) and the replay harness drive exactly this
 * code. Frames are those of ipc/messages.h.
 *
 * Nothing here returns to its caller through an op: an op must not call the ledger. */
#pragma once

#include "base/alarms.h"
#include "base/clock.h"
#include "base/siphash.h"
#include "conf/conf.h"
#include "db/source.h"

struct ledger;

/* What is asked of stillgood.presigned: db/stored.h. */
struct db_stored_key;
struct db_stored_found;
struct ocsp_said; /* ocsp/answer.h */

struct ledger_ops {
	/* One frame, in order, to an attached front or signer. An edge that cannot send detaches it
	 * later. */
	void (*to_front)(void *context, unsigned front, uint8_t type, struct view payload);
	/* To the attached fetcher; NULL where ledger_fetcher_attach() is never called. */
	void (*to_fetcher)(void *context, uint8_t type, struct view payload);
	/* To the attached verifier. */
	void (*to_verifier)(void *context, unsigned verifier, uint8_t type, struct view payload);
	void (*to_signer)(void *context, unsigned signer, uint8_t type, struct view payload);
	/* One batch, at most LIMIT_LOOKUP_BATCH keys; `proves`: with their issuers' versions (proving.h). 0: ledger_lookup_done() or ledger_lookup_failed()
	 * follows, in any order with those of others; -EBUSY: not beside those in flight; else another
	 * -errno. Where it is not 0 nothing follows. */
	int (*lookup)(void *context, uint64_t batch, const struct db_key *keys, size_t count,
		      bool proves);
	/* May be NULL: there are no stored answers. One batch, at most LIMIT_STORED_BATCH keys and one at a
	 * time. 0: ledger_stored_done() or ledger_stored_failed() follows; else -errno and nothing
	 * follows. */
	int (*stored)(void *context, uint64_t batch, const struct db_stored_key *keys,
		      size_t count);
	/* What the database has told cannot be believed, for this reason: it shall tell everything
	 * anew, from ledger_load_begin() on. */
	void (*reload)(void *context, const char *reason);
	/* May be NULL. Lookups come from another server than the feed, which is the right one: theirs is
	 * to be left. */
	void (*look_elsewhere)(void *context, const char *reason);
	/* Appends to the file of the journal that is written: before anything leaves that rests on it.
	 * 0 or -errno: then nothing of it counts, and later everything is told anew. Both of these may
	 * be NULL where ledger_recall() is never called. */
	int (*journal)(void *context, struct view octets);
	/* What is appended from here on goes to the other file, which is empty now. 0 or -errno. */
	int (*journal_swap)(void *context);
	/* All three may be NULL where ledger_recall_answers() is never called. The first two as those of the
	 * journal, for the kept answers; the last reads what a signed answer says by its own octets: false where
	 * it is not of the kind that caches keep. */
	int (*keep)(void *context, struct view octets);
	int (*keep_swap)(void *context);
	bool (*read_answer)(void *context, struct view der, struct ocsp_said *ret);
	/* This signer holds jobs and has been silent for too long; its jobs go to others. */
	void (*signer_hung)(void *context, unsigned signer);
	/* Something that a person must look at: one line. */
	void (*alarm)(void *context, const char *text);
	/* May be NULL where ledger_explain() is never called. The answer to it: a JSON object. */
	void (*explained)(void *context, uint32_t ticket, struct view text);
	/* The same of something that lasts (base/alarms.h): it begins, it has lasted another day, it ends. */
	void (*condition)(void *context, enum alarm_event event, const char *text);
	/* May be NULL. A step of this request's story (message_query), for the debug log. */
	void (*trace)(void *context, uint64_t request, const char *step);
};

/* `conf` is borrowed. `key`: random, for tags and tables. 0, -ENOMEM or -EIO. */
must_check int ledger_new(const struct conf *conf, const struct siphash_key *key,
			  const struct ledger_ops *ops, void *context, struct ledger **ret);
void ledger_free(struct ledger *ledger);
DEFINE_CLEANUP(struct ledger, ledger_free)

/* Before anything else: what both files of the journal hold, of an earlier process; empty: nothing. From
 * here on it is written: `*ret_current` (0 or 1) is the file to append to. Damage is an alarm, and what can
 * be read counts. Not called: nothing outlives this ledger. 0 or -ENOMEM. */
must_check int ledger_recall(struct ledger *l, const struct view files[2], unsigned *ret_current);

struct ledger_recalled {
	unsigned current; /* the file (0 or 1) to append to */
	size_t size; /* of it; what is behind that is nothing, and goes */
	size_t answers;
	size_t damaged; /* octets that were not readable */
};
/* After ledger_recall(): both files of the kept answers, of an earlier process; taken over in any case. From here
 * on they are written, by [server] kept_answers. Not called: no answer outlives this ledger. 0 or -ENOMEM. */
must_check int ledger_recall_answers(struct ledger *l, struct buffer files[2],
				     struct ledger_recalled *ret);

/* ---- fronts (index below LIMIT_FRONTS), signers (below 2 × LIMIT_SIGNERS), verifiers (below 2) ----
 *
 * The first half of the indices of signers and verifiers is of the configuration of the start; the other
 * half is of the one that is prepared next, and so on, by turns. */

/* A front is told to forget what an earlier ledger said, before its first tick from this one.
 * Attaching an index again replaces it. */
void ledger_front_attach(struct ledger *l, unsigned front, struct moment now);
void ledger_front_detach(struct ledger *l, unsigned front);
void ledger_signer_attach(struct ledger *l, unsigned signer, struct moment now);
/* Its jobs go to others, or wait for one until their deadlines. */
void ledger_signer_detach(struct ledger *l, unsigned signer, struct moment now);

/* Signed requests whose signatures count (P-15) wait for its word. */
void ledger_verifier_attach(struct ledger *l, unsigned verifier);
/* Those that wait are told to come later. */
void ledger_verifier_detach(struct ledger *l, unsigned verifier);
must_check int ledger_verifier_frame(struct ledger *l, unsigned verifier, uint8_t type,
				     struct view payload, struct moment now);

/* Who tells HTTP caches what to forget. It says nothing here. */
void ledger_fetcher_attach(struct ledger *l);
void ledger_fetcher_detach(struct ledger *l);

/* 0 or -EBADMSG: the peer broke the protocol, cut it off. */
must_check int ledger_front_frame(struct ledger *l, unsigned front, uint8_t type,
				  struct view payload, struct moment now);
must_check int ledger_signer_frame(struct ledger *l, unsigned signer, uint8_t type,
				   struct view payload, struct moment now);

/* ---- another configuration (doc/design.md, A reload) ---- */

/* Builds aside what takes the place of the present one. `next` is borrowed from here on. From here on
 * what signers of the other half say counts for it. 0 or -ENOMEM. */
must_check int ledger_prepare(struct ledger *l, const struct conf *next);
/* Have they told of every issuer what they can sign with? */
bool ledger_prepared(const struct ledger *l);
void ledger_abandon(struct ledger *l);
/* It counts from here on, and for what is being answered too: what the signers and verifiers of before say
 * counts no more, but for a signature that was verified for an issuer of whom nothing has changed.
 * Stored answers go where the section or the signers of their issuer are others; all else is kept. */
void ledger_commit(struct ledger *l, struct moment now);

/* ---- the database: as in db/source.h ---- */

void ledger_load_begin(struct ledger *l, const struct db_evidence *evidence,
		       const struct db_issuer *issuers, size_t count, struct moment now);
void ledger_load_row(struct ledger *l, const struct cert_record *record);
void ledger_load_end(struct ledger *l, const struct db_evidence *evidence, struct moment now);
void ledger_poll(struct ledger *l, const struct db_evidence *evidence,
		 const struct cert_record *records, size_t count, const struct db_issuer *issuers,
		 size_t issuer_count, struct moment now);
void ledger_lookup_done(struct ledger *l, uint64_t batch, const struct db_evidence *evidence,
			const struct db_found *found, size_t count, struct moment now);
void ledger_lookup_failed(struct ledger *l, uint64_t batch, struct moment now);
/* Each batch in flight has failed, none is answered: where they were asked is left. */
void ledger_lookups_lost(struct ledger *l, struct moment now);
void ledger_stored_done(struct ledger *l, uint64_t batch, const struct db_stored_found *found,
			size_t count, struct moment now);
void ledger_stored_failed(struct ledger *l, uint64_t batch, struct moment now);
void ledger_lookup_state(struct ledger *l, bool usable, const char *reason);
void ledger_feed_lost(struct ledger *l, const char *reason);
void ledger_bad_row(struct ledger *l, const char *description);
void ledger_bad_key(struct ledger *l, const struct db_key *key);
void ledger_bad_issuer(struct ledger *l, int32_t id, struct moment now);
/* All that needs a person about the database, though it is whole. */
void ledger_database_findings(struct ledger *l, const char *const *texts, size_t count,
			      struct moment now);
/* Why a standby's evidence stands still. */
void ledger_stalled(struct ledger *l, enum db_stall why);
/* Where [database] prewarm asks for it nothing is ready until this has ended; so much is read so far. */
void ledger_prewarming(struct ledger *l, unsigned percent);
void ledger_prewarmed(struct ledger *l);

/* ---- time ---- */

/* After everything that came in one turn: the batch of lookups and readiness go out. */
void ledger_turn_end(struct ledger *l, struct moment now);
/* Call at ledger_next_timer() or later. */
void ledger_timer(struct ledger *l, struct moment now);
/* Monotonic microseconds, INT64_MAX: nothing to wait for. */
int64_t ledger_next_timer(const struct ledger *l);

/* ---- state ---- */

/* Questions not yet answered. */
size_t ledger_open(const struct ledger *l);
/* Memory ran out while a change was applied: the data may be incomplete, the evidence stands still
 * and only a new ledger, which loads everything, can mend it. */
/* Can anything still be said to be good? */
bool ledger_evidence_fresh(const struct ledger *l, struct moment now);
bool ledger_incomplete(const struct ledger *l);
/* The revocations that the database has lost, from the `first` one on, as many as fit one control message:
 * a JSON object {"count": all of them, "next": the first one that is left out or 0, "lost": [{…}]}. */
void ledger_lost(const struct ledger *l, size_t first, struct buffer *out);
/* How many there are; those of before while a load is under way. */
size_t ledger_lost_count(const struct ledger *l);
/* Does the database answer in an older timeline than was read, which is not believed? */
bool ledger_replaced(const struct ledger *l);
/* The database is right: what it lost is forgotten and read anew. Returns how many there were. */
size_t ledger_accept_history(struct ledger *l, struct moment now);
/* Why is answered what is answered? `words`: "ISSUER SERIAL", its name and the content of a minimal
 * INTEGER in hexadecimal; or, `issued`, "NAMEHASH KEYHASH SERIAL": SHA-1 of the issuer's name as the
 * certificate has it and of its key (or "-": not known). Changes nothing of what is answered. 0:
 * ops.explained() follows, not before this has returned and within LIMIT_EXPLAIN_US; -EINVAL, -ENOENT, -EBUSY
 * or -ENOMEM, with a fault. */
must_check int ledger_explain(struct ledger *l, uint32_t ticket, bool issued, struct view words,
			      struct moment now, struct fault *fault);
/* Appends a JSON object (CONTROL_STATUS). */
void ledger_status(const struct ledger *l, struct moment now, struct buffer *out);
