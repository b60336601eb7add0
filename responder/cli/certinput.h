/* The certificates of a file, one after the other: PEM (any number among other text and blocks) or
 * one in DER. Memory stays bounded by the largest single certificate. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

struct certinput;

/* Positive results of certinput_next(). */
#define CERTINPUT_END 1

must_check int certinput_open(const char *path, struct certinput **ret, struct fault *fault);
void certinput_close(struct certinput *file);
DEFINE_CLEANUP(struct certinput, certinput_close)

/* The next certificate's DER, valid until the next call, and the line on which it begins (0: the
 * file is DER). 0, CERTINPUT_END, or -errno with a fault "PATH:LINE: …". Only the encoding of the
 * file is judged here, not the certificate. */
must_check int certinput_next(struct certinput *file, struct view *ret, unsigned *ret_line,
			      struct fault *fault);
/* "PATH:LINE" for messages, "PATH" for line 0. */
void certinput_place(char *out, size_t size, const char *path, unsigned line);

/* Calls `visit` for each file below `path` (for the file itself if it is one). `named` is true for a
 * path that the operator gave. Stops at the first result that is not 0 and returns it. */
typedef int certinput_visit(void *context, const char *path, bool named, struct fault *fault);
must_check int certinput_walk(const char *path, certinput_visit *visit, void *context,
			      struct fault *fault);
