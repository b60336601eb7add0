/* The process of one import (importer.h). */
#pragma once

#include "conf/conf.h"
#include "ipc/control.h"
#include "warden/users.h"

/* Whom it runs as, where the warden may switch and there is this user; else as the ledger. */
#define IMPORTER_USER "stillgood-importer"

/* Its arguments are {ROOM_ARGV0, IMPORTER_NAME, KIND, ISSUER}; these its descriptors; standard output, one line: the
 * digit of enum control_outcome, a space, and what CONTROL_IMPORTED has as its text. */
#define IMPORTER_NAME "importer"
#define IMPORTER_CRL_FD 3
#define IMPORTER_CONF_FD 4

struct importer_call {
	const char *kind, *issuer;
	int crl; /* sealed */
	const struct conf *conf;
	const struct users *users;
};

/* `ret_fd` is what it says, non-blocking. 0 or -errno. */
must_check int importer_process_start(const struct importer_call *call, pid_t *ret_pid,
				      int *ret_fd);
/* In a child: takes its rights, and gives up all others. 0 or -errno, and then the process must end. */
must_check int importer_become(const struct users *users);
