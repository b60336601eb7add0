#include "warden/address.h"

#include <netdb.h>

/* "[", an IPv6 address with a zone, "]". */
#define HOST_SIZE 80

static int split_host(const char *text, const char *colon, char host[HOST_SIZE])
{
	size_t size = (size_t)(colon - text);
	if (size >= 2 && text[0] == '[' && colon[-1] == ']')
		text++, size -= 2;
	else if (memchr(text, ':', size))
		return -EINVAL; /* IPv6 needs its brackets, or the port could not be told */
	if (size == 0 || size >= HOST_SIZE)
		return -EINVAL;
	memcpy(host, text, size);
	host[size] = '\0';
	return 0;
}

int address_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size)
{
	char host[HOST_SIZE];
	const char *colon = strrchr(text, ':');
	if (!colon || !colon[1] || split_host(text, colon, host) < 0)
		return -EINVAL;
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return -EINVAL;
	memcpy(ret, found->ai_addr, found->ai_addrlen);
	*ret_size = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}
