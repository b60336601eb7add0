/* A world: modelled servers, and instances of the responder that read from them.
 *
 *   servers (server.h) ◀──reads── source ──▶ ledger ◀══octets══▶ fronts ◀── questions
 *                                              ▲══octets══▶ signers
 *
 * Ledger and fronts are the real cores; source.c has the rules of db/, signers write what they were asked
 * to sign. Whatever happens is an event (events.h), and nothing happens by itself: the same events in the
 * same world do the same, to the last octet. */
#pragma once

#include "server.h"

#include "base/siphash.h"
#include "conf/conf.h"
#include "db/stored.h"
#include "front/answers.h"
#include "ledger/core.h"
#include "ocsp/issuer.h"

#include <sys/queue.h>

#define SIM_INSTANCES 3u
#define SIM_FRONTS 2u
#define SIM_SIGNERS 2u
#define SIM_CERTIDS 3u
#define SIM_START_US (1000 * SECOND_US) /* where the monotonic axis begins */
/* A wall clock that is right, minus the monotonic one. */
#define SIM_CLOCK_US (INT64_C(1767225600) * SECOND_US)

/* ---- chance ---- */

struct chance {
	struct siphash_key key;
	uint64_t drawn;
};
uint32_t draw(struct chance *c, uint32_t below);

/* ---- questions ---- */

struct question {
	TAILQ_ENTRY(question) all;
	struct flight_waiter waiter;
	unsigned front, issuer, count;
	unsigned serials[SIM_CERTIDS];
	struct buffer certids[SIM_CERTIDS];
	uint8_t nonce[16]; /* all zeros: none */
	int64_t asked_us;
};
TAILQ_HEAD(question_list, question);

/* What came back, of one CertID. */
struct statement {
	unsigned issuer, serial;
	enum ocsp_status status;
	enum revocation_reason reason;
	uint64_t change; /* that it rests on; 0: not known */
};

struct reply {
	unsigned front;
	bool hit; /* out of the front's cache */
	enum ocsp_result result;
	int64_t produced_at, this_update, next_update; /* seconds */
	struct moment decided; /* when the ledger sent the job, by both clocks */
	uint64_t decision; /* its place among all jobs of the world */
	const struct stored *stored; /* it is this one, which does not tell them */
	unsigned section, count;
	struct statement statements[SIM_CERTIDS];
};

/* ---- channels ---- */

/* One direction: octets that were written and not read yet, and what is left of a frame. */
struct pipe {
	struct buffer octets;
	struct buffer partial;
};

/* ---- the instance's side of the database ---- */

enum feed_state { FEED_AWAY, FEED_LOADING, FEED_WAITING, FEED_POLLED };

struct feed {
	enum feed_state state;
	unsigned server;
	struct db_beat beat;
	bool reload; /* the ledger does not believe it */
	bool lost_told;
	struct reading base, next; /* of the last load or poll that ended; of the one in flight */
	unsigned step;
	struct server
		image; /* what the load or poll in flight saw (the log: of a poll, what is new) */
	struct log_row *log;
	size_t log_count, log_room;
	uint64_t seen[64]; /* on a standby: xids at or above the heartbeat's xmax */
	unsigned seen_count;
	int64_t poll_at_us, retry_at_us;
	int64_t long_until_us; /* the poll in flight is of very many rows, and not over before */
};

enum lookup_state { LOOKUP_AWAY, LOOKUP_IDLE, LOOKUP_ASKED, LOOKUP_RUN };

struct lookup {
	enum lookup_state state;
	unsigned server;
	struct db_beat beat;
	uint64_t batch;
	bool proves;
	size_t count;
	struct db_key keys[LIMIT_LOOKUP_BATCH];
	struct db_found found[LIMIT_LOOKUP_BATCH];
	struct reading reading;
};

/* The connection that stored answers come by. */
struct fetch {
	enum { FETCH_IDLE, FETCH_ASKED, FETCH_RUN } state;
	unsigned server;
	uint64_t batch;
	size_t count;
	struct db_stored_key keys[LIMIT_STORED_BATCH];
	struct db_stored_found found[LIMIT_STORED_BATCH];
};

/* ---- an instance ---- */

/* What it has said: to judge what it says later (I-4, I-10). */
struct said {
	struct statement statement;
	uint64_t decision;
	uint32_t fronts; /* that have delivered it, by bits */
};

