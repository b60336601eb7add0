/* What a reload cannot change. */
#pragma once

#include "conf/conf.h"

/* The options that a restart alone changes (options.c) are in `next` what they are in `now`; `take` gets those
 * that the file has otherwise. 0 or -ENOMEM. */
must_check int conf_keep(const struct conf *now, struct conf *next,
			 void (*take)(void *context, const char *section, const char *name),
			 void *context);
