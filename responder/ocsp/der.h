/* DER (X.690): a strict reader and a writer, for the small part of ASN.1 that OCSP and certificates
 * need.
 *
 * Reading goes over base's cursor and shares its sticky error. Tags are one octet; lengths are
 * definite and minimal; everything else fails (P-5). Nothing recurses, so nesting costs nothing.
 *
 * Writing goes backwards: the content first, then its header, whose length is known by then. A
 * writer without memory only counts, so a template is run twice: once to know the exact size, once
 * to write. */
#pragma once

#include "base/bytes.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
};

/* [n], implicit over a primitive type; and [n] explicit, or implicit over a constructed one. */
#define DER_CONTEXT(n) ((uint8_t)(0x80 | (n)))
#define DER_CONTEXT_CONSTRUCTED(n) ((uint8_t)(0xa0 | (n)))

struct der_value {
	uint8_t tag;
	struct view whole; /* with its header */
	struct view content;
};

/* ---- reading ---- */

/* The tag of what comes next; 0 at the end and after an error. */
uint8_t der_peek(const struct cursor *c);
/* The next value, whatever it is. */
struct der_value der_any(struct cursor *c);
/* The content / the whole encoding of the next value; another tag is an error. */
struct view der_take(struct cursor *c, uint8_t tag);
struct view der_take_whole(struct cursor *c, uint8_t tag);
/* A cursor over the content of the next value; it has failed where `c` has. */
struct cursor der_enter(struct cursor *c, uint8_t tag);
/* Fails `c` unless `inner` was read to its end without an error. */
void der_leave(struct cursor *c, const struct cursor *inner);

/* A well-formed OBJECT IDENTIFIER; its content. */
struct view der_oid(struct cursor *c);
/* TRUE or FALSE, encoded as FF and 00. */
bool der_boolean(struct cursor *c);
/* UTCTime or GeneralizedTime, as certificates and CRLs have them (RFC 5280, 4.1.2.5); seconds since 1970. */
int64_t der_time(struct cursor *c);

/* These bytes are one value of this tag, and nothing after it. */
bool der_is(struct view bytes, uint8_t tag);

/* ---- writing, backwards ---- */

struct der_writer {
	uint8_t *end; /* one past the last octet; NULL: only count */
	size_t size; /* octets written so far, in front of `end` */
};

void der_put(struct der_writer *w, const void *data, size_t size);
void der_put_view(struct der_writer *w, struct view bytes);
void der_put_u8(struct der_writer *w, uint8_t octet);
/* The header of everything written since the writer's size was `since`. */
void der_put_header(struct der_writer *w, uint8_t tag, size_t since);
/* GeneralizedTime YYYYMMDDHHMMSSZ with its header (P-27); seconds since 1970. */
void der_put_time(struct der_writer *w, int64_t seconds);

/* Appends what a template writes. The template must write the same both times. Look at
 * buffer_result(). */
void der_append(struct buffer *out, void (*template)(struct der_writer *w, const void *fields),
		const void *fields);
