/* A CRL by http, once, for an operator who waits. */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

/* No redirect is followed: the operator may give the other address. `proxy`: "http://HOST:PORT", or NULL. 0, or negative with a fault that begins with
 * the URL. */
must_check int crl_url_fetch(const char *url, const char *proxy, size_t most, struct buffer *out,
			     struct fault *fault);
