/* The process of one renew_command: a shell, in a session of its own, that has nothing of the warden's. */
#pragma once

#include "base/timetext.h"
#include "conf/conf.h"
#include "warden/users.h"

/* Whom it runs as, where the warden may switch and there is this user; else as the ledger. */
#define RENEW_USER "stillgood-renew"

struct renewal_call {
	const char *command;
	const char *conf_path;
	const struct conf_issuer *issuer;
	struct conf_signer signer; /* that ends last */
	char not_after[ISO_TIME_SIZE + 1];
	const struct users *users;
};

/* `ret_fd` is what it says, non-blocking. 0 or -errno. */
must_check int renewal_process_start(const struct renewal_call *call, pid_t *ret_pid, int *ret_fd);
