/* The listening sockets: connections come in here, as many as the caps allow. */
#pragma once

#include "front/front.h"

struct doors;

/* 0 or -ENOMEM. */
must_check int doors_new(struct front *front, struct doors **ret);
/* Closes the sockets. */
void doors_free(struct doors *doors);
DEFINE_CLEANUP(struct doors, doors_free)

/* These are all that there are, from here on: takes the descriptors over and accepts from them. Of the others
 * what has arrived already is accepted, then they close; their connections end with their next reply.
 * 0 or -errno. */
must_check int doors_take(struct doors *doors, const int *sockets, unsigned count);
/* Accepts again after accept() failed for want of descriptors or memory, and closes what was left out a moment
 * ago; to be called now and then. */
void doors_resume(struct doors *doors);
/* All that has arrived already is accepted, then the sockets close. */
void doors_close(struct doors *doors);
bool doors_open(const struct doors *doors);
