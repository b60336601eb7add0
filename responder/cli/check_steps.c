#include "cli/check_steps.h"

#include "base/clock.h"

const struct preflight_step check_steps[] = {
	/* A key on a file system that hangs must not hang the start for ever. */
	{"the locks", 60 * SECOND_US, SERVE_REFUSED, ROOM_KINDS, check_locks},
	{"the file", 60 * SECOND_US, SERVE_REFUSED, ROOM_KINDS, check_secret},
	{"the signers' files", 60 * SECOND_US, SERVE_REFUSED, ROOM_SIGNER, check_signers},
	{"the requestors' files", 60 * SECOND_US, SERVE_REFUSED, ROOM_VERIFIER, check_requestors},
	{"ports and control socket", 60 * SECOND_US, SERVE_REFUSED, ROOM_KINDS, check_places},
	/* Without the database nothing but tryLater would be answered meanwhile. A host that does
	 * not answer is given up much earlier (cli/connect.c). */
	{"the database", 30 * SECOND_US, SERVE_LATER, ROOM_LEDGER, check_database},
	/* However many there are. */
	{"the rows of the database", 10 * SECOND_US, SERVE_WARNED, ROOM_LEDGER, check_rows},
	{"the fields for caches", 60 * SECOND_US, SERVE_REGARDLESS, ROOM_FETCHER, check_headers},
	{"where CRLs are recorded", 30 * SECOND_US, SERVE_REGARDLESS, ROOM_KINDS, check_importing},
	{0},
};
