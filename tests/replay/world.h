/* A small world on a fake clock: a fake database, the real ledger, real fronts, fake signers, and the
 * channels between them. Every frame goes through the real message codecs; every answer that a
 * front delivers is judged by the oracle (oracle.c).
 *
 *   database ──load, poll, lookup──▶ ledger ◀──frames──▶ fronts
 *                                       ▲──frames──▶ signers
 */
#pragma once

#include "base/clock.h"
#include "base/timetext.h"
#include "conf/conf.h"
#include "db/source.h"
#include "db/stored.h"
#include "front/answers.h"
#include "ledger/core.h"
#include "ocsp/certificate.h"
#include "ocsp/issuer.h"

#include <sys/queue.h>

#define WORLD_ISSUERS 4
#define WORLD_FRONTS 4
#define WORLD_SIGNERS 4
#define WORLD_TRANSACTIONS 8

/* ---- the database ---- */

/* One committed or pending state of a certificate or, with `whole_issuer`, of an issuer. */
struct change {
	TAILQ_ENTRY(change) log;
	uint64_t xid;
	bool whole_issuer;
	bool deleted; /* by a superuser: there is no row from here on, and the log says nothing */
	/* Their issuer is its place among the issuers, from 1; what is read has the database's ids. */
	struct cert_record record;
	struct issuer_record issuer;
	bool committed;
	int64_t committed_us; /* monotonic: the one axis that nobody's clock moves */
	uint64_t commit; /* its place in the order of commits */
};
TAILQ_HEAD(change_list, change);

struct database {
	bool up;
	int64_t clock_us; /* its wall clock minus the monotonic clock */
	uint64_t commits; /* so far */
	/* REPLAY PAUSED: a standby that shows the first `replayed` commits and an old heartbeat. */
	bool paused;
	uint64_t replayed;
	struct db_evidence beat;
	struct db_history history, loaded; /* that is there; that the feed has loaded */
	int32_t ids[WORLD_ISSUERS]; /* stillgood.issuer.id */
	uint64_t loaded_position;
	bool reload; /* the ledger does not believe what it was told */
	uint64_t next_xid;
	uint64_t open[WORLD_TRANSACTIONS]; /* xids of open transactions, 0: none */
	struct change_list log; /* in order of xid, and of version for one certificate */
	uint64_t saved_commits; /* and what a standby shows that is as far behind */
	struct db_evidence saved_beat;
	uint64_t saved_xid; /* DB SAVE: what RESTORE and FAILOVER go back to */
	uint64_t feed_xmin;
};

/* An answer that was signed beforehand, in the database's table or once there (stored.c). */
struct stored_answer {
	TAILQ_ENTRY(stored_answer) all;
	unsigned issuer;
	struct serial serial;
	struct buffer certid, der;
	bool forged; /* its signature is another key's */
	struct moment signed_at;
	uint64_t commit; /* that it came with */
	uint64_t replaced; /* the commit that replaced it; 0: none */
	int64_t replaced_us; /* when, monotonic */
};
TAILQ_HEAD(stored_list, stored_answer);

/* ---- the rest ---- */

/* Once recorded it is what the issuer said, though the database may forget it. */
struct fake_crl {
	struct fake_crl *next;
	int32_t issuer;
	int64_t from, until; /* seconds */
	int64_t committed_us; /* monotonic */
	size_t count;
	struct serial *listed; /* what was revoked when it was recorded */
};

/* What the ledger was given by a lookup that was to prove: as of when is it true? */
struct looked {
	struct looked *next;
	struct db_key key; /* its issuer as its place, from 1 */
	int64_t mono_us;
};

/* A signature algorithm of the scenario: an OBJECT IDENTIFIER made of its name's first letters. */
struct world_algorithm {
	uint8_t oid[5];
	size_t size; /* 0: the default */
};
struct world_issuer {
	char name[32];
	bool registered, configured;
	bool spoilt; /* its row cannot be understood */
	struct buffer certificate;
	struct world_algorithm
		algorithms[LIMIT_ISSUER_SIGNERS]; /* that signers have for it (P-37) */
	unsigned algorithm_count;
	unsigned signers; /* which they are: the number of RENEWs */
	struct ocsp_issuer hashes;
};

struct world_algorithm world_algorithm(const char *name);

/* A question that a client asked, and what came back. */
struct question {
	TAILQ_ENTRY(question) all;
	struct flight_waiter waiter;
	char label[32];
	unsigned front;
	unsigned count;
	unsigned issuers[LIMIT_CERTIDS];
	struct serial serials[LIMIT_CERTIDS];
	struct buffer certids[LIMIT_CERTIDS];
	struct view nonce;
	bool hit; /* answered from the front's cache */
	bool answered;
	bool forgotten; /* another history was accepted since */
	struct moment signed_at; /* when the ledger sent the job, by both clocks */
	enum ocsp_result result;
	const struct stored_answer *stored; /* that it was answered with; NULL: a signer's */
	unsigned status_count;
	struct sign_entry
		statuses[LIMIT_CERTIDS]; /* certid is empty, facts only tell what was there */
	bool unknown_issuer;
	int64_t produced_at, this_update, next_update;
	struct world_algorithm algorithm; /* that was asked of the signer */
};
TAILQ_HEAD(question_list, question);

