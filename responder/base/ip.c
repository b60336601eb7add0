#include "base/ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped_prefix[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
#define MAPPED_SIZE sizeof(mapped_prefix)
#define V4_OCTETS 4u

struct ip_address ip_of_octets(enum ip_family family, const uint8_t *octets)
{
	struct ip_address address = {.family = (uint8_t)family};
	if (family == IP_V6 && memcmp(octets, mapped_prefix, MAPPED_SIZE) == 0)
		return ip_of_octets(IP_V4, octets + MAPPED_SIZE);
	if (family != IP_NONE)
		memcpy(address.octets, octets, family == IP_V4 ? V4_OCTETS : IP_OCTETS);
	return address;
}

struct ip_address ip_of_peer(const struct sockaddr_storage *peer)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)peer;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)peer;
	if (peer->ss_family == AF_INET)
		return ip_of_octets(IP_V4, (const uint8_t *)&in->sin_addr);
	if (peer->ss_family == AF_INET6)
		return ip_of_octets(IP_V6, in6->sin6_addr.s6_addr);
	return (struct ip_address){0};
}

int ip_parse(struct view text, struct ip_address *ret)
{
	char copy[IP_TEXT_SIZE];
	uint8_t octets[IP_OCTETS];
	if (text.size == 0 || text.size >= sizeof(copy) || memchr(text.data, '\0', text.size))
		return -EINVAL;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (inet_pton(AF_INET, copy, octets) == 1)
		*ret = ip_of_octets(IP_V4, octets);
	else if (inet_pton(AF_INET6, copy, octets) == 1)
		*ret = ip_of_octets(IP_V6, octets);
	else
		return -EINVAL;
	return 0;
}

void ip_print(const struct ip_address *address, char *out)
{
	int family = address->family == IP_V4 ? AF_INET : AF_INET6;
	if (address->family == IP_NONE ||
	    !inet_ntop(family, address->octets, out, (socklen_t)IP_TEXT_SIZE))
		(void)snprintf(out, IP_TEXT_SIZE, "?");
}

bool ip_equal(const struct ip_address *a, const struct ip_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- networks ---- */

static uint8_t bits_of(const struct ip_address *address)
{
	return address->family == IP_V4 ? 8 * V4_OCTETS : 8 * IP_OCTETS;
}

/* The address with the bits behind the prefix cleared. */
static struct ip_address cut(const struct ip_address *address, uint8_t prefix)
{
	struct ip_address result = *address;
	for (unsigned i = 0; i < IP_OCTETS; i++) {
		unsigned kept = prefix > 8 * i ? prefix - 8 * i : 0;
		if (kept < 8)
			result.octets[i] &= (uint8_t)(0xff00U >> kept);
	}
	return result;
}

/* One to three digits without leading zeros. */
static int parse_prefix(struct view text, uint8_t most, uint8_t *ret)
{
	unsigned prefix = 0;
	if (text.size == 0 || text.size > 3 || (text.size > 1 && text.data[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -EINVAL;
		prefix = prefix * 10 + (unsigned)(text.data[i] - '0');
	}
	if (prefix > most)
		return -EINVAL;
	*ret = (uint8_t)prefix;
	return 0;
}

int ip_network_parse(struct view text, struct ip_network *ret)
{
	const uint8_t *slash = text.size ? memchr(text.data, '/', text.size) : NULL;
	size_t size = slash ? (size_t)(slash - text.data) : text.size;
	struct ip_network network;
	if (ip_parse(view_of(text.data, size), &network.address) < 0)
		return -EINVAL;
	network.prefix = bits_of(&network.address);
	if (slash && parse_prefix(view_of(slash + 1, text.size - size - 1), network.prefix,
				  &network.prefix) < 0)
		return -EINVAL;
	struct ip_address clean = cut(&network.address, network.prefix);
	if (!ip_equal(&clean, &network.address))
		return -EINVAL;
	*ret = network;
	return 0;
}

void ip_network_print(const struct ip_network *network, char *out)
{
	char text[IP_TEXT_SIZE];
	ip_print(&network->address, text);
	if (network->prefix == bits_of(&network->address))
		(void)snprintf(out, IP_NETWORK_TEXT_SIZE, "%s", text);
	else
		(void)snprintf(out, IP_NETWORK_TEXT_SIZE, "%s/%u", text, network->prefix);
}

bool ip_network_has(const struct ip_network *network, const struct ip_address *address)
{
	if (address->family != network->address.family)
		return false;
	struct ip_address cut_address = cut(address, network->prefix);
	return ip_equal(&cut_address, &network->address);
}

bool ip_network_equal(const struct ip_network *a, const struct ip_network *b)
{
	return a->prefix == b->prefix && ip_equal(&a->address, &b->address);
}
