/* A list of networks: "192.0.2.0/24, 2001:db8::/32, 198.51.100.7", or "none". */
#pragma once

#include "conf/conf.h"

/* 0, or -EINVAL: an empty item, what is no network, an item twice, more than LIMIT_NETWORKS. */
must_check int networks_parse(const char *text, struct conf_networks *ret);
void networks_print(const struct conf_networks *networks, struct buffer *out);
