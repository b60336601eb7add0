/* Modelled PostgreSQL servers, as far as what a responder reads depends on them.
 *
 *   transaction ──commit──▶ WAL ──▶ shown by this server
 *                            └────▶ replayed, and shown, by its standbys: earlier or later than here
 *
 * Numbers are those of PostgreSQL: xids from one counter a server, row versions from the row before,
 * issuer ids from the order of registration. So a promotion that loses commits uses them again. */
#pragma once

#include "base/bytes.h"
#include "db/evidence.h"
#include "db/source.h"
#include "ocsp/response.h"

#define SIM_ISSUERS 3u
#define SIM_SERIALS 6u
/* The column of a row that is the issuer's own. */
#define SIM_OF_ISSUER SIM_SERIALS
#define SIM_HASHES 2u /* SHA-1, SHA-256 */
#define SIM_SERVERS 10u
#define SIM_TRANSACTIONS 6u
#define SIM_CHANGES 3u /* of one transaction */

/* An answer that was signed beforehand. Never freed while the world lasts. */
struct stored {
	struct stored *next_made;
	unsigned issuer, serial, hash; /* that it is recorded for */
	uint8_t digest[CERTIFICATE_HASH_SIZE]; /* of that CertID */
	struct buffer der, certid; /* and the CertID that is in it */
	struct ocsp_cert_status says;
	int64_t this_update, next_update; /* seconds */
	bool forged; /* its signature is another key's */
};
/* stillgood.presigned; NULL: none. */
typedef const struct stored *stored_table[SIM_ISSUERS][SIM_SERIALS][SIM_HASHES];

/* What a row became. Never freed while the world lasts. */
struct change {
	struct change *next_made;
	uint64_t
		number; /* from 1; travels as invalidityDate, so that an answer says what it rests on */
	unsigned issuer, serial;
	int64_t version;
	enum cert_status status; /* an issuer's row is good or revoked */
	enum {
		ROW_RIGHT,
		ROW_UNREADABLE,
		ROW_OF_ANOTHER
	} bad; /* the last: another CA's certificate */
	int64_t not_after;
	int64_t left_us; /* since then a WAL has what withdraws it; INT64_MAX: none has */
	const struct change *before; /* the row that it replaced, or was imported from */
	int64_t crl_from, crl_until; /* of an issuer's row; TIME_NONE: no CRL */
	bool crl; /* it brought this CRL, which lists these serials, by bits */
	uint32_t listed;
	const struct stored *stored; /* it brought this answer */
	int32_t presigned; /* of an issuer's row: how many were brought */
	int64_t presigned_from, presigned_until; /* of the last */
};

struct snapshot {
	uint64_t xmin, xmax;
	unsigned running_count;
	uint64_t running[SIM_TRANSACTIONS];
};

struct beat {
	int64_t clock_us; /* what the primary's clock said */
	int64_t true_us;
	struct snapshot snapshot; /* that the primary stored with it */
};

enum transaction_state {
	TRANSACTION_NONE,
	TRANSACTION_OPEN,
	TRANSACTION_PREPARED,
	TRANSACTION_WAITING, /* its commit is in the WAL, but for a replica's reply it is not shown */
};

struct transaction {
	enum transaction_state state;
	uint64_t xid;
	unsigned count;
	struct change *changes[SIM_CHANGES];
};

/* What a restoration, a deletion or a truncation leaves. Never freed while the world lasts. */
struct image {
	struct image *next_made;
	bool log_gone;
	uint64_t tables; /* their identity, of the history */
	int32_t ids[SIM_ISSUERS];
	struct change *rows[SIM_ISSUERS][SIM_SERIALS + 1];
	stored_table stored;
};

enum wal_kind { WAL_PREPARE, WAL_COMMIT, WAL_ABORT, WAL_BEAT, WAL_IMAGE };

struct wal_record {
	enum wal_kind kind;
	const struct image *image;
	uint64_t xid;
	unsigned count;
	struct change *changes[SIM_CHANGES];
	struct beat beat;
};

struct log_row {
	uint64_t xid;
	struct change *change;
};

#define LIST_OF(type)               \
	struct {                    \
		type *each;         \
		size_t count, room; \
	}

struct backup {
	bool made;
	struct change *rows[SIM_ISSUERS][SIM_SERIALS + 1];
	stored_table stored;
};

