#include "ledger/names.h"

#include "ledger/fronts.h"
#include "ledger/issuers.h"
#include "ledger/state.h"

/* False: this issuer has no section, so nothing is ever signed for it. */
static bool name_write(struct ledger *l, unsigned number)
{
	const struct issuer *issuer = issuers_by_id(l->issuers, (int32_t)number);
	if (!issuer || !issuer->section)
		return false;
	buffer_reset(&l->frame);
	message_issuer_write(&l->frame, &(struct message_issuer){
						.number = number,
						.name = view_of_string(issuer->section->name),
					});
	return true;
}

void names_send(struct ledger *l, unsigned front)
{
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++)
		if (name_write(l, number))
			fronts_frame(l, front, MESSAGE_ISSUER);
}

void names_send_all(struct ledger *l)
{
	for (unsigned number = 1; number <= issuers_count(l->issuers); number++)
		if (name_write(l, number))
			fronts_frame_all(l, MESSAGE_ISSUER);
}
