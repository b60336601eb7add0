#include "conf/networks.h"

#include "conf/list.h"

static bool has(const struct conf_networks *networks, const struct ip_network *network)
{
	for (unsigned i = 0; i < networks->count; i++)
		if (ip_network_equal(&networks->each[i], network))
			return true;
	return false;
}

int networks_parse(const char *text, struct conf_networks *ret)
{
	struct conf_networks networks = {0};
	if (strcmp(text, "none") == 0)
		text = NULL;
	for (struct view item; list_next(&text, &item); networks.count++) {
		struct ip_network network;
		if (networks.count == LIMIT_NETWORKS || ip_network_parse(item, &network) < 0 ||
		    has(&networks, &network))
			return -EINVAL;
		networks.each[networks.count] = network;
	}
	*ret = networks;
	return 0;
}

void networks_print(const struct conf_networks *networks, struct buffer *out)
{
	char text[IP_NETWORK_TEXT_SIZE];
	if (networks->count == 0)
		buffer_put_string(out, "none");
	for (unsigned i = 0; i < networks->count; i++) {
		ip_network_print(&networks->each[i], text);
		buffer_printf(out, "%s%s", i > 0 ? ", " : "", text);
	}
}
