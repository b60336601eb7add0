#include "front/client.h"

#include "http/proxy.h"

static bool is_listed(const struct front *front, const struct ip_address *address)
{
	const struct conf_networks *trusted = &front->conf->trusted_proxies;
	for (unsigned i = 0; i < trusted->count; i++)
		if (ip_network_has(&trusted->each[i], address))
			return true;
	return false;
}

bool client_may_ask(struct front *front, const struct moment *now)
{
	const struct ip_address *client = front->client;
	if (is_listed(front, client) || budget_take(front->budget, client, now))
		return true;
	front_log_refusal(front, client, "a client has caused its most signatures", now);
	return false;
}

void client_leave(struct front *front, struct client *client)
{
	addresses_leave(front->addresses, client->counted);
	client->counted = NULL;
}

static int count_as(struct front *front, struct client *client, const struct ip_address *name)
{
	client_leave(front, client);
	client->name = *name;
	return addresses_enter(front->addresses, name, &client->counted);
}

int client_arrive(struct front *front, struct client *client, const struct ip_address *peer)
{
	if (!is_listed(front, peer)) {
		client->proxy = (struct ip_address){0};
		return count_as(front, client, peer);
	}
	client_leave(front, client);
	client->name = client->proxy = *peer;
	return 0;
}

bool client_has_header(const struct front *front, const struct client *client)
{
	return front->conf->proxy_protocol && client->proxy.family != IP_NONE;
}

/* Proxies stand behind one another: one that another one introduces is believed if it is listed. */
int client_introduce(struct front *front, struct client *client, const struct ip_address *name)
{
	return name->family == IP_NONE ? 0 : client_arrive(front, client, name);
}

/* From the right, where the nearest proxy wrote; whatever stands left of the first stranger was
 * written by that stranger. What is no address ends the list too. */
static struct ip_address forwarded(const struct front *front, const struct client *client,
				   struct view list)
{
	struct ip_address name = client->proxy, next;
	while (is_listed(front, &name) && proxy_forwarded_last(&list, &next))
		name = next;
	return name;
}

int client_forward(struct front *front, struct client *client, struct view forwarded_for)
{
	struct ip_address name = forwarded(front, client, forwarded_for);
	if (ip_equal(&name, &client->name) && client->counted)
		return 0;
	if (!is_listed(front, &name))
		return count_as(front, client, &name);
	client_leave(front, client); /* the proxy speaks for itself */
	client->name = name;
	return 0;
}
