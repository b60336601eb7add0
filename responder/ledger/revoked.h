/* The revoked set: every certificate that is or ever was not good, in memory, at most 64 bytes a
 * row (PERFORMANCE.md). A certificate on hold that was released keeps its row, as good with its
 * version, so that an older version cannot come back; and so does one that was withdrawn.
 *
 * Order is by version, never by time of arrival: apply() is idempotent, and rows may come in any
 * order, from loads, polls and lookups (DESIGN.md, How data flows).
 *
 * Sticky (I-4): revoked never becomes good or withdrawn; held does so only by a higher version. In doubt a
 * certificate is not good: a good row that the latest load did not confirm yields to any not-good
 * record, whatever its version, because the database may have gone back in time. */
#pragma once

#include "base/record.h"
#include "base/siphash.h"

struct revoked;

/* 0 or -ENOMEM. */
must_check int revoked_new(const struct siphash_key *key, struct revoked **ret);
void revoked_free(struct revoked *set);
DEFINE_CLEANUP(struct revoked, revoked_free)

/* Positive results of revoked_apply(). */
#define REVOKED_CHANGED 1 /* what is answered for this certificate may have changed: purge */
#define REVOKED_REFUSED 2 /* would take a revocation back; nothing changed: alarm */

/* 0 (nothing new), REVOKED_CHANGED, REVOKED_REFUSED or -ENOMEM. Version 1 of a good certificate is
 * not stored: that is an issuance, and the database answers for it. */
must_check int revoked_apply(struct revoked *set, const struct cert_record *record);

/* Fills `ret` and returns true if the certificate has a row; one that is not revoked counts only where
 * the latest load or what came after it confirmed it. */
must_check bool revoked_find(const struct revoked *set, int32_t issuer, struct view serial,
			     struct cert_record *ret);

/* A load begins: from here on a row is confirmed when the database names it again with its version
 * or a later one. */
void revoked_unconfirm(struct revoked *set);
/* Calls `lost` for each row that is not good and was not confirmed since; returns their number. */
size_t revoked_lost(const struct revoked *set,
		    void (*lost)(void *context, const struct cert_record *record), void *context);

/* Rows that are revoked or held now. */
size_t revoked_count(const struct revoked *set);
/* Bytes allocated, all told. */
size_t revoked_memory(const struct revoked *set);
