#include "front/client.h"

#include "http/proxy.h"

static bool is_listed(const struct edge *edge, const struct ip_address *address)
{
	const struct conf_networks *trusted = &edge->conf->trusted_proxies;
	for (unsigned i = 0; i < trusted->count; i++)
		if (ip_network_has(&trusted->each[i], address))
			return true;
	return false;
}

void client_leave(struct edge *edge, struct client *client)
{
	addresses_leave(edge->addresses, client->counted);
	client->counted = NULL;
}

static int count_as(struct edge *edge, struct client *client, const struct ip_address *name)
{
	client_leave(edge, client);
	client->name = *name;
	return addresses_enter(edge->addresses, name, &client->counted);
}

int client_arrive(struct edge *edge, struct client *client, const struct ip_address *peer)
{
	if (!is_listed(edge, peer)) {
		client->proxy = (struct ip_address){0};
		return count_as(edge, client, peer);
	}
	client_leave(edge, client);
	client->name = client->proxy = *peer;
	return 0;
}

bool client_has_header(const struct edge *edge, const struct client *client)
{
	return edge->conf->proxy_protocol && client->proxy.family != IP_NONE;
}

/* Proxies stand behind one another: one that another one introduces is believed if it is listed. */
int client_introduce(struct edge *edge, struct client *client, const struct ip_address *name)
{
	return name->family == IP_NONE ? 0 : client_arrive(edge, client, name);
}

/* From the right, where the nearest proxy wrote; whatever stands left of the first stranger was
 * written by that stranger. What is no address ends the list too. */
static struct ip_address forwarded(const struct edge *edge, const struct client *client,
				   struct view list)
{
	struct ip_address name = client->proxy, next;
	while (is_listed(edge, &name) && proxy_forwarded_last(&list, &next))
		name = next;
	return name;
}

int client_forward(struct edge *edge, struct client *client, struct view forwarded_for)
{
	struct ip_address name = forwarded(edge, client, forwarded_for);
	if (ip_equal(&name, &client->name) && client->counted)
		return 0;
	if (!is_listed(edge, &name))
		return count_as(edge, client, &name);
	client_leave(edge, client); /* the proxy speaks for itself */
	client->name = name;
	return 0;
}
