/* How a room is started.
 *
 * A room is this same executable, started anew so that it has an address space of its own. Its
 * arguments are {"stillgood:", "front", "0"}: what `ps` prints is "stillgood: front 0". */
#pragma once

#include "room/room.h"

#define ROOM_ARGV0 "stillgood:"

const struct room_plan *kind_plan(enum room_kind kind);

/* How many processes of this kind there are. */
unsigned kind_processes(enum room_kind kind, const struct conf *conf);

struct room_arguments {
	char index[12];
	const char *argv[4]; /* NULL at the end; points into this struct */
};
void kind_arguments(enum room_kind kind, unsigned index, struct room_arguments *ret);
/* The reverse. 0, or -EINVAL: this was not started as a room. */
must_check int kind_parse(int argc, char *const *argv, enum room_kind *ret_kind,
			  unsigned *ret_index);

/* Writes those of the variables that this kind needs, then NULL: no room sees more of the operator's
 * environment, and only who speaks to the database sees PG* (a password may be among them). `ret` has
 * room for `most` pointers. */
void kind_environment(enum room_kind kind, char *const *from, size_t most, char **ret);
