/* Whole files in memory. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

/* Appends the file's bytes. A fault names the path and the reason. -errno; -EFBIG above `most`. */
must_check int file_read(const char *path, size_t most, struct buffer *out, struct fault *fault);

/* The same for PEM that OpenSSL will read: a byte order mark hides the BEGIN behind it, and a list would
 * lose that certificate without a word, so marks become line ends. What has no BEGIN is left alone. */
must_check int file_read_pem(const char *path, size_t most, struct buffer *out,
			     struct fault *fault);
