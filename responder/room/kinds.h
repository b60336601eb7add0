/* Which rooms there are: the one table. A room is its core, its edge, and a line here; the edge ends in
 * a plan (room.h), NAME_plan. */
#pragma once

#include "base/limits.h"

#include <stdbool.h>

/* In the order of starting: kind, name, most processes, and what it is to the ledger, to which
 * others have channels. */
#define ROOMS(X)                                        \
	X(LEDGER, ledger, 1, IS_THE_LEDGER)             \
	X(SIGNER, signer, LIMIT_SIGNERS, SERVES_LEDGER) \
	X(VERIFIER, verifier, 1, SERVES_LEDGER)         \
	X(FRONT, front, LIMIT_FRONTS, ASKS_LEDGER)      \
	X(ADMIN, admin, 1, LOOKS_ON)                    \
	X(FETCHER, fetcher, 1, LOOKS_ON)

#define ROOM_KIND(KIND, name, most, place) ROOM_##KIND,
enum room_kind { ROOMS(ROOM_KIND) ROOM_KINDS };
#undef ROOM_KIND

/* In this order they end, so that what is in flight still finds whom it needs. */
enum room_place {
	ROOM_ASKS_LEDGER,
	ROOM_IS_THE_LEDGER,
	ROOM_SERVES_LEDGER,
	ROOM_LOOKS_ON, /* no answer needs it, so nobody waits for it; a reload may begin or end it */
	ROOM_PLACES
};

#define ROOM_NAME_SIZE 24

const char *room_kind_name(enum room_kind kind);
unsigned room_most(enum room_kind kind);
/* How many channels the ledger may have with rooms of this kind: twice as many where a reload starts new ones
 * beside the old. Number `index` of the next generation is `room_most() + index`, and of the one after
 * it `index` again. */
unsigned room_slots(enum room_kind kind);
enum room_place room_place(enum room_kind kind);
/* "front 0", "ledger", "signer 3": a number only where there may be several. */
void room_name(enum room_kind kind, unsigned index, char ret[ROOM_NAME_SIZE]);
