/* Private to certinput*.c: text in whatever encoding, base64, and what DER may be besides a
 * certificate. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <stdio.h>

/* No certificate comes near; a corrupt file shall not fill memory. */
#define CERTIFICATE_SIZE_MOST (1u << 20)
/* A whole DER file, PKCS#7 or PKCS#12: some ten thousand certificates. */
#define PAYLOAD_SIZE_MOST (64u << 20)
#define LABEL_SIZE 64

/* ---- text ---- */

enum text_encoding { TEXT_BYTES, TEXT_UTF16_LE, TEXT_UTF16_BE };

/* Characters of a stream whose first octets were read already, to see what it is. */
struct text {
	FILE *stream;
	uint8_t head[4096];
	size_t head_size, head_at;
	enum text_encoding encoding;
	unsigned line; /* of the last character */
	bool line_ended;
	int again[2], again_count; /* characters put back; the last comes first */
	bool dashes_taken; /* the five of what may be a marker */
};

void text_init(struct text *text, FILE *stream);
/* Octets as they are. */
int text_octet(struct text *text);
/* The next character: '\n' for CR, LF and CRLF, '?' for what is not ASCII, EOF. */
int text_get(struct text *text);
void text_put_back(struct text *text, int c);
/* It begins like the base64 of a DER SEQUENCE of more than 127 octets, without any marker. */
bool text_is_bare_base64(const struct text *text);

/* The next "-----BEGIN LABEL-----", wherever it stands in a line. */
#define TEXT_END 1
#define TEXT_DAMAGED 2 /* the marker is not whole; the label is what there is of it */
int text_find_block(struct text *text, char label[LABEL_SIZE]);
/* After a '-': the rest of "-----END LABEL-----". TEXT_DAMAGED if it is anything else. */
int text_take_end(struct text *text, const char *label);
/* The same from anywhere in a block whose lines mean nothing here. */
int text_pass_over(struct text *text, const char *label);

/* ---- base64 ---- */

struct base64 {
	uint32_t bits;
	unsigned count, padding;
};

/* false: not base64. */
bool base64_put(struct base64 *state, int c, struct buffer *out);
/* Whether it may end here. */
bool base64_is_whole(const struct base64 *state);

/* ---- DER ---- */

/* Takes the first element; all of the bytes if it cannot be told where it ends. */
struct view element_take(struct view *bytes);

/* What a thing is, for a sentence, or NULL: a certificate, or something that only its reader can
 * judge. */
const char *element_kind(struct view der);

/* A PKCS#7 / CMS or PKCS#12 by its beginning. */
bool element_is_package(struct view der);
/* Appends its certificates, one after the other, and counts them. What a package is that has none
 * comes in *ret_kind. 0; -EBADMSG with what is wrong, without the file; -ENOMEM. */
must_check int element_unpack(struct view der, struct buffer *out, unsigned *ret_count,
			      const char **ret_kind, struct fault *fault);
