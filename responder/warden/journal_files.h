/* The two files in which the ledger keeps what must never be forgotten (doc/faults.md, I-10), and, where there is
 * kept_answers, two for signed answers: opened by the warden, which has the rights to the folder; the ledger gets
 * the descriptors, again after each of its restarts. */
#pragma once

#include "base/result.h"
#include "conf/conf.h"
#include "warden/users.h"

#define JOURNAL_FILES 4

struct journal_files {
	unsigned
		count; /* 0: none, what is known ends with the process; 2: no answers are kept; 4 */
	int descriptors[JOURNAL_FILES];
};

/* Positive results. */
#define JOURNAL_FILES_UNUSABLE 1 /* the default folder, which nobody has asked for */

/* Opens and locks them; makes them if they are missing. 0 (also for none), JOURNAL_FILES_UNUSABLE or
 * -errno; all but 0 with a fault that names path and reason, and nothing open. */
must_check int journal_files_open(const struct conf_server *server, struct journal_files *ret,
				  struct fault *fault);
/* Could they be opened? Changes nothing. The same results. */
must_check int journal_files_try(const struct conf_server *server, struct fault *fault);
/* To the ledger's user, so that a warden that is started as that user can open them the next time. */
void journal_files_give(const struct journal_files *files, const struct room_user *user);
void journal_files_close(struct journal_files *files);
