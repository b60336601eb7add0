/* The list of listeners: "127.0.0.1:8080, [::1]:8080". */
#pragma once

#include "conf/conf.h"

/* 0, or -EINVAL: an empty item, no numeric address, a port not in 1 … 65535, an item twice, more
 * than LIMIT_LISTENERS. */
must_check int listen_check(const char *text);
/* For text that was checked; NULL: none. 0 or -ENOMEM. */
must_check int listen_store(const char *text, struct conf_listen *listen);
/* "none" where there are none. */
void listen_print(const struct conf_listen *listen, struct buffer *out);
void listen_free(struct conf_listen *listen);
