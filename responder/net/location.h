/* Where a redirect leads (RFC 9110, 10.2.2; RFC 3986, 5). */
#pragma once

#include "base/result.h"

#include <stdbool.h>

#define LOCATION_URL 1024

struct location {
	char url[LOCATION_URL]; /* absolute */
	char host[256]; /* in lower case; an IPv6 address in brackets */
	bool secure; /* https */
};

/* `reference` as it stands at `base`, which is absolute. 0, -EINVAL (no URL of http or https, somebody's password
 * in it, too long) or -ENOMEM. After curl_load(). */
must_check int location_read(const char *base, const char *reference, struct location *ret);
