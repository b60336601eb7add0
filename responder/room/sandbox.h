/* What a room can do once it is open, whatever code it comes to run: the system calls that it needs (calls.h) and
 * the files that it reads (landlock.h), nothing else. It is entered between open() and READY, and there is no
 * way out. */
#pragma once

#include "base/result.h"
#include "conf/conf.h"
#include "room/calls.h"

#include <sys/types.h>

#define SANDBOX_PATHS 48u

struct sandbox_path {
	char *path;
	bool writes;
	dev_t device; /* as it was on entering; 0: nothing was there */
	ino_t inode;
};

/* What a room needs, and then what holds. */
struct sandbox {
	unsigned calls; /* enum calls */
	struct sandbox_path paths[SANDBOX_PATHS];
	unsigned path_count;
	bool full; /* a path was left out */

	bool filtered; /* system calls */
	unsigned landlock; /* its version; 0: not in force */
	long locked_kib; /* memory that is never swapped */
};

/* ---- what a plan's needs() says ---- */
void sandbox_calls(struct sandbox *sandbox, unsigned calls);
/* A file, or a folder with all beneath. NULL is nothing. */
void sandbox_reads(struct sandbox *sandbox, const char *path);
void sandbox_writes(struct sandbox *sandbox, const char *path);

/* ---- the shell's ---- */
/* Which files the paths are. */
void sandbox_look(struct sandbox *sandbox);
/* By `[server] sandbox`: 0, also where this system does not have it all, or -errno with a fault. */
must_check int sandbox_enter(struct sandbox *sandbox, const struct conf *conf, struct fault *fault);
/* Is one of the paths of `now` another file than on entering `entered`, or a new one? Then it cannot be opened
 * here any more, but in a process that begins anew. NULL: none is. */
const char *sandbox_outdated(const struct sandbox *entered, const struct sandbox *now);
/* {"uid":…,"seccomp":…,"landlock":…,"locked_kib":…} */
void sandbox_put_json(const struct sandbox *sandbox, struct buffer *out);
void sandbox_deinit(struct sandbox *sandbox);
