/* index.txt, the database of `openssl ca`: a line a certificate, six fields between tabs.
 *
 *   V|R|E · expiry · revocation[,reason[,extra]] · serial in hex · file · subject
 *
 * The reasons are those of RFC 5280 and three that carry an extra: holdInstruction,OID (a hold),
 * keyTime,TIME and CAkeyTime,TIME (a compromise with its invalidity date). */
#pragma once

#include "base/record.h"
#include "base/result.h"

/* Longer lines are no index. */
#define INDEX_LINE_MOST 65536u

enum index_kind {
	INDEX_VALID,
	INDEX_REVOKED,
	INDEX_EXPIRED /* was valid to its end: good for us, the answer's policy decides */
};

struct index_entry {
	enum index_kind kind;
	struct serial serial;
	int64_t not_after; /* TIME_NONE: the field is empty */
	/* INDEX_REVOKED only: */
	int64_t revoked_at;
	enum revocation_reason reason;
	int64_t invalidity_at; /* TIME_NONE unless keyTime or CAkeyTime */
	struct view hold_instruction; /* points into the line; empty: none */
	/* The reason says removeFromCRL, which is no state (RFC 5280, 5.3.1): taken as a hold, the
	 * only revoked state from which an operator may release it. */
	bool removed_from_crl;
};

/* Positive results: an empty line or a comment; and a line of which one thing is certain, that this
 * certificate is revoked or held. The entry is then as good as it can be: revoked_at may be TIME_NONE. */
#define INDEX_NOTHING 1
#define INDEX_DOUBTFUL 3

/* One line without its end. The fault says what is wrong, without file and line. 0, INDEX_NOTHING,
 * INDEX_DOUBTFUL or -EINVAL. */
must_check int index_line_read(struct view line, struct index_entry *ret, struct fault *fault);

/* A file read by lines with bounded memory. */
struct index_file;

/* A positive result. */
#define INDEX_END 2

must_check int index_file_open(const char *path, struct index_file **ret, struct fault *fault);
void index_file_close(struct index_file *file);
DEFINE_CLEANUP(struct index_file, index_file_close)
/* The next entry and its line. 0, INDEX_DOUBTFUL, INDEX_END, or -errno with "PATH:LINE: what"; after
 * -EINVAL, which is about one line, it may be called again for the next one. */
must_check int index_file_next(struct index_file *file, struct index_entry *ret, uint64_t *ret_line,
			       struct fault *fault);
/* Bytes of the file, 0 if it has no size (a pipe), and bytes read so far. */
uint64_t index_file_size(const struct index_file *file);
uint64_t index_file_position(const struct index_file *file);
