/* Version 1:  PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 CR LF        at most 107 octets
 *             PROXY UNKNOWN … CR LF
 * Version 2:  twelve octets of signature · version and command · family and protocol · length (u16)
 *             · addresses and ports · TLVs */
#include "http/proxy.h"

#include "http/syntax.h"

#define V1_MOST 107u
#define V1_BEGIN "PROXY "
#define V1_BEGIN_SIZE (sizeof(V1_BEGIN) - 1)

#define V2_SIGNATURE_SIZE 12u
#define V2_FIXED 16u /* signature, command, family, length */
#define V2_COMMAND_LOCAL 0x20
#define V2_COMMAND_PROXY 0x21
#define V2_UNSPEC 0x00
#define V2_TCP4 0x11
#define V2_TCP6 0x21
#define V2_UNIX 0x31
#define V2_IPV4_SIZE 12u /* two addresses, two ports */
#define V2_IPV6_SIZE 36u
#define V2_UNIX_SIZE 216u

static const uint8_t v2_signature[V2_SIGNATURE_SIZE] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
							0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

/* ---- version 1 ---- */

/* The next word, ended by one space or the end of the line. */
static struct view take_word(struct view *line)
{
	size_t size = http_find(*line, ' ');
	struct view word = view_of(line->data, size);
	*line = http_from(*line, size < line->size ? size + 1 : size);
	return word;
}

/* 0 … 65535 without leading zeros. */
static bool is_port(struct view text)
{
	unsigned port = 0;
	if (text.size == 0 || text.size > 5 || (text.size > 1 && text.data[0] == '0'))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		port = port * 10 + (unsigned)(text.data[i] - '0');
	}
	return port <= 65535;
}

/* As written: an IPv4 address has no colon, an IPv6 one has. */
static bool take_address(struct view *line, bool v6, struct ip_address *ret)
{
	struct view word = take_word(line);
	return (http_find(word, ':') < word.size) == v6 && ip_parse(word, ret) == 0;
}

static bool read_line(struct view line, struct ip_address *ret)
{
	struct view kind = take_word(&line);
	if (view_equal(kind, view_of_string("UNKNOWN"))) {
		*ret = (struct ip_address){0};
		return true;
	}
	bool v6 = view_equal(kind, view_of_string("TCP6"));
	struct ip_address client, server;
	if (!v6 && !view_equal(kind, view_of_string("TCP4")))
		return false;
	if (!take_address(&line, v6, &client) || !take_address(&line, v6, &server))
		return false;
	/* The last word runs to the end: one space too many is in it, or leaves something. */
	struct view port = take_word(&line);
	if (!is_port(port) || !is_port(line))
		return false;
	*ret = client;
	return true;
}

static int parse_v1(struct view bytes, struct proxy_header *ret)
{
	struct view seen = view_of(bytes.data, bytes.size < V1_MOST ? bytes.size : V1_MOST);
	size_t end = http_find(seen, '\n');
	if (end == seen.size)
		return seen.size == V1_MOST ? PROXY_MALFORMED : PROXY_INCOMPLETE;
	if (seen.data[end - 1] != '\r') /* it begins with PROXY, so there is an octet before */
		return PROXY_MALFORMED;
	struct view line = view_of(seen.data + V1_BEGIN_SIZE, end - 1 - V1_BEGIN_SIZE);
	if (end - 1 < V1_BEGIN_SIZE || !read_line(line, &ret->client))
		return PROXY_MALFORMED;
	ret->size = end + 1;
	return 0;
}

/* ---- version 2 ---- */

/* Type, length, value, until the header ends exactly behind one. Their content is of no interest. */
static bool are_tlvs(struct cursor *c)
{
	while (c->rest.size > 0 && !c->failed) {
		(void)cursor_u8(c);
		(void)cursor_take(c, cursor_u16(c));
	}
	return cursor_end(c) == 0;
}