struct sim_front {
	struct instance *instance;
	unsigned index;
	struct answers *answers; /* NULL: not running */
	struct pipe to_ledger, from_ledger;
};

struct sim_signer {
	bool attached;
	enum ocsp_result result;
	struct pipe to_ledger, from_ledger;
	TAILQ_HEAD(, sim_job) jobs;
};

struct sim_job {
	TAILQ_ENTRY(sim_job) queue;
	struct moment sent;
	uint64_t decision;
	struct buffer payload;
};

struct journal {
	struct buffer files[2];
	unsigned current;
	bool kept; /* there is one */
	bool damaged; /* since the ledger that wrote it ended */
	bool broken; /* the disk is full */
};

/* Signed answers that outlive the ledger: they may vanish, rot or be those of long ago at any time. */
struct kept_files {
	struct buffer files[2], former[2];
	unsigned current;
	bool on;
};

/* What does not go by itself as time passes, only by its own events. */
#define HELD_FEED 1u
#define HELD_LOOKUPS 2u
#define HELD_SIGNERS 4u
#define HELD_PIPE(pipe) (8u << (pipe))

struct instance {
	struct world *world;
	unsigned index;
	uint32_t held;
	int64_t clock_us; /* its wall clock minus the monotonic clock */
	/* The most that it was shortly before it was set last, and when that was. */
	int64_t clock_before_us, clock_set_us;
	unsigned server; /* the server that its address names */
	struct conf conf;
	struct conf_issuer sections[SIM_ISSUERS];
	struct ledger *ledger; /* NULL: not running */
	bool turn; /* the ledger has had events since its turn ended */
	struct feed feed;
	struct lookup lookups[LIMIT_LOOKUP_BATCHES]; /* a connection each */
	struct fetch fetch;
	struct journal journal;
	struct kept_files kept;
	struct sim_front fronts[SIM_FRONTS];
	struct sim_signer signers[SIM_SIGNERS];
	struct question_list questions;
	struct said *said;
	size_t said_count, said_room;
	uint64_t forgotten; /* decisions up to this one bind it no more */
	int64_t evidence_us; /* the newest proof that the ledger was given, monotonic as told */
	/* The same of lookups that were to prove, for each certificate. */
	int64_t looked_us[SIM_ISSUERS][SIM_SERIALS];
	/* How much a heartbeat was older than it could be told from here: its clock is ahead of ours and
	 * replay lags. Nobody can know, so nobody is blamed. */
	int64_t blind_us;
	uint64_t alarms;
};

struct options {
	uint64_t seed;
	unsigned instances, fronts, signers, issuers, standbys;
	uint32_t registered; /* issuers, by bits */
	bool verbose;
};

/* What was true of a row, and from when on. */
struct truth {
	int64_t from_us;
	const struct change *change; /* NULL: there was no row */
	int64_t shown_us; /* to who reads from the server that counts; INT64_MAX: not yet */
	uint64_t order; /* among all truths of the world */
};
struct truths {
	struct truth *each;
	size_t count, room;
};

struct world {
	struct options options;
	struct chance chance; /* of the world's making and of what rooms do; the plan has its own */
	struct cluster cluster;
	struct buffer certificates[SIM_ISSUERS];
	struct buffer
		another[SIM_ISSUERS]; /* in each one's place, of a CA that nobody here knows */
	struct ocsp_issuer hashes[SIM_ISSUERS];
	struct buffer offers[SIM_ISSUERS];
	struct instance instances[SIM_INSTANCES];
	struct truths truths[SIM_ISSUERS][SIM_SERIALS + 1];
	uint64_t truths_told;
	int64_t freshness_us, answer_timeout_us, poll_interval_us;
	bool calm; /* faults have stopped */
	int64_t calm_us; /* since then */
	bool mended; /* no row is spoilt */
	bool accepted; /* and nothing that is lost is remembered */
	bool no_beats; /* nobody calls stillgood.heartbeat() */
	uint64_t decisions, answers, events, nonces;
	uint64_t hash; /* of everything that happened */
	char broken[400]; /* the first promise that was broken */
	char invariant[16];
};

static inline struct moment instance_now(const struct instance *in)
{
	int64_t now = in->world->cluster.now_us;
	return (struct moment){.wall_us = now + in->clock_us, .mono_us = now};
}