struct server {
	bool exists, alive;
	bool primary;
	unsigned upstream; /* of a standby */
	struct db_history history;
	int64_t clock_us; /* its wall clock minus the monotonic clock */
	int32_t ids[SIM_ISSUERS]; /* stillgood.issuer.id; 0: not registered */
	struct change *rows[SIM_ISSUERS][SIM_SERIALS + 1]; /* shown; NULL: none */
	stored_table stored;
	LIST_OF(struct log_row) log;
	LIST_OF(struct wal_record) wal; /* from its first moment on, a copy on a standby */
	uint64_t next_xid;
	uint64_t completed; /* the latest xid that is committed or rolled back */
	struct transaction transactions[SIM_TRANSACTIONS];
	bool paused; /* a standby that replays nothing */
	bool held; /* one that replays only by events of its own */
	bool beats; /* a heartbeat row exists */
	struct beat beat;
	bool foreign; /* its log has rows of another cluster */
	struct backup backup;
};

/* Everything that is read in one snapshot. */
struct reading {
	struct db_evidence evidence;
	int64_t true_us; /* up to when it is complete, on the axis that nobody's clock moves */
	struct snapshot snapshot; /* that the next poll starts from */
	bool standby, usable; /* not usable: no evidence, or rows of another cluster */
};

struct cluster;
/* Told of every state that became true, for the oracle. `now`: NULL, no row. `shown`: no more than its WAL
 * has it, if not. */
struct cluster_ops {
	void (*became)(void *context, unsigned issuer, unsigned serial, const struct change *now,
		       bool shown);
};

struct cluster {
	const struct cluster_ops *ops;
	void *context;
	int64_t now_us;
	struct server servers[SIM_SERVERS];
	unsigned authority; /* the server that the address names: what it shows is true */
	struct change *made;
	struct image *images;
	struct stored *stored;
	uint64_t changes, systems, beats, promotions;
};

/* `registered`: of the issuers, by bits. */
void cluster_init(struct cluster *c, uint32_t registered);
void cluster_deinit(struct cluster *c);
/* Index of a new standby of a server, or SIM_SERVERS. */
unsigned cluster_add_standby(struct cluster *c, unsigned upstream);

/* ---- writing: nothing happens where the server is no living primary or a row is locked ---- */

/* A transaction begins in a place that is free. False: none is. */
bool server_begin(struct cluster *c, unsigned server, unsigned place);
/* What a writer may do next with this row, and does, by `choice`: issue, hold, revoke, release,
 * withdraw, make it unreadable, mend it. */
bool server_write(struct cluster *c, unsigned server, unsigned place, unsigned issuer,
		  unsigned serial, unsigned choice);
/* An issuer that was not there; false: it was. */
bool server_register(struct cluster *c, unsigned server, unsigned issuer);
/* A CRL that lasts so many seconds, in one transaction with the revocation of a certificate. It lists what is
 * revoked. */
bool server_crl(struct cluster *c, unsigned server, unsigned issuer, unsigned serial,
		int64_t lasts);
/* Takes the answer, and records it if it can: a new version of the issuer's row. */
bool server_import(struct cluster *c, unsigned server, struct stored *stored);
bool server_prepare(struct cluster *c, unsigned server, unsigned place);
/* `waits`: its commit is in the WAL, but not shown here until server_show(). */
bool server_commit(struct cluster *c, unsigned server, unsigned place, bool waits);
bool server_show(struct cluster *c, unsigned server, unsigned place);
bool server_rollback(struct cluster *c, unsigned server, unsigned place);
bool server_beat(struct cluster *c, unsigned server);
/* Standbys take at most this many records of their upstream's WAL. */
void server_replay(struct cluster *c, unsigned server, size_t records);

/* ---- faults ---- */

void server_crash(struct cluster *c, unsigned server);
/* As it was, without what was open. */
void server_start(struct cluster *c, unsigned server);
bool server_promote(struct cluster *c, unsigned server);
/* The address names another server: what that one shows becomes true. */
void cluster_name(struct cluster *c, unsigned server);
void server_save(struct cluster *c, unsigned server);
/* In place, under open connections. */
bool server_restore(struct cluster *c, unsigned server);
/* A new server with what this one shows, but for the rows that `lost` names by its bits; its issuers are
 * registered in another order. Its index, or SIM_SERVERS. */
unsigned cluster_rebuild(struct cluster *c, unsigned server, uint32_t lost, unsigned order);
/* By a superuser, without a trace in the log. */
bool server_delete(struct cluster *c, unsigned server, unsigned issuer, unsigned serial);
bool server_truncate_log(struct cluster *c, unsigned server);

/* ---- reading ---- */

/* `sent_us`: the reader's monotonic clock before it asked; `clock_us`: its wall clock minus that. */
struct reading server_read(const struct cluster *c, unsigned server, int64_t clock_us,
			   struct db_beat *beat);
bool snapshot_has(const struct snapshot *s, uint64_t xid);
/* The certificate's row, as a query gives it. */
struct cert_record server_record(const struct server *s, const struct change *change);
struct issuer_record server_issuer(const struct server *s, unsigned issuer, const char *name);
