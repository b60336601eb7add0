#include "conf/listen.h"

#include "conf/list.h"

#include <arpa/inet.h>

/* The longest: "[" 45 characters "]:65535". */
#define ITEM_MOST 64

static bool port_valid(const char *text)
{
	unsigned port = 0;
	size_t size = strlen(text);
	if (size < 1 || size > 5)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		port = port * 10 + (unsigned)(*text - '0');
	}
	return port >= 1 && port <= 65535;
}

static bool item_valid(struct view item)
{
	char text[ITEM_MOST + 1];
	if (item.size == 0 || item.size > ITEM_MOST)
		return false;
	memcpy(text, item.data, item.size);
	text[item.size] = '\0';
	char *colon = strrchr(text, ':');
	if (!colon || !port_valid(colon + 1))
		return false;
	*colon = '\0';
	struct in6_addr address;
	if (text[0] != '[')
		return inet_pton(AF_INET, text, &address) == 1;
	size_t size = strlen(text);
	if (text[size - 1] != ']')
		return false;
	text[size - 1] = '\0';
	return inet_pton(AF_INET6, text + 1, &address) == 1;
}

int listen_check(const char *text)
{
	struct view items[LIMIT_LISTENERS];
	unsigned count = 0;
	for (struct view item; list_next(&text, &item); count++) {
		if (count == LIMIT_LISTENERS || !item_valid(item))
			return -EINVAL;
		for (unsigned i = 0; i < count; i++)
			if (view_equal(items[i], item))
				return -EINVAL;
		items[count] = item;
	}
	return 0;
}

int listen_store(const char *text, struct conf_listen *listen)
{
	listen_free(listen);
	for (struct view item; list_next(&text, &item) && listen->count < LIMIT_LISTENERS;) {
		char *copy = strndup((const char *)item.data, item.size);
		if (!copy)
			return -ENOMEM;
		listen->each[listen->count++] = copy;
	}
	return 0;
}

void listen_print(const struct conf_listen *listen, struct buffer *out)
{
	if (listen->count == 0)
		buffer_put_string(out, "none");
	for (unsigned i = 0; i < listen->count; i++)
		buffer_printf(out, "%s%s", i > 0 ? ", " : "", listen->each[i]);
}

void listen_free(struct conf_listen *listen)
{
	for (unsigned i = 0; i < listen->count; i++)
		free(listen->each[i]);
	listen->count = 0;
}