enum room { ROOM_FRONT, ROOM_LEDGER, ROOM_SIGNER };

struct frame {
	TAILQ_ENTRY(frame) queue;
	enum room from, to;
	unsigned index; /* of the front or signer */
	uint8_t type;
	struct moment sent;
	struct buffer payload;
};
TAILQ_HEAD(frame_list, frame);

struct world_front {
	struct world *world;
	unsigned index;
	struct answers *answers;
};

struct fake_signer {
	bool attached, holds;
	enum ocsp_result result; /* what it answers with */
	struct frame_list held;
};

struct world {
	struct moment now;
	/* The configuration that counts, and the file that SET writes and RELOAD reads: before the first
	 * RELOAD the same. */
	struct conf *conf, *edited;
	struct conf confs[2];
	struct conf_issuer sections[2][WORLD_ISSUERS];
	bool prepared; /* RELOAD PREPARES: `edited` */
	unsigned issuer_count, front_count, signer_count;
	struct world_issuer issuers[WORLD_ISSUERS];
	bool started;

	struct database database;
	struct fake_crl *crls; /* the latest first */
	int64_t crl_from; /* of those that all issuers have at the start, without an end */
	bool feed_on;
	int64_t next_poll_us;
	bool lookups_held;
	struct world_lookup {
		bool pending;
		uint64_t batch;
		bool proves;
		size_t count;
		struct db_key keys[LIMIT_LOOKUP_BATCH];
		struct db_found found[LIMIT_LOOKUP_BATCH];
		struct db_evidence evidence;
	} lookups[LIMIT_LOOKUP_BATCHES]; /* their results are fixed when they are asked */
	struct looked *looked; /* each lookup that was to prove, the latest first */
	struct stored_list stored;
	bool stored_held;
	struct {
		bool pending;
		uint64_t batch;
		size_t count;
		struct db_stored_found found[LIMIT_STORED_BATCH];
	} fetch; /* its result is fixed when it is asked */
	int64_t evidence_mono_us; /* the latest given to the ledger */
	struct db_evidence evidence;
	int64_t behind_us; /* the furthest that the database's clock ever was behind ours */
	/* CLOCK JUMPS: our wall clock minus the monotonic one, before the latest. */
	int64_t clock_before_us, clock_jumped_us;

	bool journaled; /* JOURNAL: what outlives the ledger */
	struct buffer journal[2];
	unsigned journal_current;
	bool keeps; /* KEPT: signed answers outlive the ledger too */
	struct buffer kept[2], kept_saved[2];
	unsigned kept_current;

	struct ledger *ledger;
	struct world_front fronts[WORLD_FRONTS];
	/* The first half is of the configuration of the ledger's start, and so on by turns (ledger/core.h). */
	struct fake_signer signers[2 * WORLD_SIGNERS];
	unsigned half;
	struct frame_list frames;
	struct question_list questions;
	unsigned prefer_count; /* of the next question (P-17) */
	struct world_algorithm prefers[LIMIT_PREFERRED_ALGORITHMS];
	unsigned signatures, alarms, hung;

	char broken[512]; /* the first requirement that was broken; empty: none */
};

/* 0 or -ENOMEM. */
must_check int world_init(struct world *w);
void world_deinit(struct world *w);
/* The octets of one become those of the other. */
void world_copy(struct buffer *to, const struct buffer *from);
/* Before the start. Returns its index. */
unsigned world_add_issuer(struct world *w, const char *name, bool registered, bool configured);
/* Makes the rooms; the first load comes at once unless the database is down. */
void world_start(struct world *w);
void world_broken(struct world *w, const char *format, ...) printf_like(2, 3);

void world_time_passes(struct world *w, int64_t duration_us);
/* Our wall clock is set to another time; the database's is its own. */
void world_clock_jumps(struct world *w, int64_t by_us);
/* Delivers frames and lookups until all is quiet. */
void world_settle(struct world *w);
void world_restart_ledger(struct world *w);
/* stillgood accept-history */
void world_accept(struct world *w);
void world_restart_front(struct world *w, unsigned front);

/* SET after the start: of a copy. */
void world_edit(struct world *w);
/* As the warden does it: the ledger builds aside, new signers come; then all of it counts, and the old ones
 * go; or nothing of it. */
void world_prepare(struct world *w);
void world_commit(struct world *w);
void world_abandon(struct world *w);

