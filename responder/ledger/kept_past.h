/* What an earlier process has left in the kept answers' two files: found by key, of two the newer one. It only
 * reads; the octets are held as they are, for an hour at most (kept.c). */
#pragma once

#include "base/result.h"
#include "ledger/kept_record.h"

struct kept_past;

struct kept_looked {
	unsigned current; /* the file that is to be written on */
	size_t size; /* of it, as far as it is whole: the rest is nothing */
	uint64_t generation; /* the highest; 0: both are empty */
	bool started; /* the current file says what it is */
	size_t answers;
	size_t damaged; /* octets from the first damaged one of each file on */
};

/* Takes the files' octets over in any case, and leaves empty buffers. `*ret` is NULL where there is nothing in
 * them. 0 or -ENOMEM. */
must_check int kept_past_new(struct buffer files[2], struct kept_looked *looked,
			     struct kept_past **ret);
void kept_past_free(struct kept_past *past);
DEFINE_CLEANUP(struct kept_past, kept_past_free)
/* Valid as long as `past`; NULL as well. */
must_check bool kept_past_find(const struct kept_past *past, const uint8_t key[static KEPT_KEY],
			       struct kept_record *ret);
