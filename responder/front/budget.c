#include "front/budget.h"

#include "base/siphash.h"
#include "front/addresses.h"

#include <errno.h>
#include <stdlib.h>

#define TABLES 2
#define PLACES 4096u

struct budget {
	unsigned rate;
	struct siphash_key hash_key;
	int64_t used_us[TABLES][PLACES]; /* until then, monotonic */
};

int budget_new(unsigned rate, struct budget **ret)
{
	cleanup(budget_freep) struct budget *budget = calloc(1, sizeof(*budget));
	if (!budget)
		return -ENOMEM;
	budget->rate = rate;
	int result = siphash_key_random(&budget->hash_key);
	if (result < 0)
		return result;
	*ret = budget;
	budget = NULL;
	return 0;
}

void budget_free(struct budget *budget)
{
	free(budget);
}

void budget_limit(struct budget *budget, unsigned rate)
{
	budget->rate = rate;
}

bool budget_take(struct budget *budget, const struct ip_address *client, const struct moment *now)
{
	if (budget->rate == 0)
		return true;
	struct address_name name = address_name_of(client);
	uint64_t hash = siphash(&budget->hash_key, view_of(&name, sizeof(name)));
	int64_t *one = &budget->used_us[0][hash % PLACES];
	int64_t *other = &budget->used_us[1][(hash >> 32) % PLACES];
	int64_t used_us = *one < *other ? *one : *other;
	int64_t cost_us = SECOND_US / budget->rate;
	used_us = (used_us > now->mono_us ? used_us : now->mono_us) + cost_us;
	if (used_us > now->mono_us + BUDGET_BURST_SECONDS * SECOND_US)
		return false;
	*one = *one > used_us ? *one : used_us;
	*other = *other > used_us ? *other : used_us;
	return true;
}
