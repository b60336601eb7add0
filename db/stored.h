/* Answers that were signed beforehand (stillgood.presigned): one array query a batch, on a connection of its own,
 * because they are large and nobody's lookup shall wait for them. */
#pragma once

#include "db/settings.h"
#include "db/types.h"

#include <event2/event.h>

struct db_stored_key {
	int32_t issuer; /* stillgood.issuer.id */
	struct serial serial;
	uint8_t certid[CERTIFICATE_HASH_SIZE]; /* SHA-256 of the CertID as it was asked */
};

/* Nothing of it is proven. */
struct db_stored_found {
	struct view answer; /* OCSPResponse; empty: there is none */
	struct view certificate; /* of the issuer, DER */
};

struct db_stored_ops {
	/* One for each key, in their order; valid during the call. */
	void (*done)(void *context, uint64_t batch, const struct db_stored_found *found,
		     size_t count);
	void (*failed)(void *context, uint64_t batch);
};

struct db_stored;

/* As db_feed_new(). */
must_check int db_stored_new(struct event_base *base, const struct db_settings *settings,
			     const struct db_stored_ops *ops, void *context,
			     struct db_stored **ret);
void db_stored_configure(struct db_stored *stored, const struct db_settings *settings);
/* One batch at a time, at most LIMIT_STORED_BATCH. 0: done() or failed() follows; while it connects they wait for
 * that. -EBUSY, -EINVAL or -ENOMEM. */
must_check int db_stored_send(struct db_stored *stored, uint64_t batch,
			      const struct db_stored_key *keys, size_t count);
void db_stored_free(struct db_stored *stored);
DEFINE_CLEANUP(struct db_stored, db_stored_free)
