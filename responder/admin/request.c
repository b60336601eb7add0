#include "admin/request.h"

#include "conf/hosts.h"

#include <arpa/inet.h>

/* ---- Host ---- */

static bool is_address(struct view text, int family)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr address;
	if (text.size == 0 || text.size >= sizeof(copy))
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	return inet_pton(family, copy, &address) == 1;
}

/* The parser has seen that it is a host, with a port or without. */
bool admin_host_allowed(const char *names, struct view host)
{
	if (!host.data)
		return true;
	const uint8_t *end =
		host.size ? memchr(host.data, host.data[0] == '[' ? ']' : ':', host.size) : NULL;
	struct view name = view_of(host.data, end ? (size_t)(end - host.data) : host.size);
	if (name.size > 0 && name.data[0] == '[')
		return end && is_address(view_of(name.data + 1, name.size - 1), AF_INET6);
	return is_address(name, AF_INET) || view_equal_nocase(name, view_of_string("localhost")) ||
	       hosts_have(names, name);
}

/* ---- text ---- */

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int admin_decode(struct view text, bool form, struct buffer *out)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t octet = text.data[i];
		if (octet == '%') {
			int high = text.size - i > 2 ? digit_value(text.data[i + 1]) : -1;
			int low = high >= 0 ? digit_value(text.data[i + 2]) : -1;
			if (low < 0)
				return -EINVAL;
			octet = (uint8_t)(high << 4 | low);
			i += 2;
		} else if (octet == '+' && form) {
			octet = ' ';
		}
		buffer_put_u8(out, octet);
	}
	return buffer_result(out) == 0 ? 0 : -EINVAL;
}
