/* What the feed and the lookups of db/source.h tell, and what they are told at the start. */
#pragma once

#include "db/types.h"

struct db_source_ops {
	/* A load begins: all issuers, as one snapshot with the rows that follow. `evidence` is that of
	 * this snapshot; it counts only once load_end() has come, but its history counts from here. */
	void (*load_begin)(void *context, const struct db_evidence *evidence,
			   const struct db_issuer *issuers, size_t count);
	void (*load_row)(void *context, const struct cert_record *record);
	/* Everything arrived; evidence is that of the load's snapshot. */
	void (*load_end)(void *context, const struct db_evidence *evidence);
	/* One poll: changes (perhaps seen before; order is by version), then the new evidence.
	 * A change of an issuer comes as `issuers`. A poll with very many changes comes in several
	 * calls, all but the last with the evidence of the poll before: what they say is committed,
	 * but only the last call has given everything that its evidence vouches for. */
	void (*poll)(void *context, const struct db_evidence *evidence,
		     const struct cert_record *records, size_t count,
		     const struct db_issuer *issuers, size_t issuer_count);
	void (*lookup_done)(void *context, uint64_t batch, const struct db_evidence *evidence,
			    const struct db_found *found, size_t count);
	void (*lookup_failed)(void *context, uint64_t batch);
	/* May lookups be sent? Called on each change. `reason` where not. */
	void (*lookup_state)(void *context, bool usable, const char *reason);
	/* The feed was interrupted (reason for people); a load follows when it is back. */
	void (*feed_lost)(void *context, const char *reason);
	/* A row that cannot be understood (doc/faults.md row 15): named, skipped, the rest goes on. */
	void (*bad_row)(void *context, const char *description);
	/* May be NULL. An issuer's row cannot be understood (row 41): nothing may be said of this
	 * issuer until a row comes that can be; bad_row() has named it. */
	void (*bad_issuer)(void *context, int32_t id);
	/* May be NULL. What the examination of the database has found that a person must look at though
	 * the feed goes on: all of it, one sentence each. Comes again while it lasts; 0: nothing is. */
	void (*alarms)(void *context, const char *const *texts, size_t count);
	/* May be NULL. Why a standby's evidence stands still, or that it does not (any more). */
	void (*stalled)(void *context, enum db_stall why);
	/* May be NULL. The feed had such a row and this is its key: its state is not known, so no
	 * answer made before may be given any longer. A lookup of it says `bad`. */
	void (*bad_key)(void *context, const struct db_key *key);
};
