#include "front/changes.h"

/* Of the change's second and the next one. */
#define NEAR 1

/* Tags are hashes with a secret key already (ledger/tag.h). */
static size_t slot_of(uint64_t tag)
{
	return tag % CHANGES_SLOTS;
}

void changes_note(struct changes *changes, const struct message_purge *purge, int64_t second)
{
	int64_t *at = purge->scope == PURGE_TAG ? &changes->of[slot_of(purge->tag)] : &changes->all;
	if (*at < second)
		*at = second;
}

bool changes_are_near(const struct changes *changes, uint64_t tag, int64_t second)
{
	return second <= changes->all + NEAR || second <= changes->of[slot_of(tag)] + NEAR;
}
