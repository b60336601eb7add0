/* The conditions of a request whose answer has to wait (P-49): If-None-Match and If-Modified-Since,
 * kept until then. Ordinary requests have none and cost nothing. */
#pragma once

#include "http/request.h"

struct condition;

/* NULL where the request has no condition, one over LIMIT_HTTP_CONDITION, or there is no memory: the
 * whole answer is sent then, which is always right. */
struct condition *condition_keep(const struct http_request *request);
void condition_free(struct condition *condition);
/* A GET with these conditions, or without any for NULL; valid as long as `condition`. */
struct http_request condition_request(const struct condition *condition);
