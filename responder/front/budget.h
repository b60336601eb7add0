/* How many signatures each client address may cause (P-47, doc/faults.md row 23): what is stored, what
 * somebody else has asked already and what is refused costs none. An IPv6 client is its whole /64 here too.
 *
 * One number for each of many addresses would be memory that clients fill; so two tables of one size hold,
 * by two secret hashes of an address, until when it has used up what it may, and the lesser counts: two
 * addresses that share a place in one of them seldom share the other. Pure. */
#pragma once

#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"

/* Who has been quiet may cause so many seconds' signatures at once. */
#define BUDGET_BURST_SECONDS 5

struct budget;

/* `rate`: signatures a second, of each address; 0: no limit. 0, -ENOMEM, -EIO. */
must_check int budget_new(unsigned rate, struct budget **ret);
void budget_free(struct budget *budget);
DEFINE_CLEANUP(struct budget, budget_free)

void budget_limit(struct budget *budget, unsigned rate);
/* One more signature for this client. False: it has had its most. */
must_check bool budget_take(struct budget *budget, const struct ip_address *client,
			    const struct moment *now);
