/* The HTTP caches of the configuration, each told on its own, one request at a time: one that is slow or away holds up
 * no other, and is told all that it missed when it is back. */
#pragma once

#include "base/alarms.h"
#include "net/transfer.h"
#include "room/room.h"

struct purge_caches;

/* `transfers` and `alarms`, which somebody else tells and shows, are borrowed. 0 or -ENOMEM. Each begins by forgetting everything. */
must_check int purge_caches_new(struct shell *shell, struct transfers *transfers,
				struct alarms *alarms, struct purge_caches **ret);
void purge_caches_free(struct purge_caches *caches);
/* Of the ledger. 0 or -EBADMSG. */
must_check int purge_caches_frame(struct purge_caches *caches, uint8_t type, struct view payload);
/* The shell's configuration is another one. -ENOMEM: the process should begin anew. */
must_check int purge_caches_commit(struct purge_caches *caches, const struct conf *before);
int64_t purge_caches_turn(struct purge_caches *caches, struct moment now);
void purge_caches_needs(const struct conf *conf, struct sandbox *needs);
/* Appends a member of a JSON object. */
void purge_caches_status(const struct purge_caches *caches, struct moment now, struct buffer *out);
