/* What a proxy says of the client: the PROXY protocol's header in front of a connection, versions 1
 * (one line of text) and 2 (binary), and X-Forwarded-For in a request (P-51). Strict, bounded, pure;
 * whether the proxy is believed is the caller's business.
 *
 * The specification is that of HAProxy, doc/proxy-protocol.txt. */
#pragma once

#include "base/ip.h"
#include "base/limits.h"

struct proxy_header {
	size_t size; /* octets of the header: the client's own begin there */
	/* IP_NONE: the proxy speaks for itself (LOCAL), or does not know (UNKNOWN, UNSPEC, a Unix
	 * socket): the connection's own peer is who it is. */
	struct ip_address client;
};

/* Positive results. */
#define PROXY_INCOMPLETE 1 /* more bytes are needed; never at LIMIT_PROXY_HEADER bytes */
#define PROXY_MALFORMED 2

/* The header at the beginning of `bytes`. 0 or a positive result. */
must_check int proxy_header_parse(struct view bytes, struct proxy_header *ret);

/* The last address of an X-Forwarded-For list, which the nearest proxy put there, and the list
 * without it. An address may carry a port, and an IPv6 one brackets. False: there is none, or
 * something else (`unknown`, a name). */
bool proxy_forwarded_last(struct view *list, struct ip_address *ret);
