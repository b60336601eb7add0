/* What the database room speaks of, besides base/record.h. */
#pragma once

#include "base/facts.h"
#include "base/record.h"

/* Which database history a snapshot belongs to (doc/design.md, One history). Versions, issuer ids,
 * transaction ids and log marks mean something inside one history only. */
struct db_history {
	uint64_t system; /* the cluster's system identifier */
	uint32_t timeline; /* another one after each promotion and recovery */
	uint32_t database; /* its oid */
	uint64_t tables; /* digest of what the tables that are read are: oids and relfilenodes */
};

static inline bool db_history_equal(const struct db_history *a, const struct db_history *b)
{
	return a->system == b->system && a->timeline == b->timeline && a->database == b->database &&
	       a->tables == b->tables;
}

/* The data is complete up to this moment (doc/design.md, Time and truth): the start of the query's
 * transaction on a primary, the heartbeat read in the same snapshot on a standby. */
struct db_evidence {
	int64_t time_us; /* the database's wall clock */
	int64_t mono_us; /* our monotonic clock at a moment that is not later than time_us */
	bool standby; /* it is a heartbeat's; for people */
	/* pg_snapshot_xmax: never goes back in one history, as one server shows it. */
	uint64_t position;
	struct db_history history;
};

/* Why the evidence of a standby stands still. */
enum db_stall {
	DB_STALL_NONE, /* it does not, or nobody knows */
	DB_STALL_PAUSED, /* its replay is paused */
	DB_STALL_CUT_OFF, /* it receives nothing from its primary */
	DB_STALL_BEHIND, /* it has received what it does not replay */
	DB_STALL_HEARTBEAT, /* it replays all that comes, and no heartbeat is among it */
};

struct db_key {
	int32_t issuer;
	struct serial serial;
};

struct db_issuer {
	struct issuer_record record;
	struct view certificate; /* DER */
	/* SHA-256 of the subject and of the key that it was registered with; empty: not told. */
	struct view subject_hash, key_hash;
	struct view names; /* further encodings of its subject: DER Names, one after the other */
	struct cert_facts crl; /* which CRL proves absence, where it is one alone; else none */
};

/* One key's result: exactly one for each key asked for. */
struct db_found {
	bool found;
	bool bad; /* there is a row, but it cannot be understood: neither found nor "no such row" */
	struct cert_record record;
	struct cert_facts facts; /* where asked for; valid during the call that gives it */
	/* Where asked for, of the issuer's row in the same snapshot; 0: it is revoked, or there is none. */
	int64_t issuer_version;
};
