/* A list of addresses that things are fetched from: "http://crl.example/ca.crl, http://crl.example/delta.crl". */
#pragma once

#include "base/bytes.h"
#include "base/result.h"

/* 0, or -EINVAL: an empty item, no absolute URL of http or https, somebody's password in it, one that is too long
 * (LIMIT_CRL_URL), one twice, more than LIMIT_CRL_URLS. */
must_check int urls_check(const char *text);
/* One of them; without a comma, which would make two of it. */
must_check int url_check(const char *text);
/* "http://HOST:PORT", and nothing behind it: there is no port that everybody takes. */
must_check int url_check_proxy(const char *text);
