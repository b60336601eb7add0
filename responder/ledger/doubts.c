#include "ledger/doubts.h"

#define UNDATED UINT64_MAX

void doubts_note(struct ledger *l, uint64_t tag)
{
	struct doubts *d = &l->doubts;
	size_t place = 0;
	while (place < d->count && d->list[place].tag != tag)
		place++;
	if (place == array_size(d->list)) {
		d->all = UNDATED; /* rather too many than one too few */
		return;
	}
	d->list[place].tag = tag;
	d->list[place].position = UNDATED;
	if (place == d->count)
		d->count++;
}

void doubts_date(struct ledger *l, const struct db_evidence *evidence)
{
	struct doubts *d = &l->doubts;
	for (size_t i = 0; i < d->count; i++)
		if (d->list[i].position == UNDATED)
			d->list[i].position = evidence->position;
	if (d->all == UNDATED)
		d->all = evidence->position;
}

void doubts_forget_all(struct ledger *l)
{
	l->doubts = (struct doubts){.count = 0};
}

bool doubts_bar(const struct ledger *l, uint64_t tag, const struct db_evidence *evidence)
{
	const struct doubts *d = &l->doubts;
	if (evidence->position < d->all)
		return true;
	for (size_t i = 0; i < d->count; i++)
		if (d->list[i].tag == tag)
			return evidence->position < d->list[i].position;
	return false;
}
