/* The revoked set: every certificate that is or ever was not good, in memory, at most 64 bytes a
 * row (doc/performance.md). A certificate on hold that was released keeps its row, as good with its
 * version, so that an older version cannot come back; and so does one that was withdrawn.
 *
 * Issuers are their internal numbers (issuers.h), so that a row means the same in every history of the
 * database. Versions do not: they count inside the history that a row was read in. There order is by
 * version, never by time of arrival: apply() is idempotent, and rows may come in any order, from loads,
 * polls and lookups. A version that a history cannot have, and every row of another history, counts by
 * what it says (doc/design.md, One history): revoked before held before good, equally strict ones as the
 * database has them now.
 *
 * Sticky (I-4): revoked never becomes anything else; held becomes good or withdrawn only by a higher
 * version of the same history, or of one that has this very hold, and its end, if no other history lost one that came after
 * it. What the database says less of than is remembered is lost: it stays until
 * an operator accepts that (I-10). */
#pragma once

#include "base/record.h"
#include "base/siphash.h"

struct revoked;

/* 0 or -ENOMEM. */
must_check int revoked_new(const struct siphash_key *key, struct revoked **ret);
void revoked_free(struct revoked *set);
DEFINE_CLEANUP(struct revoked, revoked_free)

/* How a record was read. */
enum revoked_source {
	REVOKED_LOADED, /* as the row is now, and nothing that is known is newer */
	REVOKED_LOGGED, /* as the row was after some change; a later change may be known already */
	REVOKED_LOOKED_UP, /* as the row was a moment ago */
};

/* Positive results of revoked_apply(). */
#define REVOKED_CHANGED 1 /* what is answered for this certificate may have changed: purge */
#define REVOKED_REFUSED 2 /* would take a revocation back inside its history; it stays: alarm */
#define REVOKED_LOST 3 /* another history says less; it stays, and revoked_lost() names it */
/* It is on hold in one version and not in a later one that cannot be told from a row that was inserted
 * anew: nothing is known of it until a lookup tells. Purge, and what lookups said counts no more. */
#define REVOKED_DOUBTED 4

/* 0 (nothing new), one of the above, or -ENOMEM. Version 1 of a good certificate is not stored: that is
 * an issuance, and the database answers for it. */
must_check int revoked_apply(struct revoked *set, const struct cert_record *record,
			     enum revoked_source source);
/* Whatever was there before: what an earlier process remembered, to be confirmed by a load. `foreign`:
 * its version is of a history before the last one. 0 or -ENOMEM. */
must_check int revoked_recall(struct revoked *set, const struct cert_record *record, bool foreign);

/* Fills `ret` and returns true if the certificate has a row; one that is not revoked counts only where
 * the latest load or what came after it confirmed it. */
must_check bool revoked_find(const struct revoked *set, int32_t issuer, struct view serial,
			     struct cert_record *ret);

/* A load begins: from here on a row is confirmed when the database names it again with its version
 * or a later one. `same`: of the history that was read before; else versions mean nothing any more. */
void revoked_begin(struct revoked *set, bool same);
/* The database has this row, though it shows another state that does not count. */
void revoked_confirm(struct revoked *set, int32_t issuer, struct view serial);
/* Another name for an issuer whose identity was not known; 0 takes its rows out. 0 or -ENOMEM. */
must_check int revoked_move(struct revoked *set, int32_t from, int32_t to);

/* Rows that are not good and were not confirmed since revoked_begin(). Constant time. */
size_t revoked_lost_count(const struct revoked *set);
/* What the database says instead of a lost row, as far as it has said it. */
enum revoked_instead { INSTEAD_NOTHING, INSTEAD_GOOD, INSTEAD_HELD, INSTEAD_WITHDRAWN };
struct revoked_row {
	struct cert_record record;
	bool foreign; /* its version is of another history than the last */
	enum revoked_instead instead; /* of a lost one */
};
/* Walks over those that are not good, `lost`: only over the lost ones. *place starts at 0. False at the
 * end. Rows that come meanwhile may be missed. */
must_check bool revoked_next(const struct revoked *set, bool lost, size_t *place,
			     struct revoked_row *ret);
/* The row counts for nothing any more: the database decides. */
void revoked_forget(struct revoked *set, int32_t issuer, struct view serial);

/* Rows that are revoked or held now. */
size_t revoked_count(const struct revoked *set);
/* Bytes allocated, all told. */
size_t revoked_memory(const struct revoked *set);
