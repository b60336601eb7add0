/* Starts the process of one room: fork, then this executable again. The new process has descriptors
 * 0–2, its control socket and its configuration, where keys are held the vault (signer/vault.h), the
 * rights of its user, and nothing else. */
#pragma once

#include "warden/kind.h"
#include "warden/users.h"

#include <sys/types.h>

/* By the link, not by name: also after an upgrade has replaced the file. */
#define SPAWN_EXECUTABLE "/proc/self/exe"

/* `ret_control` is the warden's end: SOCK_SEQPACKET, non-blocking. 0 or -errno. */
must_check int spawn_room(enum room_kind kind, unsigned index, const struct conf *conf,
			  const struct users *users, pid_t *ret_pid, int *ret_control);
/* A configuration as a room of this kind reads it, in memory, to be sent to it. 0 or -errno. */
must_check int spawn_conf(enum room_kind kind, const struct conf *conf, int *ret);
/* The same of those options, bits of enum conf_room. */
must_check int spawn_options(unsigned options, const struct conf *conf, int *ret);
/* A child that says something through a pipe. `child` gets the pipe's end for writing; where it comes back, the process ends with status 127. */
typedef void spawn_child(const void *context, int output);
/* As spawn_fork(); `ret_fd` is what it says, non-blocking. 0 or -errno. */
must_check int spawn_piped(spawn_child *child, const void *context, pid_t *ret_pid, int *ret_fd);
/* In a child: each as before anybody handled it, none blocked. */
void spawn_default_signals(void);
/* fork(). No signal reaches the child while it still has our handlers, which share a socket with us: all are
 * blocked there until it has put its own in order. */
pid_t spawn_fork(void);
