/* Fields for requests to a cache, out of a file: they may be secrets, so they live in memory for one request, and are
 * wiped, and no message repeats them. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#define HEADERS_MOST 16u

struct headers {
	struct buffer text;
	unsigned count;
	const char *each[HEADERS_MOST];
};

/* NULL: no file, no fields. Lines without text are skipped. 0, -errno, or -EINVAL (what is no field), with a fault
 * that names the file and the line. `ret`, which starts as zeros, is to be released in any case. */
must_check int headers_read(const char *path, struct headers *ret, struct fault *fault);
void headers_deinit(struct headers *headers);
