/* The issuers that the database names, each bound to its [issuer "NAME"] section, found by what a
 * CertID says of them (P-7, P-8, P-9). Kept for good: an issuer that a later load does not name any
 * more keeps its revocation. */
#pragma once

#include "base/result.h"
#include "base/siphash.h"
#include "conf/conf.h"
#include "db/source.h"
#include "ocsp/issuer.h"

/* A further encoding of an issuer's subject (P-7). */
struct issuer_encoding {
	struct ocsp_issuer hashes;
	struct view name; /* DER, in the issuer's own memory */
};

struct issuer {
	struct issuer_record record;
	struct ocsp_issuer hashes; /* by the subject of its certificate */
	struct issuer_encoding *encodings; /* followed by their names; or NULL */
	unsigned encoding_count;
	const struct conf_issuer *section; /* NULL: the configuration does not name it */
	uint32_t section_index;
};

/* The record's id of issuers that are not ours; those of the database are positive. */
#define ISSUER_STRANGER 0

struct issuers;

/* `conf` is borrowed. 0 or -ENOMEM. */
must_check int issuers_new(const struct conf *conf, const struct siphash_key *key,
			   struct issuers **ret);
void issuers_free(struct issuers *issuers);
DEFINE_CLEANUP(struct issuers, issuers_free)

/* Positive results of issuers_apply(). */
#define ISSUERS_CHANGED 1 /* its answers may have changed: purge the issuer */
#define ISSUERS_REFUSED 2 /* would undo a revocation; nothing changed: alarm */

/* By version, like the revoked set; issuers_settle() must follow. 0, ISSUERS_CHANGED,
 * ISSUERS_REFUSED; -EINVAL for a certificate that cannot be read, -EFBIG above LIMIT_ISSUERS (both
 * with a fault, nothing changed), -ENOMEM, -EIO. */
must_check int issuers_apply(struct issuers *issuers, const struct db_issuer *issuer,
			     struct fault *fault);
/* After the last issuers_apply() of a batch: makes what it changed findable. */
void issuers_settle(struct issuers *issuers);

/* The issuer that both hashes match, or NULL: by its own subject before one by an encoding that it has
 * learnt. Pointers stay valid for ever. */
const struct issuer *issuers_match(const struct issuers *issuers, const struct ocsp_certid *certid);
/* The name that this CertID (DER) has of the issuer; empty: the subject of its certificate, or none. */
struct view issuer_name_in(const struct issuer *issuer, struct view certid);
const struct issuer *issuers_by_id(const struct issuers *issuers, int32_t id);
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
