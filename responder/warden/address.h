/* Addresses as `listen` has them. */
#pragma once

#include "base/result.h"

#include <sys/socket.h>

/* "127.0.0.1:8080", "[::1]:8080". 0 or -EINVAL. */
must_check int address_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size);
