/* What came: is it a CRL at all, how old is it, and when is the next one due? Who signed it and what it means is for
 * whoever records it. And a file in memory of it, which nobody can change any more. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

/* Of several in PEM: those of the first whose next one is due. */
struct arrival {
	int64_t this_update, next_update; /* seconds since 1970; TIME_NONE: not said */
};

/* 0, or -EBADMSG with a fault: what it is instead. */
must_check int arrival_read(struct view body, struct arrival *ret, struct fault *fault);
/* 0 or -errno. */
must_check int arrival_seal(struct view body, int *ret);
