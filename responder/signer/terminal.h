/* Asking a person for a passphrase. */
#pragma once

#include "base/result.h"

#include <stddef.h>

/* On the process's terminal, whatever its standard streams are, without showing what is typed. 0, or
 * -ENOTTY: there is none, or nobody types anything. */
must_check int terminal_ask(const char *what, char *ret, size_t size);
