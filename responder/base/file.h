/* Whole files in memory. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

/* Appends the file's bytes. A fault names the path and the reason. -errno; -EFBIG above `most`. */
must_check int file_read(const char *path, size_t most, struct buffer *out, struct fault *fault);
