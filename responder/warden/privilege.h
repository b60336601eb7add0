/* What a process of the warden's may do beyond any other process: capabilities, and whose files it reads.
 *
 * Whoever started the warden may have given it much (root) or just what it needs (the unit). It keeps what
 * starting, binding and stopping need; a room, and whoever proves a configuration in a room's stead, gets
 * nothing. */
#pragma once

#include "base/result.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* May this process start others as another user, and end them? */
bool privilege_may_switch(void);
/* In the warden: all but what its work needs, for good. 0 or -errno. */
must_check int privilege_keep(void);
/* In a child: becomes this user, in its own group only; then, whoever it is, no capabilities, now or by
 * anything that it executes. 0 or -errno, and then the process must end. */
must_check int privilege_become(uid_t user, gid_t group);
must_check int privilege_drop(void);
