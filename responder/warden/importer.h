/* What becomes of a CRL that the fetcher has brought: a process of its own, this executable started anew, verifies
 * it and records what it says, or compares it with the database (cli/importer.c). It has a credential, and what it
 * reads is anybody's: so it has nothing else, nothing of the warden's memory, and lives for one CRL.
 *
 *   fetcher ──FETCHED──▶ warden ──starts──▶ importer: the CRL, its few options
 *           ◀─IMPORTED──        ◀── a line ──
 *
 * One at a time, for as long as import_timeout; one more meanwhile is told to come later. */
#pragma once

#include "conf/conf.h"
#include "ipc/control.h"
#include "warden/users.h"

#include <event2/event.h>

struct importer;

struct delivery {
	pid_t from; /* the fetcher's process */
	uint32_t ticket;
	struct view text; /* "KIND ISSUER" */
	int fd;
};

typedef void importer_told(void *context, pid_t from, uint32_t ticket, enum control_outcome outcome,
			   struct view line);

/* 0 or -ENOMEM. */
must_check int importer_new(struct event_base *base, importer_told *told, void *context,
			    struct importer **ret);
/* Kills what runs. */
void importer_free(struct importer *importer);
/* Takes its descriptor over. told() follows, perhaps at once. */
void importer_take(struct importer *importer, const struct conf *conf, const struct users *users,
		   const struct delivery *delivery);
/* After SIGCHLD. */
void importer_reap(struct importer *importer);
