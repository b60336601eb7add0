/* Where OpenSSL keeps private keys: memory that is never swapped, in no core dump, between pages that nobody may
 * touch, and wiped when a key goes. */
#pragma once

#include <stddef.h>

/* Before the first key is read. `keys`: how many there may be. Where the limit (RLIMIT_MEMLOCK) is too low keys
 * are kept all the same, and a warning says what that means. */
void heap_lock(size_t keys);
