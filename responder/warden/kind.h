/* The kinds of rooms: their names, the arguments and environment they are started with.
 *
 * A room is this same executable, started anew so that it has an address space of its own. Its
 * arguments are {"stillgood:", "front", "0"}: what `ps` prints is "stillgood: front 0". */
#pragma once

#include "base/bytes.h"
#include "conf/conf.h"

enum room_kind { ROOM_FRONT, ROOM_LEDGER, ROOM_SIGNER, ROOM_VERIFIER };

#define ROOM_ARGV0 "stillgood:"
#define ROOM_NAME_SIZE 24

/* "front 0", "ledger", "signer 3"; static storage never. */
void kind_name(enum room_kind kind, unsigned index, char ret[ROOM_NAME_SIZE]);
/* The options that this kind is given. */
enum conf_room kind_conf(enum room_kind kind);

struct room_arguments {
	char index[12];
	const char *argv[4]; /* NULL at the end; points into this struct */
};
void kind_arguments(enum room_kind kind, unsigned index, struct room_arguments *ret);
/* The reverse. 0, or -EINVAL: this was not started as a room. */
must_check int kind_parse(int argc, char *const *argv, enum room_kind *ret_kind,
			  unsigned *ret_index);

/* Writes those of the variables that this kind needs, then NULL: no room sees more of the operator's
 * environment, and only the ledger sees PG* (a password may be among them). `ret` has room for
 * `most` pointers. */
void kind_environment(enum room_kind kind, char *const *from, size_t most, char **ret);
