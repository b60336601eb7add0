#include "front/addresses.h"

#include "base/siphash.h"

#define BUCKETS 4096u

struct address {
	struct address *next;
	struct address_name name;
	unsigned connections;
};

struct addresses {
	unsigned most;
	struct siphash_key hash_key;
	struct address *buckets[BUCKETS];
};

int addresses_new(unsigned most, struct addresses **ret)
{
	cleanup(addresses_freep) struct addresses *addresses = calloc(1, sizeof(*addresses));
	if (!addresses)
		return -ENOMEM;
	addresses->most = most;
	int result = siphash_key_random(&addresses->hash_key);
	if (result < 0)
		return result;
	*ret = addresses;
	addresses = NULL;
	return 0;
}

void addresses_free(struct addresses *addresses)
{
	free(addresses);
}

void addresses_limit(struct addresses *addresses, unsigned most)
{
	addresses->most = most;
}

struct address_name address_name_of(const struct ip_address *peer)
{
	struct address_name name = {.family = peer->family};
	memcpy(name.octets, peer->octets, peer->family == IP_V4 ? 4 : sizeof(name.octets));
	return name;
}

static struct address **find_link(struct addresses *addresses, const struct address_name *name)
{
	uint64_t hash = siphash(&addresses->hash_key, view_of(name, sizeof(*name)));
	struct address **link = &addresses->buckets[hash % BUCKETS];
	while (*link && memcmp(&(*link)->name, name, sizeof(*name)) != 0)
		link = &(*link)->next;
	return link;
}

int addresses_enter(struct addresses *addresses, const struct ip_address *peer,
		    struct address **ret)
{
	if (addresses->most == 0) {
		*ret = NULL;
		return 0;
	}
	struct address_name name = address_name_of(peer);
	struct address **link = find_link(addresses, &name);
	if (!*link) {
		struct address *address = calloc(1, sizeof(*address));
		if (!address)
			return -ENOMEM;
		address->name = name;
		*link = address;
	}
	if ((*link)->connections >= addresses->most)
		return ADDRESSES_FULL;
	(*link)->connections++;
	*ret = *link;
	return 0;
}

void addresses_leave(struct addresses *addresses, struct address *address)
{
	if (!address || --address->connections > 0)
		return;
	struct address **link = find_link(addresses, &address->name);
	*link = address->next;
	free(address);
}