char *world_issuer_name(unsigned issuer);
void world_make(struct world *w, uint64_t seed, bool verbose);
void world_end(struct world *w);
void world_broken(struct world *w, const char *invariant, const char *format, ...)
	printf_like(3, 4);
void world_trace(struct world *w, const char *format, ...) printf_like(2, 3);
/* Into the hash. */
void world_mix(struct world *w, uint64_t value);
/* What getrandom() gives from now on: the cores' hash tables have keys of their own. */
void world_random_reset(uint64_t seed);
void world_time(struct world *w, int64_t us);
/* The machine of all instances sleeps. */
void world_sleep(struct world *w, int64_t us);
/* Until nothing is on its way. */
void world_settle(struct world *w);

/* ---- instance.c ---- */

void instance_make(struct instance *in);
/* Sets its wall clock. */
void instance_clock(struct instance *in, int64_t clock_us);
void instance_end(struct instance *in);
void ledger_start(struct instance *in);
/* `read`: what it had written is read by the fronts first. */
void ledger_crash(struct instance *in, bool read);
void front_start(struct sim_front *f);
void front_crash(struct sim_front *f);
void signer_attach(struct instance *in, unsigned signer);
void signer_lose(struct instance *in, unsigned signer);
void ask(struct instance *in, unsigned front, unsigned issuer, unsigned count,
	 const unsigned *serials, bool sha256, bool nonce);
/* Reads at most `octets` (0: all) of a channel: 0 … SIM_PIPES − 1. False: nothing was there. */
#define SIM_PIPES (2 * (SIM_FRONTS + SIM_SIGNERS))
bool pipe_deliver(struct instance *in, unsigned pipe, size_t octets);
bool signer_sign(struct instance *in, unsigned signer);
void turn_end(struct instance *in);
/* The end of the newer file is lost, or broken, while no ledger runs. */
void journal_damage(struct instance *in, size_t octets);
/* While no ledger runs: the files of kept answers are saved, those that were saved are put back, an octet is another
 * one, or the end of the newer file is lost: by the last two bits. */
void kept_damage(struct instance *in, size_t octets);
/* stillgood accept-history */
void accept_history(struct instance *in);
/* Timers that are due. */
void instance_time(struct instance *in);
bool instance_quiet(const struct instance *in);

/* ---- source.c ---- */

/* Each does the next thing that the feed, or one of the lookups' connections from `first` on, would do. False:
 * nothing to do. */
bool feed_step(struct instance *in);
/* A poll begins that takes so long, because of very many rows. */
void feed_long(struct instance *in, int64_t us);
bool lookup_step(struct instance *in, unsigned first);
void feed_cut(struct instance *in, const char *reason);
void lookup_cut(struct instance *in, struct lookup *lookup, const char *reason);
void lookups_cut(struct instance *in, const char *reason);
/* Connections to this server are lost. */
void sources_cut(struct world *w, unsigned server);
int lookup_ask(struct instance *in, uint64_t batch, const struct db_key *keys, size_t count,
	       bool proves);

/* ---- stored.c ---- */

enum import {
	IMPORT_HONEST,
	IMPORT_GOOD, /* whatever its row says */
	IMPORT_FORGED,
	IMPORT_OF_ANOTHER, /* recorded for this certificate, signed about the next one */
	IMPORT_ENDED,
	IMPORTS
};
/* At the server that the address names; what an importer would refuse has come past it. */
void stored_import(struct world *w, unsigned issuer, unsigned serial, unsigned hash,
		   enum import import, int64_t lasts);
/* NULL: it is none of them. */
const struct stored *stored_find(const struct world *w, struct view der);
int fetch_ask(struct instance *in, uint64_t batch, const struct db_stored_key *keys, size_t count);
/* As those of the lookups. */
bool fetch_step(struct instance *in);
void fetch_cut(struct instance *in);

/* ---- oracle.c ---- */

void oracle_became(void *context, unsigned issuer, unsigned serial, const struct change *now,
		   bool shown);
void oracle_judge(struct instance *in, const struct question *question, const struct reply *reply);
void oracle_forget(struct instance *in);
/* The newest state that is true; NULL: no row. */
const struct change *oracle_now(const struct world *w, unsigned issuer, unsigned serial);
