/* Joins the rooms: whenever one (re)starts, a new socket pair goes to it and to its neighbour.
 *
 *   front i ── ledger ── signer j, verifier */
#pragma once

#include "warden/rooms.h"

/* `room` has just been started. A pair that cannot be made kills it, so that it is tried again. */
void wiring_connect(struct rooms *rooms, struct room *room);
