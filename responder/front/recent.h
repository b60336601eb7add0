/* When which certificates have changed, roughly: for a certificate that has just changed, answers of
 * before and after may bear one and the same second as Last-Modified.
 *
 * HTTP clients that compare such dates by themselves (`curl -z` does, whatever we answer) then keep the
 * older one. So the first answer after a change bears no Last-Modified, only its tag, if it is made in
 * the second of the change or in the next one: another instance may learn of the change that much later,
 * and have said something else meanwhile (P-48, P-49). Several certificates may share a slot; that costs
 * a date, no truth. Pure. */
#pragma once

#include "ipc/messages.h"

#define RECENT_SLOTS 1024u

/* Zero-initialised nothing has changed. Seconds since 1970. */
struct recent {
	int64_t all; /* of many certificates at once */
	int64_t of[RECENT_SLOTS]; /* by tag */
};

void recent_note(struct recent *recent, const struct message_purge *purge, int64_t second);
/* May another answer bear this second too? */
bool recent_is_near(const struct recent *recent, uint64_t tag, int64_t second);
