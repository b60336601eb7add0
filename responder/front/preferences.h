/* Which of a client's preferred signature algorithms make a difference (P-17). Nearly always none
 * does: then a question with preferences is the same as one without. Pure. */
#pragma once

#include "ipc/messages.h"

/* What the ledger said last. Zero-initialised, no preference matters. */
struct preferences {
	unsigned count;
	struct {
		uint8_t oid[LIMIT_OID];
		size_t size;
		bool decisive;
	} known[LIMIT_ALGORITHMS];
};

void preferences_learn(struct preferences *preferences, const struct message_algorithms *m);
/* The client's known ones in its order, each once, up to the first decisive one: written to `out`,
 * one after the other. Questions with the same list have the same answer. */
struct view preferences_of(const struct preferences *preferences,
			   const struct ocsp_request *request, uint8_t out[LIMIT_PREFERENCES]);
