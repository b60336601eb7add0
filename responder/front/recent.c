#include "front/recent.h"

/* Of the change's second and the next one. */
#define NEAR 1

/* Tags are hashes with a secret key already (ledger/tag.h). */
static size_t slot_of(uint64_t tag)
{
	return tag % RECENT_SLOTS;
}

void recent_note(struct recent *recent, const struct message_purge *purge, int64_t second)
{
	int64_t *at = purge->scope == PURGE_TAG ? &recent->of[slot_of(purge->tag)] : &recent->all;
	if (*at < second)
		*at = second;
}

bool recent_is_near(const struct recent *recent, uint64_t tag, int64_t second)
{
	return second <= recent->all + NEAR || second <= recent->of[slot_of(tag)] + NEAR;
}