static bool read_addresses(struct cursor *c, enum ip_family family, size_t size,
			   struct ip_address *ret)
{
	struct view addresses = cursor_take(c, size);
	if (!are_tlvs(c))
		return false;
	*ret = ip_of_octets(family, addresses.data);
	return true;
}

/* What a stream may come over; we are no datagram service. */
static bool read_body(uint8_t command, uint8_t family, struct view body, struct ip_address *ret)
{
	struct cursor c = cursor_of(body);
	*ret = (struct ip_address){0};
	if (command == V2_COMMAND_LOCAL)
		return true; /* whatever follows is to be skipped */
	if (command != V2_COMMAND_PROXY)
		return false;
	switch (family) {
	case V2_UNSPEC:
		return true;
	case V2_TCP4:
		return read_addresses(&c, IP_V4, V2_IPV4_SIZE, ret);
	case V2_TCP6:
		return read_addresses(&c, IP_V6, V2_IPV6_SIZE, ret);
	case V2_UNIX:
		return read_addresses(&c, IP_NONE, V2_UNIX_SIZE, ret);
	default:
		return false;
	}
}

static int parse_v2(struct view bytes, struct proxy_header *ret)
{
	struct cursor c = cursor_of(bytes);
	(void)cursor_take(&c, V2_SIGNATURE_SIZE);
	uint8_t command = cursor_u8(&c), family = cursor_u8(&c);
	size_t size = cursor_u16(&c);
	if (c.failed)
		return PROXY_INCOMPLETE;
	if (V2_FIXED + size > LIMIT_PROXY_HEADER)
		return PROXY_MALFORMED;
	struct view body = cursor_take(&c, size);
	if (c.failed)
		return PROXY_INCOMPLETE;
	if (!read_body(command, family, body, &ret->client))
		return PROXY_MALFORMED;
	ret->size = V2_FIXED + size;
	return 0;
}

/* ---- either ---- */

/* The octets that are there agree with the beginning. */
static bool begins(struct view bytes, const void *beginning, size_t size)
{
	return bytes.size == 0 ||
	       memcmp(bytes.data, beginning, bytes.size < size ? bytes.size : size) == 0;
}

int proxy_header_parse(struct view bytes, struct proxy_header *ret)
{
	struct proxy_header header = {0};
	int result = PROXY_MALFORMED;
	if (begins(bytes, v2_signature, V2_SIGNATURE_SIZE))
		result = bytes.size < V2_FIXED ? PROXY_INCOMPLETE : parse_v2(bytes, &header);
	else if (begins(bytes, V1_BEGIN, V1_BEGIN_SIZE))
		result = bytes.size < V1_BEGIN_SIZE ? PROXY_INCOMPLETE : parse_v1(bytes, &header);
	if (result == 0)
		*ret = header;
	return result;
}

/* ---- X-Forwarded-For ---- */

/* "192.0.2.1:80" and "[2001:db8::1]:80", as some load balancers write them. */
static struct view without_port(struct view text)
{
	if (text.size > 0 && text.data[0] == '[') {
		size_t end = http_find(text, ']');
		struct view after = http_from(text, end < text.size ? end + 1 : end);
		bool whole =
			end < text.size &&
			(after.size == 0 || (after.data[0] == ':' && is_port(http_from(after, 1))));
		return whole ? view_of(text.data + 1, end - 1) : (struct view){0};
	}
	size_t colon = http_find(text, ':');
	struct view after = http_from(text, colon < text.size ? colon + 1 : colon);
	bool single = colon < text.size && http_find(after, ':') == after.size;
	if (!single)
		return text;
	return is_port(after) ? view_of(text.data, colon) : (struct view){0};
}

bool proxy_forwarded_last(struct view *list, struct ip_address *ret)
{
	size_t begin = list->size;
	while (begin > 0 && list->data[begin - 1] != ',')
		begin--;
	struct view last = http_trim(http_from(*list, begin));
	if (ip_parse(without_port(last), ret) < 0)
		return false;
	list->size = begin > 0 ? begin - 1 : 0;
	return true;
}
