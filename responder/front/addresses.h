/* How many connections each client address has open (P-47). An IPv6 client owns its whole /64, so
 * that is what counts as one address; an IPv4 address mapped into IPv6 counts as the IPv4 one. */
#pragma once

#include "base/ip.h"
#include "base/result.h"

/* What counts as one address. */
struct address_name {
	uint8_t family; /* enum ip_family */
	uint8_t octets[8]; /* a /64, or an IPv4 address and zeros */
};
struct address_name address_name_of(const struct ip_address *peer);

struct addresses;
struct address;

/* `most` connections for each address; 0: no limit, and nothing is counted. 0, -ENOMEM, -EIO. */
must_check int addresses_new(unsigned most, struct addresses **ret);
/* Every connection has left before. */
void addresses_free(struct addresses *addresses);
DEFINE_CLEANUP(struct addresses, addresses_free)

/* A positive result: the address has its most already. */
#define ADDRESSES_FULL 1

/* Another limit, for those that come. 0: nobody new is counted. */
void addresses_limit(struct addresses *addresses, unsigned most);

/* 0 (*ret is to be given to addresses_leave(); NULL where nothing is counted), ADDRESSES_FULL or
 * -ENOMEM. */
must_check int addresses_enter(struct addresses *addresses, const struct ip_address *peer,
			       struct address **ret);
void addresses_leave(struct addresses *addresses, struct address *address);
