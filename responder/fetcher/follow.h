/* The CRLs that are followed, and those that are watched: when each is asked for, what came of it, and what is
 * wrong. Whatever a server does is that source's trouble: a line, an alarm of its issuer, another try later.
 *
 *   RESTING ──due──▶ FETCHING ──a CRL──▶ WAITING ──its turn──▶ RECORDING ──outcome──▶ RESTING
 *      ▲                │ nothing new, failure                                           │
 *      └────────────────┴───────────────────────────────────────────────────────────────┘
 *
 * It is recorded, or compared, by a process of the warden's (hand_over()), one at a time. A validator (ETag,
 * Last-Modified) counts only once that has taken what came with it: what was fetched and could not be recorded is
 * fetched again. */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "conf/conf.h"
#include "ipc/control.h"

struct follow;
struct transfers;

struct follow_ops {
	/* "KIND ISSUER"; follow_outcome() with the same ticket follows. The descriptor stays the caller's. */
	bool (*hand_over)(void *context, uint32_t ticket, const char *text, int fd);
	/* Something is due earlier than follow_turn() has said. */
	void (*woken)(void *context);
};

/* Everything but what it copies is borrowed; the configuration until follow_commit(). 0 or -ENOMEM. */
must_check int follow_new(const struct conf *conf, struct transfers *transfers,
			  const struct follow_ops *ops, void *context, struct follow **ret);
void follow_free(struct follow *follow);

/* Another configuration: what it has in common goes on as it was. 0 or -ENOMEM. */
must_check int follow_prepare(struct follow *follow, const struct conf *next);
void follow_commit(struct follow *follow, const struct conf *conf, struct moment now);
void follow_abandon(struct follow *follow);

/* Does what is due. Gives when that is so again, monotonic. */
int64_t follow_turn(struct follow *follow, struct moment now);
/* Of what was handed over. */
void follow_outcome(struct follow *follow, uint32_t ticket, enum control_outcome outcome,
		    struct view text, struct moment now);
/* Asks for all of this issuer's, or everybody's (an empty name), without waiting and without conditions. How many. */
unsigned follow_now(struct follow *follow, struct view issuer, struct moment now);
/* Of the whole room: what is raised there is told and shown with what is followed. */
struct alarms *follow_alarms(struct follow *f);
/* Appends `"sources":[…],"alarms":[…]`. */
void follow_put_status(const struct follow *follow, struct moment now, struct buffer *out);
