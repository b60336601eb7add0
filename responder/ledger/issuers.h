/* The issuers that the database names, each bound to its [issuer "NAME"] section, found by what a
 * CertID says of them (P-7, P-8, P-9). Kept for good: an issuer that a later load does not name any
 * more keeps its revocation.
 *
 * An issuer is its subject and its key. Each gets a number of ours that never means another one; what
 * the database calls it (stillgood.issuer.id) counts inside one load and its polls only (doc/design.md, One
 * history). Everything in the ledger carries our numbers but what is asked of the database. */
#pragma once

#include "base/result.h"
#include "base/siphash.h"
#include "conf/conf.h"
#include "db/types.h"
#include "ledger/issuer_hashes.h"

/* As of when, and until when, its CRLs prove absence; TIME_NONE (both): they do not. */
struct crl_window {
	int64_t from, until;
};

struct issuer {
	struct issuer_record record; /* its id is our number */
	int32_t database_id; /* 0: the database does not name it now */
	int32_t former_id; /* what it was called before the present load */
	uint8_t identity[ISSUER_IDENTITY];
	bool identified; /* false: only rows of its are known */
	bool readable; /* the certificate is known, so that CertIDs find it */
	bool bad; /* its row cannot be understood: nothing is said of it (doc/faults.md row 41) */
	bool foreign; /* the record's version is of an earlier history */
	bool lost; /* its revocation is missing in the database; it stays */
	struct crl_window crls; /* as the database says it; what counts is in the record */
	struct cert_facts crl; /* the one CRL that they are; or none */
	uint8_t *crl_octets; /* of its facts; or NULL */
	struct ocsp_issuer hashes; /* by the subject of its certificate */
	struct issuer_encoding *encodings; /* followed by their names; or NULL */
	unsigned encoding_count;
	const struct conf_issuer *section; /* NULL: the configuration does not name it */
	uint32_t section_index;
};

/* The record's id of issuers that are not ours; those of the database are positive. */
#define ISSUER_UNKNOWN 0

struct issuers;

/* `conf` is borrowed. 0 or -ENOMEM. */
must_check int issuers_new(const struct conf *conf, const struct siphash_key *key,
			   struct issuers **ret);
void issuers_free(struct issuers *issuers);
DEFINE_CLEANUP(struct issuers, issuers_free)

/* The sections are those of another configuration, borrowed too. */
void issuers_configure(struct issuers *issuers, const struct conf *conf);

/* A load begins, `same`: of the history that was read before. From here on the database names none, until
 * issuers_apply() says it does. */
void issuers_begin(struct issuers *issuers, bool same);

/* Positive results of issuers_apply(). */
#define ISSUERS_CHANGED 1 /* its answers may have changed: purge the issuer */
#define ISSUERS_REFUSED \
	2 /* would undo a revocation, which stays; else it was taken: alarm, purge */
#define ISSUERS_OTHER \
	3 /* the id means another issuer than before: nothing is said until a new load */

/* What the database says of an issuer now; issuers_settle() must follow. In one history by version, across
 * histories by what it says: revoked stays. `*ret`: which one. 0 or one of the above; -EINVAL where its
 * certificate cannot be read or is not the one it was registered with (then it is bad, and its revocation
 * counts all the same), -EFBIG above LIMIT_ISSUERS (both with a fault), -ENOMEM, -EIO. */
must_check int issuers_apply(struct issuers *issuers, const struct db_issuer *issuer,
			     const struct issuer **ret, struct fault *fault);
/* CRLs prove what none of them lists only where all that they list is known: while a load or a poll goes on,
 * another window counts as far as the one before does. Here everything has come that came with it. The next
 * issuer that may be answered otherwise now, which is to be purged; NULL: no other. */
const struct issuer *issuers_count_crls(struct issuers *issuers);
/* Its row cannot be understood. NULL: there are too many, or no memory. */
const struct issuer *issuers_bad(struct issuers *issuers, int32_t database_id);
/* Our number of what the database calls so; one whose row has not come gets one too. 0: there are too many;
 * -ENOMEM. */
int32_t issuers_number(struct issuers *issuers, int32_t database_id);
/* Has the database named it, in the present load or since? */
bool issuers_named(const struct issuers *issuers, int32_t database_id);
/* The issuer of an identity, known or not; NULL: too many, or no memory. */
const struct issuer *issuers_recall(struct issuers *issuers,
				    const uint8_t identity[static ISSUER_IDENTITY]);
/* An earlier process knew it as revoked (TIME_NONE: knows that it is not). */
void issuers_recall_revoked(struct issuers *issuers, int32_t number, int64_t revoked_at,
			    enum revocation_reason reason);
/* A lost revocation ends. */
void issuers_forget(struct issuers *issuers, int32_t number);
/* It is revoked, and the database does not say so. */
bool issuer_lost(const struct issuer *issuer);
/* Is what is known of it what its row says in this version, in the history that is read? 0: no row's. */
bool issuer_is_of(const struct issuer *issuer, int64_t version);
/* Nothing can be said of it: the database does not name it, or nobody understands what it says. */
bool issuer_unusable(const struct issuer *issuer);
/* After the last issuers_apply() of a batch: makes what it changed findable. */
void issuers_settle(struct issuers *issuers);

/* The issuer that both hashes match, or NULL: by its own subject before one by an encoding that it has
 * learnt. Pointers stay valid for ever. */
const struct issuer *issuers_match(const struct issuers *issuers, const struct ocsp_certid *certid);
/* The name that this CertID (DER) has of the issuer; empty: the subject of its certificate, or none. */
struct view issuer_name_in(const struct issuer *issuer, struct view certid);
/* By our number; NULL: there is none. */
const struct issuer *issuers_by_id(const struct issuers *issuers, int32_t number);
/* They have the numbers from 1 on. */
unsigned issuers_count(const struct issuers *issuers);
/* The first configured issuer that the database does not name, or NULL. Constant time. */
const struct conf_issuer *issuers_missing(const struct issuers *issuers);
/* That of a section, by its place in the configuration; NULL: the database does not name it. */
const struct issuer *issuers_by_section(const struct issuers *issuers, unsigned section);
/* How often issuers_settle() was called: what was asked of them may have changed since. */
uint64_t issuers_settled(const struct issuers *issuers);
/* The name of the database's that the fewest edits make of this one, among those without a section;
 * NULL: there is none. */
const char *issuers_nearest(const struct issuers *issuers, const char *name);
