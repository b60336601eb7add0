/* The proof of a configuration beside a warden that serves: the same steps, in a process of their own, whose
 * findings come through the event loop. */
#pragma once

#include "warden/preflight.h"

#include <event2/event.h>

struct proving;

/* `done` follows: after all findings; `whole` no: the proof did not come to its end. All that is given must
 * live until then. 0 or -errno. */
must_check int proving_new(struct event_base *base, const struct preflight_step *steps,
			   const struct conf *conf, struct preflight *preflight,
			   void (*done)(void *context, bool whole), void *context,
			   struct proving **ret);
/* Ends it; `done` follows no more. */
void proving_free(struct proving *proving);
