/* Internet addresses and networks: who a client is, and which proxies are believed (P-51). */
#pragma once

#include "base/bytes.h"

struct sockaddr_storage;

#define IP_OCTETS 16u
/* "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255" and its NUL. */
#define IP_TEXT_SIZE 46u
/* An address, a slash, three digits. */
#define IP_NETWORK_TEXT_SIZE (IP_TEXT_SIZE + 4u)

enum ip_family {
	IP_NONE = 0, /* not known: a Unix socket's peer */
	IP_V4 = 4,
	IP_V6 = 6,
};

/* Comparable octet by octet: what the family does not use is zero. An IPv4 address mapped into IPv6
 * (::ffff:192.0.2.1) is always held as the IPv4 one. */
struct ip_address {
	uint8_t family; /* enum ip_family */
	uint8_t octets[IP_OCTETS];
};

/* Octets on the wire: 4 for IP_V4, 16 for IP_V6. */
struct ip_address ip_of_octets(enum ip_family family, const uint8_t *octets);
struct ip_address ip_of_peer(const struct sockaddr_storage *peer);
/* "192.0.2.1" or "2001:db8::1", nothing around it; no leading zeros in IPv4. 0 or -EINVAL. */
must_check int ip_parse(struct view text, struct ip_address *ret);
/* Writes text and its NUL to IP_TEXT_SIZE octets; "?" for IP_NONE. */
void ip_print(const struct ip_address *address, char *out);
bool ip_equal(const struct ip_address *a, const struct ip_address *b);

struct ip_network {
	struct ip_address address; /* the bits behind the prefix are zero */
	uint8_t prefix; /* bits */
};

/* "192.0.2.0/24", or an address, which is a network of one. A bit set behind the prefix is an error:
 * it is a slip of the pen. 0 or -EINVAL. */
must_check int ip_network_parse(struct view text, struct ip_network *ret);
/* To IP_NETWORK_TEXT_SIZE octets. */
void ip_network_print(const struct ip_network *network, char *out);
bool ip_network_has(const struct ip_network *network, const struct ip_address *address);
bool ip_network_equal(const struct ip_network *a, const struct ip_network *b);
