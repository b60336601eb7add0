/* The records of the journal: what must survive the process of what was ever revoked (I-10). Pure: octets
 * in, records out.
 *
 *   size u16 │ checksum u32 │ payload: kind u8, fields
 *
 * A file is JOURNAL_START and then what changed, in order; of a certificate or issuer the last record
 * counts. From JOURNAL_SNAPSHOT to JOURNAL_COMPLETE everything is told anew (and what changes meanwhile):
 * whoever finds such a stretch undamaged needs nothing that is older. Bytes that are no record are skipped
 * until the next one that is: damage costs what it hit. */
#pragma once

#include "base/bytes.h"
#include "db/types.h"

#define JOURNAL_FORMAT 1
#define JOURNAL_IDENTITY 32
/* Of a record: its size and its checksum. */
#define JOURNAL_HEAD 6u
/* The longest: a row with a serial of LIMIT_SERIAL octets. */
#define JOURNAL_RECORD_MOST (JOURNAL_HEAD + 1 + 2 + 4 + 1 + 1 + 1 + 4 * 8 + LIMIT_SERIAL)

enum journal_kind {
	JOURNAL_START = 1,
	JOURNAL_SNAPSHOT = 2,
	JOURNAL_COMPLETE = 3,
	JOURNAL_HISTORY = 4, /* what follows is of this history, seen up to this position */
	JOURNAL_ISSUER = 5, /* whom `issuer` means from here on; told again with each write */
	JOURNAL_ISSUER_STATE = 6, /* revoked as a whole, or (TIME_NONE) not any more */
	JOURNAL_ROW = 7,
};

struct journal_record {
	enum journal_kind kind;
	uint16_t format; /* START */
	uint64_t generation; /* START: the higher one is the newer file */
	struct db_history history; /* HISTORY */
	uint64_t position;
	uint16_t issuer; /* ISSUER, ISSUER_STATE */
	uint32_t issuer_check; /* ISSUER_STATE, ROW: journal_identity_check() */
	uint8_t identity[JOURNAL_IDENTITY];
	int64_t revoked_at;
	enum revocation_reason reason;
	struct cert_record row; /* ROW */
	bool foreign; /* its version is of an earlier history than the last that was told */
};

/* Goes with each number of an issuer: where the record that told whose it is was damaged, it must not mean
 * another one. */
uint32_t journal_identity_check(const uint8_t identity[static JOURNAL_IDENTITY]);

void journal_record_write(struct buffer *out, const struct journal_record *record);

struct journal_reader {
	struct view octets;
	size_t at;
	size_t damaged; /* octets that were skipped */
};

/* The next record; false at the end. */
must_check bool journal_record_read(struct journal_reader *reader, struct journal_record *ret);

/* What a file is, seen as a whole. */
struct journal_file {
	uint64_t generation; /* 0: there is no readable start */
	size_t from; /* nothing before this place is needed */
	bool complete; /* nor an older file */
	bool other_format; /* of another version of the program: it says nothing */
	size_t damaged; /* octets after `from` that are no record */
};
struct journal_file journal_file_look(struct view octets);
