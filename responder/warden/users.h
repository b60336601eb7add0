/* Whose rights each room has. A user of its own for each kind of room keeps what one may read (a key, the
 * database's password) from the others, whatever code they come to run. */
#pragma once

#include "base/result.h"
#include "conf/conf.h"
#include "room/kinds.h"

#include <stdbool.h>
#include <sys/types.h>

#define USER_NAME_SIZE 64

struct room_user {
	char name[USER_NAME_SIZE];
	uid_t uid;
	gid_t gid;
};

struct users {
	bool separate; /* else all are whoever started the warden */
	struct room_user of[ROOM_KINDS];
	char missing[USER_NAME_SIZE + 128]; /* else why, in a few words; "": nobody wants it */
};

/* By `[server] users`. */
void users_find(const struct conf *conf, struct users *ret);
/* In a child: takes the rights of this kind of room, and gives up all others, and $HOME is its own; ROOM_KINDS: keeps the
 * warden's. 0 or -errno, and then the process must end. */
must_check int users_become(const struct users *users, enum room_kind kind);