/* By their place in `signers`. */
void world_signer_attach(struct world *w, unsigned signer);
void world_signer_detach(struct world *w, unsigned signer);
/* Signs what is held and holds no more. */
void world_signer_signs(struct world *w, unsigned signer);
/* All signers say this of the issuer, now and whenever they attach. */
void world_signers_offer(struct world *w, unsigned issuer, const struct world_algorithm *algorithms,
			 unsigned count);
void world_signer_receive(struct world *w, struct frame *frame);

struct question *world_ask(struct world *w, unsigned front, unsigned count, const unsigned *issuers,
			   const struct serial *serials, enum ocsp_hash hash, bool nonce);
/* The number after "name": in the ledger's status. */
uint64_t world_count(struct world *w, const char *name);

void world_send(struct world *w, enum room from, enum room to, unsigned index, uint8_t type,
		struct view payload);
void world_lookups_go(struct world *w, bool latest_first);
/* The one that was asked first, or last, of those in flight; NULL. */
struct world_lookup *world_lookup_next(struct world *w, bool latest);

/* ---- database.c ---- */

void database_init(struct database *db);
/* Its wall clock minus ours, from now on. */
void database_clock(struct world *w, int64_t offset_us);
void database_pause(struct world *w, bool paused);
void database_save(struct world *w);
/* What is read is a standby's that is paused since DB SAVE. */
void database_behind(struct world *w);
void database_deinit(struct database *db);
void database_forget_looked(struct world *w);
/* As the log's records have it, not the database. */
int32_t database_issuer_id(unsigned issuer);
/* The state that is committed; NULL: no row. */
const struct change *database_row(const struct database *db, int32_t issuer,
				  const struct serial *serial);
/* A change of the certificate; `transaction` 0 … WORLD_TRANSACTIONS − 1 stays open, else −1. */
struct change *database_write(struct world *w, unsigned issuer, const struct serial *serial,
			      enum cert_status status, enum revocation_reason reason,
			      int transaction);
void database_revoke_issuer(struct world *w, unsigned issuer);
void database_end(struct world *w, int transaction, bool commit);
void database_delete(struct world *w, unsigned issuer, const struct serial *serial);
/* The issuer's row is written again with what it says, perhaps so that nobody can read it. */
void database_touch_issuer(struct world *w, unsigned issuer, bool spoilt);
/* Its answers that were signed beforehand have changed; those that come first end then. */
void database_import(struct world *w, unsigned issuer, int64_t from, int64_t until);
/* What came after DB SAVE is gone: in another timeline, which uses its numbers again; or, in place, in
 * other tables of the same names. */
void database_restore(struct world *w);
void database_restore_in_place(struct world *w);
/* Another cluster: the rows as they are, imported, their issuers registered in this order. */
void database_rebuild(struct world *w, const unsigned order[WORLD_ISSUERS]);
/* A CRL of this issuer is recorded that begins now; `lasts_us` 0: what there was is withdrawn. */
void database_crl(struct world *w, unsigned issuer, int64_t lasts_us);
void database_down(struct world *w);
void database_up(struct world *w);
void database_poll(struct world *w);
/* The first portion of a poll: the issuers alone, with the evidence of the poll before. */
void database_poll_begins(struct world *w);
/* Loads anew if there is a reason for it. */
bool database_reload(struct world *w);
void database_lookup(struct world *w, struct world_lookup *lookup, const struct db_key *keys,
		     size_t count);
/* The ledger is given what it found. */
void database_looked(struct world *w, const struct world_lookup *lookup);
/* When it was last looked up to prove it, monotonic; INT64_MIN: never. */
int64_t database_looked_us(const struct world *w, unsigned issuer, const struct serial *serial);

/* ---- stored.c ---- */

struct stored_wish {
	struct ocsp_cert_status says;
	enum ocsp_hash hash;
	int64_t ago_us, life_us; /* thisUpdate is so long ago; from there to nextUpdate */
	bool forged;
};
/* Signed, recorded, and told of. */
void stored_import(struct world *w, unsigned issuer, const struct serial *serial,
		   const struct stored_wish *wish);
/* What an honest importer would record of the certificate now; false: nothing. */
bool stored_says(const struct world *w, unsigned issuer, const struct serial *serial,
		 struct ocsp_cert_status *ret);
/* For struct ledger_ops. */
int stored_ask(void *context, uint64_t batch, const struct db_stored_key *keys, size_t count);
void stored_go(struct world *w);
void stored_fail(struct world *w);
/* The imports after this commit are undone. */
void stored_cut(struct world *w, uint64_t commit);
const struct stored_answer *stored_find(const struct world *w, struct view der);
void stored_free(struct world *w);

/* ---- crls.c ---- */

void crls_add(struct world *w, int32_t issuer, int64_t from, int64_t until);
void crls_free(struct world *w);
/* Is there a CRL that what is said good is as of, and ends with, and that does not list it? */
bool crls_prove(const struct world *w, const struct question *question, unsigned i);

/* ---- oracle.c ---- */

/* Judges one delivered answer. */
void oracle_judge(struct world *w, const struct question *question);
