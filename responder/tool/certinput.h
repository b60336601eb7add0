/* The certificates of a file, one after the other, however strangers' machines wrote them: PEM (any
 * number, anywhere among other text and blocks), base64 without markers, DER (one or several), PKCS#7
 * and, where it needs no password, PKCS#12; text in ASCII, UTF-8 or UTF-16, with or without a byte order
 * mark, lines ending in LF, CR LF or CR. Nothing is passed over without a word that begins like a
 * certificate. Memory stays bounded by the largest block, for DER and packages by 64 MiB. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

struct certinput;

/* Positive results of certinput_next(). */
#define CERTINPUT_END 1

must_check int certinput_open(const char *path, struct certinput **ret, struct fault *fault);
/* The same from memory, which stays valid until certinput_close(); `name` is for faults. */
must_check int certinput_open_octets(const char *name, struct view octets, struct certinput **ret,
				     struct fault *fault);
void certinput_close(struct certinput *file);
DEFINE_CLEANUP(struct certinput, certinput_close)

/* The next certificate's DER, valid until the next call, and the line on which it begins (0: the
 * file is DER). 0, CERTINPUT_END, or -errno with a fault "PATH:LINE: …"; after -EBADMSG, which is about
 * one block, it may be called again for what follows. Only the encoding of the file is judged here,
 * not the certificate. */
must_check int certinput_next(struct certinput *file, struct view *ret, unsigned *ret_line,
			      struct fault *fault);
/* -EINVAL with a fault that says that the file holds no certificate, and what it does hold. */
int certinput_nothing(const struct certinput *file, struct fault *fault);
/* "PATH:LINE" for messages, "PATH" for line 0. */
void certinput_place(char *out, size_t size, const char *path, unsigned line);
#define CERTINPUT_PLACE_SIZE 4200

/* Gives each that follows to `take`, with its line and its number from 0; there must be one. Stops at
 * the first result that is not 0, of `take` or of what is damaged, and returns it. */
typedef int certinput_take(void *context, struct view der, unsigned line, unsigned number,
			   struct fault *fault);
must_check int certinput_each(struct certinput *file, certinput_take *take, void *context,
			      struct fault *fault);

/* Calls `visit` for each file below `path` (for the file itself if it is one), and for a folder below
 * it that cannot be opened. `named` is true for a path that the operator gave. Stops at the first
 * result that is not 0 and returns it. */
typedef int certinput_visit(void *context, const char *path, bool named, struct fault *fault);
must_check int certinput_walk(const char *path, certinput_visit *visit, void *context,
			      struct fault *fault);
