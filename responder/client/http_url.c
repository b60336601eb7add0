#include "client/http_exchange.h"

#include <ctype.h>
#include <stdio.h>

static int wrong(const char *text, struct fault *fault, const char *why)
{
	return fault_set(fault, -EINVAL, "%s: %s; give --url http://HOST[:PORT]/PATH", text, why);
}

static bool copy(char *out, size_t size, struct view text)
{
	if (text.size == 0 || text.size >= size)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (!isgraph(text.data[i])) /* also what would end a request line */
			return false;
	memcpy(out, text.data, text.size);
	out[text.size] = '\0';
	return true;
}

static bool is_port(struct view text)
{
	unsigned value = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (!isdigit(text.data[i]) || text.size > 5)
			return false;
		value = value * 10 + text.data[i] - '0';
	}
	return value >= 1 && value <= 65535;
}

/* host, host:port, [v6], [v6]:port */
static bool read_authority(struct view text, struct client_url *ret)
{
	struct view host = text, rest = {0};
	ret->host_is_ipv6 = text.size > 0 && text.data[0] == '[';
	if (ret->host_is_ipv6) {
		const uint8_t *end = memchr(text.data, ']', text.size);
		if (!end)
			return false;
		host = view_of(text.data + 1, (size_t)(end - text.data) - 1);
		rest = view_of(end + 1, text.size - host.size - 2);
	} else {
		const uint8_t *colon = text.size ? memchr(text.data, ':', text.size) : NULL;
		if (colon) {
			host.size = (size_t)(colon - text.data);
			rest = view_of(colon, text.size - host.size);
		}
	}
	memcpy(ret->port, "80", sizeof("80"));
	if (!copy(ret->host, sizeof(ret->host), host) || strpbrk(ret->host, "@\\\"<>"))
		return false;
	if (rest.size == 0)
		return true;
	struct view port = view_of(rest.data + 1, rest.size - 1);
	return rest.data[0] == ':' && is_port(port) && copy(ret->port, sizeof(ret->port), port);
}

int client_url_parse(const char *text, struct client_url *ret, struct fault *fault)
{
	struct client_url url = {0};
	if (strncasecmp(text, "https://", 8) == 0)
		return wrong(text, fault, "OCSP is asked by http, its answers are signed");
	if (strncasecmp(text, "http://", 7) != 0)
		return wrong(text, fault, "not an http URL");
	const char *authority = text + 7;
	size_t size = strcspn(authority, "/?#");
	if (!read_authority(view_of(authority, size), &url))
		return wrong(text, fault, "its host or port is not valid");
	const char *path = authority + size;
	size_t path_size = strcspn(path, "#");
	url.path[0] = '/';
	if (*path == '?' && !copy(url.path + 1, sizeof(url.path) - 1, view_of(path, path_size)))
		return wrong(text, fault, "its path is not valid");
	if (*path == '/' && !copy(url.path, sizeof(url.path), view_of(path, path_size)))
		return wrong(text, fault, "its path is not valid");
	*ret = url;
	return 0;
}
