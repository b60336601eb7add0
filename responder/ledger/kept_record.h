/* What one record of the kept answers' files is (kept.h), as octets: a length, a checksum, the payload. Against
 * accidents, not against people: whether an answer may be given out is judged by what it says. */
#pragma once

#include "base/bytes.h"

/* Another layout of the payload, or another meaning of the key: files of another one are not read. */
#define KEPT_FORMAT 1u
#define KEPT_KEY 32u
#define KEPT_HEAD 12u
/* Octets of an ANSWER beside the answer. */
#define KEPT_BESIDE (KEPT_HEAD + 1 + KEPT_KEY + 24)

enum kept_kind {
	KEPT_START = 1, /* of a file: which format, and which of both is the newer one */
	KEPT_ANSWER = 2,
};

struct kept_record {
	enum kept_kind kind;
	/* START */
	uint16_t format;
	uint64_t generation; /* from 1 on, the higher one is the newer file */
	/* ANSWER */
	uint8_t key[KEPT_KEY]; /* of everything that it says (kept_key.h), but for times */
	int64_t this_update, produced_at, next_update; /* seconds since 1970 */
	struct view der; /* in the octets that were read */
};

void kept_record_write(struct buffer *out, const struct kept_record *record);
/* Its size, or 0: at the beginning of these octets there is no whole and undamaged record. */
must_check size_t kept_record_read(struct view octets, struct kept_record *ret);
