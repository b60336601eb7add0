/* renew_command: what an operator has run when an issuer's last signer ends soon, so that its certificate is
 * renewed without anybody. Once when that begins, and every day until it is no more so; one at a time for
 * each issuer, as a user of its own, for as long as renew_timeout. */
#pragma once

#include "base/result.h"
#include "conf/conf.h"
#include "warden/users.h"

#include <event2/event.h>

struct renewals;

/* It ended well: there may be another certificate. */
typedef void renewals_done(void *context);

/* 0 or -ENOMEM. */
must_check int renewals_new(struct event_base *base, renewals_done *done, void *context,
			    struct renewals **ret);
/* Kills what runs. */
void renewals_free(struct renewals *renewals);

/* What a signer tells of an issuer, again and again: "NOT_AFTER ISSUER", and the number of the signer that ends
 * last. Runs the command if there is one and it is time. */
void renewals_hear(struct renewals *renewals, const struct conf *conf, const struct users *users,
		   unsigned signer, struct view text);
/* After SIGCHLD. */
void renewals_reap(struct renewals *renewals);
