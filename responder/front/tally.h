/* How many answers have left: by what they said, of which issuer, and where they came from. Issuers are
 * those of the configuration, whose names the ledger tells; what a client invents is nobody's. Counting is
 * an increment in an array: hits are too many for more. */
#pragma once

#include "base/label.h"
#include "ipc/messages.h"

#include <stdint.h>

enum tally_cause {
	TALLY_HIT, /* from this front's memory */
	TALLY_LIVE, /* the ledger was asked */
	TALLY_SHED, /* nobody was asked: a cap was reached */
	TALLY_ERROR, /* no answer in time, evidence too old, a request that is malformed */
};
#define TALLY_CAUSES 4

#define TALLY_STATUSES 3 /* enum ocsp_status */
#define TALLY_RESULTS (OCSP_UNAUTHORIZED + 1) /* enum ocsp_result */

struct tally_names {
	uint16_t slots[LIMIT_ISSUERS + 1]; /* by the ledger's number of an issuer */
};

/* Zero-initialised it is empty. */
struct tally {
	struct tally_names now, next; /* next: what a new ledger has told, until it takes over */
	unsigned count; /* of the slots that have names; slot 0 has none and is nobody's */
	char *names[LIMIT_ISSUERS + 1];
	uint64_t successful[LIMIT_ISSUERS + 1][TALLY_STATUSES][2]; /* hit and live */
	uint64_t errors[TALLY_RESULTS][TALLY_CAUSES];
};

void tally_deinit(struct tally *tally);
/* Another ledger will tell its own names. */
void tally_new_ledger(struct tally *tally);
/* `former`: the answers that are stored are those of a ledger before the one that tells this. */
void tally_name(struct tally *tally, const struct message_issuer *m, bool former);
/* The ledger that tells the names now is the one whose answers leave from here on. */
void tally_take_over(struct tally *tally);

/* `cause`: hit or live. */
static inline void tally_successful(struct tally *tally, const struct answer_label *label,
				    enum tally_cause cause)
{
	uint32_t number = (uint32_t)label->issuer;
	unsigned slot = number <= LIMIT_ISSUERS ? tally->now.slots[number] : 0;
	tally->successful[slot][label->status][cause]++;
}

static inline void tally_error(struct tally *tally, enum ocsp_result result, enum tally_cause cause)
{
	tally->errors[result][cause]++;
}

/* All that left from memory. */
uint64_t tally_hits(const struct tally *tally);
const char *tally_cause_name(enum tally_cause cause);
/* Appends `,"answers":[{"issuer":…,"status":…,"cause":…,"count":…}]` of what is not 0, and no more octets
 * than about `most`; `,"answers_omitted":…` where that is not all. */
void tally_put_json(const struct tally *tally, size_t most, struct buffer *out);
